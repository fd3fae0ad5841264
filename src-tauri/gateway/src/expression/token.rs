//! Cuts an expression into tokens.

/// The smallest part that means something.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    /// A name or a word such as `and`.
    Name(&'t str),
    /// A quoted text, escapes resolved.
    Text(String),
    /// Digits, with a point and more digits when it is no whole number.
    Number(&'t str),
    /// Punctuation.
    Sign(&'static str),
    /// Nothing is left.
    End,
}

/// Longer signs before those they begin with.
const SIGNS: [&str; 25] = [
    "++", "==", "!=", ">=", "<=", "&&", "||", "!", "(", ")", "[", "]", ",", ".", ":", "?", "+", "-", "*",
    "/", "%", "<", ">", "{", "}",
];

/// The first token of `text` and how many bytes it takes, white space before it included.
pub(super) fn next_token(text: &str) -> Result<(Token<'_>, usize), String> {
    let rest = text.trim_start();
    let skipped = text.len() - rest.len();
    let Some(first) = rest.chars().next() else { return Ok((Token::End, skipped)) };
    let (token, length) = if first == '\'' || first == '"' {
        quoted(rest, first)?
    } else if first.is_ascii_digit() {
        let end = end_of_number(rest);
        (Token::Number(&rest[..end]), end)
    } else if first.is_ascii_alphabetic() || first == '_' {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        (Token::Name(&rest[..end]), end)
    } else {
        let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
        let sign = sign.ok_or_else(|| format!("`{first}` has no meaning here"))?;
        (Token::Sign(sign), sign.len())
    };
    Ok((token, skipped + length))
}

fn end_of_number(text: &str) -> usize {
    let digits = |from: usize| {
        text[from..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |length| from + length)
    };
    let whole = digits(0);
    let fraction =
        text[whole..].strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if fraction { digits(whole + 1) } else { whole }
}

fn quoted(text: &str, quote: char) -> Result<(Token<'_>, usize), String> {
    let mut read = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Ok((Token::Text(read), at + 1)),
            '\\' => match chars.next() {
                Some((_, 'n')) => read.push('\n'),
                Some((_, 'r')) => read.push('\r'),
                Some((_, 't')) => read.push('\t'),
                Some((_, c @ ('\\' | '\'' | '"' | '$'))) => read.push(c),
                _ => return Err("after `\\` comes one of n r t \\ ' \" $".into()),
            },
            c => read.push(c),
        }
    }
    Err(format!("a text that begins with {quote} has no {quote} at its end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(mut text: &str) -> Result<Vec<Token<'_>>, String> {
        let mut found = Vec::new();
        loop {
            match next_token(text)? {
                (Token::End, _) => return Ok(found),
                (token, length) => {
                    found.push(token);
                    text = &text[length..];
                }
            }
        }
    }

    #[test]
    fn tells_names_numbers_texts_and_signs_apart() {
        use Token::{Name, Number, Sign, Text};
        assert_eq!(
            tokens("a_1 ++'it\\'s' >=1.5[0]"),
            Ok(vec![
                Name("a_1"),
                Sign("++"),
                Text("it's".into()),
                Sign(">="),
                Number("1.5"),
                Sign("["),
                Number("0"),
                Sign("]")
            ])
        );
    }

    #[test]
    fn refuses_what_has_no_meaning() {
        for text in ["'open", "a # b", "'\\x'", "a ; b", "\u{e9}"] {
            assert!(tokens(text).is_err(), "{text}");
        }
    }
}
