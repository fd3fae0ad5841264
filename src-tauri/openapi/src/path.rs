//! Paths with names in braces: which one a request is for, and what stands in the places of the names. A path written
//! out goes before one with names (OAS 3.1, "Paths Object").

use std::collections::HashMap;

use regex::Regex;

use crate::percent;

/// Paths, as a tree of their segments.
#[derive(Default)]
pub struct Paths {
    root: Node,
}

#[derive(Default)]
struct Node {
    literal: HashMap<String, Node>,
    /// Those with more text of their own first.
    templates: Vec<(Template, Node)>,
    /// Number of the path that ends here.
    end: Option<usize>,
}

/// A segment with names in it.
#[derive(Debug)]
struct Template {
    /// As written, with the names left out.
    written: String,
    names: Vec<String>,
    /// None for a segment that is one name and nothing else.
    regex: Option<Regex>,
}

/// What stands in the places of a path's names, not decoded.
pub type Captured<'r> = Vec<&'r str>;

impl Paths {
    /// Adds path `number`. Fails where it cannot be told from another, or is not well formed.
    pub fn add(&mut self, path: &str, number: usize) -> Result<(), String> {
        let mut node = &mut self.root;
        for segment in segments_of(path) {
            node = node.child(segment)?;
        }
        match node.end.replace(number) {
            None => Ok(()),
            Some(_) => Err("is the same path as another one: names make no difference".to_owned()),
        }
    }

    /// The path that takes this one, and what stands in its places.
    pub fn find<'r>(&self, path: &'r str) -> Option<(usize, Captured<'r>)> {
        let segments: Vec<&str> = segments_of(path).collect();
        let mut captured = Vec::new();
        let number = self.root.find(&segments, &mut captured)?;
        Some((number, captured))
    }
}

impl Node {
    fn child(&mut self, segment: &str) -> Result<&mut Self, String> {
        if !segment.contains(['{', '}']) {
            let literal = percent::decoded(segment).ok_or("is not percent-encoded rightly")?;
            return Ok(self.literal.entry(literal.into_owned()).or_default());
        }
        let template = Template::parse(segment)?;
        let known = self.templates.iter().position(|(known, _)| known.written == template.written);
        let place = known.unwrap_or_else(|| {
            let length = template.written.len();
            let place = self.templates.partition_point(|(known, _)| known.written.len() >= length);
            self.templates.insert(place, (template, Self::default()));
            place
        });
        Ok(&mut self.templates[place].1)
    }

    /// Each node stands at one depth only, so that going back costs at most a look at each.
    fn find<'r>(&self, segments: &[&'r str], captured: &mut Captured<'r>) -> Option<usize> {
        let Some((segment, rest)) = segments.split_first() else { return self.end };
        let before = captured.len();
        let literal = percent::decoded(segment).and_then(|segment| self.literal.get(&*segment));
        if let Some(found) = literal.and_then(|node| node.find(rest, captured)) {
            return Some(found);
        }
        self.templates.iter().find_map(|(template, node)| {
            captured.truncate(before);
            template.capture(segment, captured).then(|| node.find(rest, captured)).flatten()
        })
    }
}

impl Template {
    fn parse(segment: &str) -> Result<Self, String> {
        let (mut written, mut regex, mut names) = (String::new(), "^(?s:".to_owned(), Vec::new());
        let mut rest = segment;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or("lacks a closing brace")?;
            if name.is_empty() || name.contains('{') || before.contains('}') {
                return Err("has braces that do not pair".to_owned());
            }
            written.push_str(&format!("{before}{{}}"));
            regex.push_str(&format!("{}(.+)", regex::escape(before)));
            names.push(name.to_owned());
            rest = after;
        }
        if rest.contains('}') {
            return Err("has braces that do not pair".to_owned());
        }
        written.push_str(rest);
        regex.push_str(&format!("{})$", regex::escape(rest)));
        let is_one_name = written == "{}";
        let compiled = Regex::new(&regex).map_err(|_| "is too long".to_owned())?;
        Ok(Self { written, names, regex: (!is_one_name).then_some(compiled) })
    }

    fn capture<'r>(&self, segment: &'r str, captured: &mut Captured<'r>) -> bool {
        match &self.regex {
            None if segment.is_empty() => false,
            None => {
                captured.push(segment);
                true
            }
            Some(regex) => regex.captures(segment).is_some_and(|found| {
                captured.extend(found.iter().skip(1).flatten().map(|place| place.as_str()));
                true
            }),
        }
    }
}

