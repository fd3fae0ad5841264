//! Which requests a policy is for: its rows of methods and path patterns, compiled.

use gatepost_model::{PathPattern, Scope};
use http::Method;

/// The rows of one policy's scope.
#[derive(Debug, Default)]
pub struct CompiledScope(Box<[Row]>);

#[derive(Debug)]
struct Row {
    methods: Box<[String]>,
    path: Option<PathPattern>,
}

/// Why a request is in a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The scope has no rows: it is every request.
    All,
    /// This row, from 0, is the first that matches.
    ByRow(usize),
}

impl CompiledScope {
    /// Compiles the rows, or says what is wrong with the first pattern that is none.
    pub fn new(rows: &[Scope]) -> Result<Self, String> {
        let rows = rows.iter().map(|row| {
            let path = row.path.as_deref().map(PathPattern::parse).transpose()?;
            Ok(Row { methods: row.methods.clone().into(), path })
        });
        rows.collect::<Result<_, String>>().map(Self)
    }

    /// Whether a request is in it, and why; `path` is its path below the API's base path, `/` at least.
    pub fn takes(&self, method: &Method, path: &str) -> Option<Taken> {
        if self.0.is_empty() {
            return Some(Taken::All);
        }
        self.0.iter().position(|row| row.matches(method, path)).map(Taken::ByRow)
    }
}

impl Row {
    fn matches(&self, method: &Method, path: &str) -> bool {
        (self.methods.is_empty() || self.methods.iter().any(|known| known == method.as_str()))
            && self.path.as_ref().is_none_or(|pattern| pattern.matches(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(rows: &[(&[&str], Option<&str>)]) -> CompiledScope {
        let row = |(methods, path): &(&[&str], Option<&str>)| Scope {
            methods: methods.iter().map(|method| (*method).to_owned()).collect(),
            path: path.map(str::to_owned),
        };
        CompiledScope::new(&rows.iter().map(row).collect::<Vec<_>>()).expect("compiles")
    }

    #[test]
    fn a_scope_without_rows_is_every_request() {
        assert_eq!(scope(&[]).takes(&Method::DELETE, "/x"), Some(Taken::All));
    }

    #[test]
    fn the_first_row_that_matches_in_method_and_whole_path_takes_it() {
        let scope =
            scope(&[(&["POST", "PUT"], Some("/orders/.*")), (&["GET"], None), (&[], Some("/orders"))]);
        assert_eq!(scope.takes(&Method::PUT, "/orders/7"), Some(Taken::ByRow(0)));
        assert_eq!(scope.takes(&Method::GET, "/orders"), Some(Taken::ByRow(1)));
        assert_eq!(scope.takes(&Method::POST, "/orders"), Some(Taken::ByRow(2)));
        assert_eq!(scope.takes(&Method::POST, "/v1/orders/7"), None);
    }

    #[test]
    fn a_pattern_that_is_none_is_a_fault() {
        let row = Scope { methods: Vec::new(), path: Some("(".into()) };
        assert!(CompiledScope::new(&[row]).is_err());
    }
}
