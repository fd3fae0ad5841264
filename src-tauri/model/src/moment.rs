//! Moments as people write them in files: `2027-01-31`, `2027-01-31T18:00:00Z`.

const DAY_MS: i64 = 86_400_000;

/// Reads a day, which begins at midnight UTC, or a time of RFC 3339 in UTC (`Z`) to the second. Gives epoch
/// milliseconds, or says what it expected.
pub fn parse_moment(text: &str) -> Result<i64, String> {
    let expected = || format!("`{text}` is no date; write 2027-01-31 or 2027-01-31T18:00:00Z");
    let (date, time) = match text.trim().split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, time.strip_suffix(['Z', 'z']).ok_or_else(expected)?),
        None => (text.trim(), "00:00:00"),
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2]).ok_or_else(expected)?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2]).ok_or_else(expected)?;
    let is_time = hour < 24 && minute < 60 && second < 60;
    if !is_time
        || !(1970..=9999).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=days_of(month, year)).contains(&day)
    {
        return Err(expected());
    }
    Ok(days_since_1970(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1_000)
}

/// Three numbers of these many digits.
fn numbers(text: &str, between: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(between);
    let mut number = |digits: usize| {
        let part = parts.next().filter(|part| part.len() == digits)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let all = [number(digits[0])?, number(digits[1])?, number(digits[2])?];
    parts.next().is_none().then_some(all)
}

fn days_of(month: i64, year: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Howard Hinnant's `days_from_civil`, for years after Christ.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_days_and_times() {
        assert_eq!(parse_moment("1970-01-01"), Ok(0));
        assert_eq!(parse_moment("2000-02-29"), Ok(951_782_400_000));
        assert_eq!(parse_moment("2026-11-23T12:00:00Z"), Ok(1_795_435_200_000));
        assert_eq!(parse_moment(" 2026-11-23t12:00:01z "), Ok(1_795_435_201_000));
        assert_eq!(parse_moment("9999-12-31T23:59:59Z"), Ok(253_402_300_799_000));
    }

    #[test]
    fn says_what_is_no_date() {
        for text in [
            "",
            "tomorrow",
            "2026-2-3",
            "2026-02-29",
            "2026-13-01",
            "2026-00-01",
            "1969-12-31",
            "2026-11-23T12:00:00",
            "2026-11-23T24:00:00Z",
            "2026-11-23T12:00Z",
            "2026-11-23-01",
            "+026-11-23",
            "2026-11-23T12:00:00+01:00",
        ] {
            assert!(parse_moment(text).is_err_and(|error| error.contains("write 2027-01-31")), "{text}");
        }
    }
}
