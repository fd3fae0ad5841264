//! How many tests a runner says passed and failed: nextest, cargo test, vitest and node print it each in its way.

/// Tests that passed and that failed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
}

impl Counts {
    /// What one line of a runner's output adds; zero for every line that is no summary.
    pub fn of_line(line: &str) -> Self {
        let line = without_colours(line);
        let line = line.trim();
        let (passed, failed) = if line.starts_with("Summary [")
            || line.starts_with("test result:")
            || line.starts_with("Tests  ")
        {
            ("passed", "failed")
        } else {
            return Self::of_node_line(line);
        };
        Self { passed: number_before(line, passed), failed: number_before(line, failed) }
    }

    /// Node's reporters: `ℹ pass 4` and `ℹ fail 0`, or `# pass 4` without a terminal.
    fn of_node_line(line: &str) -> Self {
        let mut words = line.split_whitespace();
        if !matches!(words.next(), Some("ℹ" | "#")) {
            return Self::default();
        }
        match (words.next(), words.next().and_then(|word| word.parse().ok()), words.next()) {
            (Some("pass"), Some(passed), None) => Self { passed, failed: 0 },
            (Some("fail"), Some(failed), None) => Self { passed: 0, failed },
            _ => Self::default(),
        }
    }
}

impl std::ops::Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

/// The number that stands right before a word, as in `3 passed`; 0 where there is none.
fn number_before(line: &str, word: &str) -> u64 {
    let words: Vec<_> =
        line.split(|c: char| c.is_whitespace() || ";,()".contains(c)).filter(|w| !w.is_empty()).collect();
    words.windows(2).find(|pair| pair[1] == word).and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c == '\x1b' {
            rest.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> (u64, u64) {
        let counts = Counts::of_line(line);
        (counts.passed, counts.failed)
    }

    #[test]
    fn reads_every_runner() {
        assert_eq!(
            of("     Summary [   0.523s] 10 tests run: 8 passed (1 slow), 2 failed, 3 skipped"),
            (8, 2)
        );
        assert_eq!(of("     Summary [   0.523s] 1 test run: 1 passed, 0 skipped"), (1, 0));
        assert_eq!(of("test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured"), (3, 1));
        assert_eq!(of("      Tests  1 failed | 11 passed (12)"), (11, 1));
        assert_eq!(of(" Test Files  2 passed (2)"), (0, 0));
        assert_eq!(of("ℹ pass 4"), (4, 0));
        assert_eq!(of("# fail 2"), (0, 2));
        assert_eq!(of("ℹ tests 6"), (0, 0));
    }

    #[test]
    fn sees_through_colours() {
        assert_eq!(of("\x1b[2m      Tests \x1b[22m \x1b[1m\x1b[32m12 passed\x1b[39m\x1b[22m (12)"), (12, 0));
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(of("3 passed the gate; 1 failed"), (0, 0));
    }
}
