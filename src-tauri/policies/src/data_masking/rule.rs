//! One rule: which values, found how, and what becomes of them.

use std::collections::HashSet;
use std::sync::Arc;

use gatepost_model::Faults;
use http::{HeaderMap, HeaderName, HeaderValue};
use regex::{Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::masking::kinds::Kind;
use crate::masking::method::{Masked, Method, key};
use crate::masking::{Place, Places, Rewrite};

/// Room for a compiled pattern, in bytes.
const MAX_PATTERN: usize = 1024 * 1024;
/// Shortest key, in bytes.
const MIN_KEY: usize = 16;

/// What is masked, and how.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct MaskRule {
    /// Values of bodies: JSONPath for JSON and forms, paths for XML.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 500)), example = ["$.customer.email"])]
    fields: Vec<String>,
    /// Headers by name, of messages and of what is recorded.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128)), example = ["x-customer"])]
    headers: Vec<String>,
    /// Parameters of the query by name, in what is recorded.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128)), example = ["email"])]
    query_parameters: Vec<String>,
    /// Kinds of data that are masked wherever they stand in a value.
    #[serde(default)]
    #[schemars(length(max = 6), extend("uniqueItems" = true))]
    kinds: Vec<Kind>,
    /// Regular expressions; what they find in a value is masked.
    #[serde(default)]
    #[schemars(length(max = 50), inner(length(min = 1, max = 1_000)), example = ["CUST-[0-9]{6}"])]
    patterns: Vec<String>,
    /// How.
    #[serde(default = "partial")]
    method: Method,
    /// How many letters and digits `partial` keeps at the beginning.
    #[serde(default)]
    #[schemars(range(max = 64))]
    keep_first: u8,
    /// How many letters and digits `partial` keeps at the end.
    #[serde(default)]
    #[schemars(range(max = 64))]
    keep_last: u8,
    /// What `fixed` puts in place.
    #[serde(default = "stars")]
    #[schemars(length(max = 200))]
    replacement: String,
}

fn partial() -> Method {
    Method::Partial
}

fn stars() -> String {
    "***".into()
}

impl MaskRule {
    /// In a few words, for the list.
    pub(super) fn summary(&self) -> String {
        let kinds = self.kinds.iter().filter_map(|kind| {
            let word = format!("{kind:?}");
            (!word.is_empty()).then(|| word.to_lowercase())
        });
        let places = [&self.fields, &self.headers, &self.query_parameters].into_iter().flatten().cloned();
        let all: Vec<String> = kinds.chain(places).collect();
        match all.len() {
            0 => "what patterns find".into(),
            1..=3 => all.join(", "),
            more => format!("{} and {} more", all[..2].join(", "), more - 2),
        }
    }

    /// Faults are of fields below `at`.
    pub(super) fn compile(self, at: &str, secret: &str, faults: &mut Faults) -> Rule {
        let places = Places::parse(&self.fields, &format!("{at}.fields"), faults);
        let names_no_place =
            self.fields.is_empty() && self.headers.is_empty() && self.query_parameters.is_empty();
        let finds = !self.kinds.is_empty() || !self.patterns.is_empty();
        if names_no_place && !finds {
            faults.add(at, "masks nothing: name fields, headers, query_parameters, kinds or patterns");
        }
        let mut headers = HashSet::new();
        for (index, name) in self.headers.iter().enumerate() {
            match HeaderName::try_from(name.trim()) {
                Ok(name) => drop(headers.insert(name)),
                Err(_) => faults.add(format!("{at}.headers[{index}]"), "is no name of a header"),
            }
        }
        let mut patterns = Vec::new();
        for (index, pattern) in self.patterns.iter().enumerate() {
            match RegexBuilder::new(pattern).size_limit(MAX_PATTERN).build() {
                Ok(regex) if regex.is_match("") => {
                    faults
                        .add(format!("{at}.patterns[{index}]"), "finds the empty text, so it is everywhere");
                }
                Ok(regex) => patterns.push(regex),
                Err(error) => faults.add(format!("{at}.patterns[{index}]"), error.to_string()),
            }
        }
        let mut keyed = || {
            if secret.len() < MIN_KEY {
                faults.add("key", format!("must have at least {MIN_KEY} characters for this method"));
            }
            key(secret)
        };
        let method = match self.method {
            Method::Partial => Masked::Partial { first: self.keep_first.into(), last: self.keep_last.into() },
            Method::Fixed => Masked::Fixed(self.replacement),
            Method::Hashed => Masked::Hashed(keyed()),
            Method::FormatPreserving => Masked::FormatPreserving(keyed()),
        };
        Rule {
            is_for_bodies: !self.fields.is_empty() || (finds && names_no_place),
            is_for_all_that_is_recorded: finds && names_no_place,
            places,
            headers,
            parameters: self.query_parameters,
            kinds: self.kinds,
            patterns,
            method,
        }
    }
}