/// The segments of a path that begins with a slash.
fn segments_of(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

/// The names in a path, in order.
pub fn names_in(path: &str) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    for segment in segments_of(path).filter(|segment| segment.contains(['{', '}'])) {
        names.extend(Template::parse(segment)?.names);
    }
    Ok(names)
}

/// A regular expression for a path: `/pets/[^/]+`. Broken braces stand for themselves.
pub fn pattern_of(path: &str) -> String {
    let segment = |segment: &str| {
        let mut pattern = String::new();
        let mut rest = segment;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((_, after)) = after.split_once('}') else { break };
            pattern.push_str(&format!("{}[^/]+", regex::escape(before)));
            rest = after;
        }
        // A hyphen means nothing outside brackets.
        (pattern + &regex::escape(rest)).replace("\\-", "-")
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(paths: &[&str]) -> Paths {
        let mut tree = Paths::default();
        for (number, path) in paths.iter().enumerate() {
            tree.add(path, number).expect("well formed");
        }
        tree
    }

    #[test]
    fn a_path_written_out_goes_before_one_with_names() {
        let paths = paths(&["/pets/{id}", "/pets/mine", "/{kind}/mine/all", "/pets/{id}/toys"]);
        assert_eq!(paths.find("/pets/mine"), Some((1, vec![])));
        assert_eq!(paths.find("/pets/7"), Some((0, vec!["7"])));
        assert_eq!(paths.find("/pets/mine/all"), Some((2, vec!["pets"])));
        assert_eq!(paths.find("/pets/mine/toys"), Some((3, vec!["mine"])));
        assert_eq!(paths.find("/pets"), None);
        assert_eq!(paths.find("/pets/"), None);
        assert_eq!(paths.find("/pets/7/"), None);
    }

    #[test]
    fn an_encoded_spelling_of_a_path_is_that_path() {
        let paths = paths(&["/pets/{id}", "/pets/mine", "/a%20b"]);
        assert_eq!(paths.find("/pets/%6dine"), Some((1, vec![])));
        assert_eq!(paths.find("/a b"), Some((2, vec![])));
        assert_eq!(paths.find("/pets/a%2Fb"), Some((0, vec!["a%2Fb"])));
    }

    #[test]
    fn a_segment_may_hold_several_names() {
        let paths = paths(&["/files/{name}.{ext}", "/files/{name}", "/range/{from}-{to}"]);
        assert_eq!(paths.find("/files/a.b.txt"), Some((0, vec!["a.b", "txt"])));
        assert_eq!(paths.find("/files/plain"), Some((1, vec!["plain"])));
        assert_eq!(paths.find("/range/1-2"), Some((2, vec!["1", "2"])));
    }

    #[test]
    fn refuses_what_cannot_be_told_apart_or_is_not_well_formed() {
        let mut tree = paths(&["/a/{x}"]);
        assert!(tree.add("/a/{y}", 1).is_err());
        for broken in ["/{a", "/a}", "/{}", "/{a{b}}", "/%zz"] {
            assert!(tree.add(broken, 2).is_err(), "{broken}");
        }
    }

    #[test]
    fn patterns_match_what_the_paths_match() {
        assert_eq!(pattern_of("/pets/{id}/big-toys.json"), r"/pets/[^/]+/big-toys\.json");
        assert_eq!(pattern_of("/files/{a}.{b}"), r"/files/[^/]+\.[^/]+");
    }
}
