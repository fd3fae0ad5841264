//! Takes a body apart by what it is said to be, and by what it looks like where that says nothing.

use super::detector::Detector;
use super::looker::{Looked, Part};
use super::{form, json, multipart, xml};

/// What is done with the contents of bodies and of their parts.
pub(super) struct Contents<'d> {
    pub(super) detector: &'d Detector,
    /// Looks into files of multipart bodies too.
    pub(super) reads_files: bool,
}

impl Contents<'_> {
    /// Looks at every value of a body.
    pub(super) fn look_at_body(&self, body: &[u8], content_type: &str) -> Looked {
        match multipart::boundary(content_type) {
            Some(boundary) if media_type(content_type).starts_with("multipart/") => {
                multipart::look(self, body, boundary)
            }
            _ => self.look(body, content_type, ""),
        }
    }

    /// Looks at every value of a body that has no parts, or of the part called `name`.
    pub(super) fn look(&self, content: &[u8], content_type: &str, name: &str) -> Looked {
        let text = without_zeros(content);
        let content = text.as_deref().unwrap_or(content);
        let kind = media_type(content_type);
        let starts = content.trim_ascii_start().first();
        if kind == "application/x-www-form-urlencoded" {
            form::look(self.detector, content, Part::Body)
        } else if matches!(starts, Some(b'{' | b'[')) || is_json(&kind) {
            // Whatever it is said to be: whoever reads it may go by its first byte.
            json::look(self.detector, content)
        } else if content.starts_with(b"<?xml") || is_xml(&kind) {
            xml::look(self.detector, content)
        } else if is_binary(&kind) {
            Ok(())
        } else {
            self.detector.look(content, Part::Body, name)
        }
    }
}

fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// UTF-16 as plain bytes: its zeros hide every word. None for other texts.
fn without_zeros(content: &[u8]) -> Option<Vec<u8>> {
    let is_wide = match content {
        [0xfe, 0xff, ..] | [0xff, 0xfe, ..] => true,
        [0, first, ..] | [first, 0, ..] => matches!(first, b'<' | b'{' | b'[' | b'"'),
        _ => false,
    };
    is_wide.then(|| {
        let marks = if matches!(content[0], 0xfe | 0xff) { 2 } else { 0 };
        content[marks..].iter().copied().filter(|byte| *byte != 0).collect()
    })
}

fn is_json(kind: &str) -> bool {
    kind.ends_with("/json")
        || kind.ends_with("+json")
        || kind.ends_with("json-seq")
        || kind.ends_with("ndjson")
}

fn is_xml(kind: &str) -> bool {
    kind.ends_with("/xml") || kind.ends_with("+xml")
}

/// What is no text, unless it looks like some.
fn is_binary(kind: &str) -> bool {
    kind.starts_with("image/")
        || kind.starts_with("audio/")
        || kind.starts_with("video/")
        || kind.starts_with("font/")
        || matches!(
            kind,
            "application/octet-stream"
                | "application/pdf"
                | "application/zip"
                | "application/gzip"
                | "application/x-tar"
                | "application/protobuf"
                | "application/x-protobuf"
                | "application/cbor"
                | "application/msgpack"
                | "application/wasm"
        )
}
