//! Heads and bodies to bytes. The engine alone writes how long a body is; what headers say of it is left out.

use std::io::Write as _;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Method, StatusCode, Uri, Version};

use super::io::Io;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoder {
    /// This many bytes, no fewer and no more.
    Exactly(u64),
    /// In chunks, the last of which is empty.
    Chunked,
    /// Until the connection closes.
    UntilClose,
    /// Not at all, though there may be one: the answer to HEAD, 204, 304.
    Unsent,
}

/// A body that is not as long as was announced.
#[derive(Debug)]
pub(crate) struct WrongLength;

impl Encoder {
    /// Writes `data` to `io`, in which nothing large waits.
    pub(crate) fn data(&mut self, data: Bytes, io: &mut Io) -> Result<(), WrongLength> {
        if data.is_empty() {
            return Ok(());
        }
        match self {
            Self::Exactly(left) => {
                *left = left.checked_sub(data.len() as u64).ok_or(WrongLength)?;
                io.queue(data, b"");
            }
            Self::Chunked => {
                hex(data.len(), io.output());
                io.queue(data, b"\r\n");
            }
            Self::UntilClose => io.queue(data, b""),
            Self::Unsent => {}
        }
        Ok(())
    }

    /// Writes the end of the body to `io`, in which nothing large waits.
    pub(crate) fn end(&mut self, trailers: Option<&HeaderMap>, io: &mut Io) -> Result<(), WrongLength> {
        match self {
            Self::Exactly(0) | Self::UntilClose | Self::Unsent => Ok(()),
            Self::Exactly(_) => Err(WrongLength),
            Self::Chunked => {
                let output = io.output();
                output.extend_from_slice(b"0\r\n");
                if let Some(trailers) = trailers {
                    fields(trailers, output);
                }
                output.extend_from_slice(b"\r\n");
                *self = Self::Exactly(0);
                Ok(())
            }
        }
    }

    /// The header that announces the body.
    pub(crate) fn announce(self, output: &mut Vec<u8>) {
        match self {
            Self::Exactly(length) => {
                output.extend_from_slice(b"content-length: ");
                decimal(length, output);
                output.extend_from_slice(b"\r\n");
            }
            Self::Chunked => output.extend_from_slice(b"transfer-encoding: chunked\r\n"),
            Self::UntilClose | Self::Unsent => {}
        }
    }
}

/// A request's first line, its target in origin form.
pub(crate) fn request_line(method: &Method, uri: &Uri, output: &mut Vec<u8>) {
    output.extend_from_slice(method.as_str().as_bytes());
    output.push(b' ');
    output.extend_from_slice(uri.path_and_query().map_or("/", |path| path.as_str()).as_bytes());
    output.extend_from_slice(b" HTTP/1.1\r\n");
}

/// An answer's first line.
pub(crate) fn status_line(version: Version, status: StatusCode, output: &mut Vec<u8>) {
    let version: &[u8] = if version == Version::HTTP_10 { b"HTTP/1.0 " } else { b"HTTP/1.1 " };
    output.extend_from_slice(version);
    output.extend_from_slice(status.as_str().as_bytes());
    output.push(b' ');
    output.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    output.extend_from_slice(b"\r\n");
}

/// An answer's headers and how long its body is; the empty line is left to the caller. The length that an unsent body
/// would have stays as it is.
pub(crate) fn answer_fields(headers: &HeaderMap, body: Encoder, output: &mut Vec<u8>) {
    if body == Encoder::Unsent {
        fields(headers, output);
    } else {
        unframed_fields(headers, output);
        body.announce(output);
    }
}

/// Header fields, a line each.
pub(crate) fn fields(headers: &HeaderMap, output: &mut Vec<u8>) {
    for (name, value) in headers {
        field(name.as_str(), value.as_bytes(), output);
    }
}

/// Header fields but for those that say how long the body is.
pub(crate) fn unframed_fields(headers: &HeaderMap, output: &mut Vec<u8>) {
    for (name, value) in headers {
        if *name != CONTENT_LENGTH && *name != TRANSFER_ENCODING {
            field(name.as_str(), value.as_bytes(), output);
        }
    }
}

/// One header field.
pub(crate) fn field(name: &str, value: &[u8], output: &mut Vec<u8>) {
    output.reserve(name.len() + value.len() + 4);
    output.extend_from_slice(name.as_bytes());
    output.extend_from_slice(b": ");
    output.extend_from_slice(value);
    output.extend_from_slice(b"\r\n");
}

/// Digits from the last to the first, since formatting costs more than all of a head's other bytes.
fn decimal(mut number: u64, output: &mut Vec<u8>) {
    const MOST_DIGITS: usize = 20;
    let mut digits = [0; MOST_DIGITS];
    let mut at = MOST_DIGITS;
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    output.extend_from_slice(&digits[at..]);
}

fn hex(size: usize, output: &mut Vec<u8>) {
    // Writing to memory cannot fail.
    let _ = write!(output, "{size:x}\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_numbers() {
        for number in [0, 9, 10, 1_024, u64::MAX] {
            let mut output = Vec::new();
            decimal(number, &mut output);
            assert_eq!(String::from_utf8(output).expect("digits"), number.to_string());
        }
    }
}
