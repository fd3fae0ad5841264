//! What holds for every text: what is read is written back with the same meaning, and nothing makes a reader panic.

use gatepost_model::{
    BasePath, HashOn, HeaderRule, Host, Millis, RoutePath, Slug, StatusRanges, UpstreamUrl, parse_duration,
};
use proptest::prelude::*;

/// Texts near what people write, so that readers get past their first byte.
fn near(alphabet: &'static str) -> impl Strategy<Value = String> {
    proptest::collection::vec(prop::sample::select(alphabet.chars().collect::<Vec<_>>()), 0..40)
        .prop_map(String::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn a_duration_is_read_as_it_was_written(ms: u64) {
        prop_assert_eq!(parse_duration(&Millis(ms).to_string()), Ok(Millis(ms)));
    }

    #[test]
    fn a_duration_that_is_read_keeps_its_length(text in near("0123456789 msdh.-")) {
        if let Ok(duration) = parse_duration(&text) {
            prop_assert_eq!(parse_duration(&duration.to_string()), Ok(duration));
        }
    }

    #[test]
    fn statuses_are_the_same_when_read_again(text in near("0123456789-, "), status in 0_u16..700) {
        if let Ok(ranges) = StatusRanges::parse(&text) {
            let again = StatusRanges::parse(&ranges.to_string()).expect("its own text");
            prop_assert_eq!(&again, &ranges);
            prop_assert!(!ranges.contains(status) || (100..=599).contains(&status));
        }
    }

    #[test]
    fn a_range_has_its_ends_and_nothing_beyond(first in 100_u16..=599, more in 0_u16..500) {
        let last = (first + more).min(599);
        let ranges = StatusRanges::parse(&format!("{first}-{last}")).expect("a range");
        for status in 0..=700 {
            prop_assert_eq!(ranges.contains(status), (first..=last).contains(&status));
        }
    }

    #[test]
    fn what_a_hash_is_made_of_is_read_as_it_was_written(text in near("headrcookilnt_s:-X ü")) {
        if let Ok(hash_on) = HashOn::parse(&text) {
            prop_assert_eq!(HashOn::parse(&hash_on.to_string()), Ok(hash_on));
        }
    }

    #[test]
    fn every_name_has_a_slug(name: String) {
        let slug = Slug::of_name(&name);
        prop_assert_eq!(Slug::parse(slug.as_str()), Ok(slug));
    }

    #[test]
    fn a_base_path_is_plain_and_settled(text in near("/ab.%2e;\\?#~-_ü")) {
        if let Ok(base_path) = BasePath::parse(&text) {
            let path = base_path.as_str();
            prop_assert!(path.starts_with('/') && path.is_ascii() && !path.contains(['%', '?', '#', '\\']));
            prop_assert!(path == "/" || path[1..].split('/').all(|part| !matches!(part, "" | "." | "..")));
            prop_assert_eq!(BasePath::parse(path), Ok(base_path.clone()));
        }
    }

    #[test]
    fn a_host_is_read_as_it_was_written(text in near("aZ09.-_:[]*@/ ")) {
        if let Ok(host) = Host::parse(&text) {
            prop_assert_eq!(Host::parse(host.as_str()), Ok(host.clone()));
            prop_assert!(!host.as_str().bytes().any(|byte| byte.is_ascii_uppercase()));
        }
    }

    #[test]
    fn an_upstream_is_read_as_it_was_written(rest in near("abZ019.:/-_[]@?#%2eü ")) {
        if let Ok(url) = UpstreamUrl::parse(&format!("http://{rest}")) {
            prop_assert!(!url.host().is_empty());
            prop_assert!(!url.path_prefix().contains(['?', '#', ' ']), "{}", url.path_prefix());
            let again = UpstreamUrl::parse(&url.to_string()).expect("its own text");
            prop_assert_eq!(again, url);
        }
    }

    #[test]
    fn a_pattern_never_breaks_on_a_path(pattern in near("/ab()[]*+?.|^$\\"), path in near("/ab.é")) {
        if let Ok(route) = RoutePath::parse(&pattern) {
            prop_assert_eq!(route.matches(&path), route.tail_of(&path).is_some());
        }
        let _ = HeaderRule::parse("x", &pattern).map(|rule| rule.matches(&path));
    }
}
