//! How much work a PKCS#12 file asks for before it opens. What derives a key from a password is written beside its salt
//! as a number of rounds, in whatever scheme: PBKDF2 (RFC 8018, A.2), PBES1 (A.3), scrypt (RFC 7914, 7) and the file's own
//! MAC (RFC 7292, 4) all are a salt (OCTET STRING) and the numbers (INTEGER) behind it.
//!
//! What is itself encrypted cannot be seen from outside. It is bounded by the file's size, and by what the reader takes of
//! any one part (1,000,000 rounds).

/// Deepest nesting of a file; those that are met have ten levels.
const MAX_DEPTH: usize = 32;

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
const CONSTRUCTED: u8 = 0x20;

/// The sum of all rounds that can be seen in a file in DER; none where it nests too deep. What is not DER ends the count:
/// nobody reads beyond it either.
pub fn rounds_of(der: &[u8]) -> Option<u64> {
    rounds_within(der, MAX_DEPTH)
}

fn rounds_within(der: &[u8], depth: usize) -> Option<u64> {
    let depth = depth.checked_sub(1)?;
    let mut sum: u64 = 0;
    // Of a salt and the numbers behind it: scrypt's are factors, PBKDF2's second one is a length.
    let mut numbers: Option<Vec<u64>> = None;
    let mut rest = der;
    while let Some((tag, content, after)) = next(rest) {
        rest = after;
        match (tag, &mut numbers) {
            (INTEGER, Some(numbers)) => numbers.push(number(content)),
            (INTEGER, None) => {}
            _ => sum = sum.saturating_add(work(&numbers.take().unwrap_or_default())),
        }
        if tag == OCTET_STRING {
            numbers = Some(Vec::new());
        }
        let is_wrapped = tag == OCTET_STRING && content.first() == Some(&SEQUENCE);
        if tag & CONSTRUCTED != 0 || is_wrapped {
            sum = sum.saturating_add(rounds_within(content, depth)?);
        }
    }
    Some(sum.saturating_add(work(&numbers.unwrap_or_default())))
}

fn work(numbers: &[u64]) -> u64 {
    match numbers {
        [] => 0,
        [rounds] | [rounds, _] => *rounds,
        factors => factors.iter().fold(1, |product: u64, factor| product.saturating_mul(*factor)),
    }
}

/// The first element: its tag, its content and what follows it.
fn next(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (length, rest) = match short {
        0..0x80 => (usize::from(short), rest),
        _ => {
            let (bytes, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
            (usize::try_from(number(bytes)).ok()?, rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// As unsigned; what is larger than any number of rounds is the largest.
fn number(bytes: &[u8]) -> u64 {
    let significant = bytes.iter().skip_while(|byte| **byte == 0);
    significant.fold(0, |number: u64, byte| number.saturating_mul(256).saturating_add(u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let mut der = vec![tag];
        match u8::try_from(content.len()) {
            Ok(short @ 0..0x80) => der.push(short),
            _ => der.extend([0x82, (content.len() >> 8) as u8, content.len() as u8]),
        }
        der.extend(content);
        der
    }

    fn integer(number: u32) -> Vec<u8> {
        element(INTEGER, &[&[0], &number.to_be_bytes()])
    }

    fn salted(numbers: &[u32]) -> Vec<u8> {
        let numbers: Vec<u8> = numbers.iter().flat_map(|number| integer(*number)).collect();
        element(SEQUENCE, &[&element(OCTET_STRING, &[b"saltsalt"]), &numbers])
    }

    #[test]
    fn sums_the_rounds_of_every_part() {
        assert_eq!(rounds_of(&salted(&[2_048])), Some(2_048));
        assert_eq!(rounds_of(&salted(&[u32::MAX])), Some(u64::from(u32::MAX)));
        assert_eq!(rounds_of(&salted(&[600_000, 32])), Some(600_000), "the second one is the key's length");
        assert_eq!(rounds_of(&salted(&[16_384, 8, 2])), Some(16_384 * 16), "scrypt's are factors");
        let wrapped = element(OCTET_STRING, &[&salted(&[1_000])]);
        let both = element(SEQUENCE, &[&integer(3), &wrapped, &element(0xa0, &[&salted(&[500])])]);
        assert_eq!(rounds_of(&both), Some(1_500));
        assert_eq!(rounds_of(&[both.clone(), both].concat()), Some(3_000));
    }

    #[test]
    fn numbers_beyond_all_bounds_are_the_largest() {
        let many = element(INTEGER, &[&[0x7f; 20]]);
        let salted = element(SEQUENCE, &[&element(OCTET_STRING, &[b"salt"]), &many]);
        assert_eq!(rounds_of(&[salted.clone(), salted].concat()), Some(u64::MAX));
    }

    #[test]
    fn what_nests_too_deep_is_not_followed() {
        let nested = |levels| (0..levels).fold(Vec::new(), |inner, _| element(SEQUENCE, &[&inner]));
        assert_eq!(rounds_of(&nested(20)), Some(0));
        assert_eq!(rounds_of(&nested(1_000)), None);
    }

    #[test]
    fn what_breaks_off_asks_for_nothing_more() {
        let der = salted(&[7]);
        for length in 0..der.len() {
            assert_eq!(rounds_of(&der[..length]), Some(0));
        }
        assert_eq!(rounds_of(&[0x30, 0xff]), Some(0));
    }
}
