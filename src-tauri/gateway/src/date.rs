//! The `Date` header (RFC 9110, 6.6.1), put together once a second.

use std::cell::{Cell, RefCell, RefMut};
use std::fmt::Write as _;
use std::time::SystemTime;

use http::HeaderValue;

const NAME: &str = "date: ";

/// One worker's last `Date`.
#[derive(Default)]
pub(crate) struct Date {
    second: Cell<u64>,
    line: RefCell<String>,
}

impl Date {
    /// Writes the header's line for the current time.
    pub(crate) fn write(&self, output: &mut Vec<u8>) {
        output.extend_from_slice(self.line().as_bytes());
    }

    /// The header's value.
    pub(crate) fn value(&self) -> Option<HeaderValue> {
        let line = self.line();
        let value = line.strip_prefix(NAME)?.trim_end();
        HeaderValue::from_str(value).ok()
    }

    fn line(&self) -> RefMut<'_, String> {
        let now = SystemTime::now();
        let second = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut line = self.line.borrow_mut();
        if line.is_empty() || self.second.replace(second) != second {
            line.clear();
            // Writing to memory cannot fail.
            let _ = write!(line, "{NAME}{}\r\n", httpdate::HttpDate::from(now));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_the_time_as_http_wants_it() {
        let (date, mut output) = (Date::default(), Vec::new());
        date.write(&mut output);
        let line = String::from_utf8(output).expect("text");
        let said = line.strip_prefix("date: ").and_then(|line| line.strip_suffix("\r\n")).expect("a line");
        let said = httpdate::parse_http_date(said).expect("a date");
        assert!(said.elapsed().expect("past").as_secs() < 60);
    }
}
