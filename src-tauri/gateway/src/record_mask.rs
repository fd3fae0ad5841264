//! What policies hide of what is recorded of a call: values of headers and of the query, before anybody keeps them.

use std::sync::Arc;

use gatepost_model::{CallDetail, HeaderBlock};

use crate::Context;

/// Hides values. Each method gives what is kept instead; none keeps the value.
pub trait RecordMask: Send + Sync {
    /// The value of a header or trailer of request or response; names are lowercase.
    fn header(&self, name: &str, value: &str) -> Option<String>;
    /// A parameter of the query, both parts as they were sent: encoded.
    fn parameter(&self, name: &str, value: &str) -> Option<String>;
    /// A segment of the path, as it was sent.
    fn segment(&self, segment: &str) -> Option<String>;
}

/// Those of one call. What policies in shadow leave is not heeded, as with everything they keep.
#[derive(Clone, Default)]
pub(crate) struct RecordMasks(Vec<Arc<dyn RecordMask>>);

impl Context {
    /// Hides values of what is recorded of this call, however it ends.
    pub fn mask_record(&mut self, mask: Arc<dyn RecordMask>) {
        self.kept.get_or_insert_default::<RecordMasks>().0.push(mask);
    }
}

impl RecordMasks {
    /// Puts what the masks give in place.
    pub(crate) fn hide_in(&self, detail: &mut CallDetail) {
        for mask in &self.0 {
            hide_in_target(&mut detail.target, &**mask);
            for block in
                [&mut detail.request_headers, &mut detail.response_headers, &mut detail.response_trailers]
            {
                hide_in_headers(block, &**mask);
            }
        }
    }
}

fn hide_in_headers(block: &mut HeaderBlock, mask: &dyn RecordMask) {
    let mut headers = block.to_vec();
    let mut is_hidden = false;
    for (name, value) in &mut headers {
        if let Some(other) = mask.header(name, value) {
            *value = other;
            is_hidden = true;
        }
    }
    if is_hidden {
        block.refill(headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
    }
}

fn hide_in_target(target: &mut String, mask: &dyn RecordMask) {
    let (path, query) = target.split_once('?').map_or((&**target, None), |(path, query)| (path, Some(query)));
    let path: Vec<String> =
        path.split('/').map(|segment| mask.segment(segment).unwrap_or_else(|| segment.to_owned())).collect();
    let parameter = |pair: &str| match pair.split_once('=') {
        Some((name, value)) => match mask.parameter(name, value) {
            Some(other) => format!("{name}={other}"),
            None => pair.to_owned(),
        },
        None => pair.to_owned(),
    };
    let mut hidden = path.join("/");
    if let Some(query) = query {
        let query: Vec<String> = query.split('&').map(parameter).collect();
        hidden.push('?');
        hidden.push_str(&query.join("&"));
    }
    *target = hidden;
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Hides;

    impl RecordMask for Hides {
        fn header(&self, name: &str, _: &str) -> Option<String> {
            (name == "x-user").then(|| "***".into())
        }

        fn parameter(&self, name: &str, _: &str) -> Option<String> {
            (name == "email").then(|| "***".into())
        }

        fn segment(&self, segment: &str) -> Option<String> {
            segment.contains('@').then(|| "***".into())
        }
    }

    #[test]
    fn hides_in_the_path_and_the_query_and_leaves_the_rest() {
        for (before, after) in [
            ("/a/jo@x.example/b?x=1&email=jo&email&y", "/a/***/b?x=1&email=***&email&y"),
            ("/a", "/a"),
            ("/?", "/?"),
        ] {
            let mut target = before.to_owned();
            hide_in_target(&mut target, &Hides);
            assert_eq!(target, after);
        }
    }

    #[test]
    fn hides_values_of_headers_and_keeps_their_order() {
        let headers = [("a", b"1".as_slice()), ("x-user", b"jo"), ("b", b"2")];
        let mut block = HeaderBlock::capture(headers.into_iter());
        hide_in_headers(&mut block, &Hides);
        let shown: Vec<_> =
            block.to_vec().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(shown, ["a=1", "x-user=***", "b=2"]);
    }
}