/// A rule that runs.
pub(super) struct Rule {
    places: Places,
    headers: HashSet<HeaderName>,
    parameters: Vec<String>,
    kinds: Vec<Kind>,
    patterns: Vec<Regex>,
    method: Masked,
    is_for_bodies: bool,
    is_for_all_that_is_recorded: bool,
}

impl Rule {
    pub(super) fn is_for_bodies(&self) -> bool {
        self.is_for_bodies
    }

    /// Whether it takes this header of what is recorded.
    pub(super) fn takes_header(&self, name: &str) -> bool {
        self.is_for_all_that_is_recorded || self.headers.iter().any(|known| known.as_str() == name)
    }

    /// Whether it takes this parameter of what is recorded.
    pub(super) fn takes_parameter(&self, name: &str) -> bool {
        self.is_for_all_that_is_recorded || self.parameters.iter().any(|known| known == name)
    }

    /// Whether it takes the path of what is recorded.
    pub(super) fn takes_path(&self) -> bool {
        self.is_for_all_that_is_recorded
    }

    /// A value of a field called `name`, masked; none where nothing of it is to be.
    pub(super) fn masked(&self, name: &str, value: &str) -> Option<String> {
        let is_whole = (self.kinds.is_empty() && self.patterns.is_empty())
            || self.kinds.iter().any(|kind| kind.is_field(name));
        if is_whole {
            return (!value.is_empty()).then(|| self.method.mask(value));
        }
        let by_kind = self.kinds.iter().flat_map(|kind| kind.found_in(value));
        let by_pattern =
            self.patterns.iter().flat_map(|pattern| pattern.find_iter(value).map(|it| it.range()));
        let mut found: Vec<_> = by_kind.chain(by_pattern).collect();
        // Of two that overlap the one that begins first counts, then the longer.
        found.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
        let (mut out, mut done) = (String::new(), 0);
        for range in found.iter().cloned() {
            if range.start < done {
                continue;
            }
            out.push_str(&value[done..range.start]);
            out.push_str(&self.method.mask(&value[range.clone()]));
            done = range.end;
        }
        (done > 0).then(|| out + &value[done..])
    }
}

impl Rewrite for Arc<Rule> {
    fn places(&self) -> &Places {
        &self.places
    }

    fn rewrite(&self, place: &Place<'_>, value: &str) -> Result<Option<String>, String> {
        Ok(self.masked(place.name(), value))
    }
}

/// Masks the headers that rules name; gives how many. A mask that no header may hold is left out of it.
pub(super) fn mask_headers(headers: &mut HeaderMap, rules: &[Arc<Rule>]) -> usize {
    let mut masked = 0;
    for rule in rules {
        for name in &rule.headers {
            let http::header::Entry::Occupied(mut entry) = headers.entry(name) else { continue };
            for value in entry.iter_mut() {
                let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
                if let Some(other) = rule.masked(name.as_str(), &text) {
                    *value = HeaderValue::from_str(&other).unwrap_or(HeaderValue::from_static("***"));
                    masked += 1;
                }
            }
        }
    }
    masked
}
