//! What each origin may do.

use std::collections::HashMap;

use gatepost_model::{Fault, Faults, Note};
use http::header::ORIGIN;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::origin::Origin;
use super::{Cors, MethodName, OriginGroup, asked_headers, max_age};

const ANY: HeaderValue = HeaderValue::from_static("*");

/// For the answer to a request.
#[derive(Clone)]
pub(super) struct Grant {
    pub(super) origin: HeaderValue,
    pub(super) credentials: bool,
    pub(super) exposed: Option<HeaderValue>,
}

/// For the answer to a preflight.
pub(super) struct Allowance {
    pub(super) origin: HeaderValue,
    pub(super) credentials: bool,
    pub(super) methods: HeaderValue,
    pub(super) headers: Option<HeaderValue>,
    pub(super) max_age: u32,
    pub(super) note: Note,
}

/// All groups, or none where the resource is public.
pub(super) struct Rules(Option<Groups>);

struct Groups {
    all: Vec<Group>,
    /// By what an `Origin` header is equal to.
    named: HashMap<Box<[u8]>, usize>,
    of_everybody: Option<usize>,
    credentials: bool,
}

struct Group {
    methods: Vec<&'static str>,
    methods_value: HeaderValue,
    headers: Vec<HeaderName>,
    takes_any_header: bool,
    headers_value: Option<HeaderValue>,
    exposed: Option<HeaderValue>,
    max_age: u32,
}

impl Rules {
    pub(super) fn compile(cors: &Cors) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::new();
        if cors.public_resource {
            if cors.support_credentials {
                faults.add("support_credentials", "is for named origins: set public_resource to false");
            }
            if !cors.origin_groups.is_empty() {
                faults.add(
                    "origin_groups",
                    "are not heeded beside a public resource: set public_resource to false",
                );
            }
            faults.into_result()?;
            return Ok(Self(None));
        }
        let groups = Groups::compile(cors, &mut faults);
        faults.into_result()?;
        Ok(Self(Some(groups)))
    }

    /// False where everybody gets the same answer.
    pub(super) fn depend_on_origin(&self) -> bool {
        self.0.is_some()
    }

    /// None without an `Origin`; else what the page may read, or why nothing.
    pub(super) fn grant(&self, headers: &HeaderMap, method: &str) -> Option<Result<(Grant, Note), Note>> {
        let origin = headers.get(ORIGIN)?;
        let Some(groups) = &self.0 else {
            let grant = Grant { origin: ANY, credentials: false, exposed: Some(ANY) };
            return Some(Ok((grant, const { Note::new("open to every page") })));
        };
        Some(match groups.find(headers, origin) {
            None => Err(not_allowed(origin)),
            Some((group, _)) if !group.allows(method) => {
                Err(Note::new("{} is not allowed to pages of {}: the answer goes without Access-Control-Allow-Origin, and their browser hides it")
                    .with(method).with(start_of(origin).as_str()))
            }
            Some((group, is_named)) => {
                let note = Note::new("{} is allowed").with(start_of(origin).as_str());
                let credentials = groups.credentials && is_named;
                let origin = if is_named { origin.clone() } else { ANY };
                Ok((Grant { origin, credentials, exposed: group.exposed.clone() }, note))
            }
        })
    }

    /// The same for a preflight that asks for `method`. An allowed origin is told what it may do even where it asks for
    /// more: then its browser says what was too much.
    pub(super) fn allowance(
        &self,
        asked: &HeaderMap,
        method: &HeaderValue,
    ) -> Option<Result<Allowance, Note>> {
        let origin = asked.get(ORIGIN)?;
        let names = asked_headers(asked);
        let Some(groups) = &self.0 else {
            return Some(Ok(Allowance {
                origin: ANY,
                credentials: false,
                methods: method.clone(),
                headers: names.cloned(),
                max_age: max_age(),
                note: Note::new("a preflight, granted what it asks for"),
            }));
        };
        Some(match groups.find(asked, origin) {
            None => Err(not_allowed(origin)),
            Some((group, is_named)) => Ok(Allowance {
                origin: if is_named { origin.clone() } else { ANY },
                credentials: groups.credentials && is_named,
                methods: group.methods_value.clone(),
                headers: if group.takes_any_header { names.cloned() } else { group.headers_value.clone() },
                max_age: group.max_age,
                note: group.note(origin, method, asked),
            }),
        })
    }
}

impl Groups {
    fn compile(cors: &Cors, faults: &mut Faults) -> Self {
        let mut groups = Self {
            all: Vec::new(),
            named: HashMap::new(),
            of_everybody: None,
            credentials: cors.support_credentials,
        };
        if cors.origin_groups.is_empty() {
            faults.add("origin_groups", "must not be empty where the resource is not public");
        }
        for (n, group) in cors.origin_groups.iter().enumerate() {
            let field = format!("origin_groups[{n}]");
            for (place, written) in group.origins.iter().enumerate() {
                let at = format!("{field}.origins[{place}]");
                if let Some(origin) = faults.take(&at, written.parse())
                    && let Err(why) = groups.take_origin(origin, n, group)
                {
                    faults.add(at, why);
                }
            }
            groups.all.push(Group::compile(group, &field, faults));
        }
        if cors.support_credentials && groups.named.is_empty() && !cors.origin_groups.is_empty() {
            faults.add("support_credentials", "is for named origins, and there is none");
        }
        groups
    }

    fn take_origin(&mut self, origin: Origin, n: usize, group: &OriginGroup) -> Result<(), &'static str> {
        let first = match origin {
            Origin::Any if group.origins.len() > 1 => return Err("must stand alone: `*` is every origin"),
            Origin::Any => self.of_everybody.replace(n),
            Origin::Named(name) if self.credentials && &*name == "null" => {
                return Err("cannot have credentials: any page can be of the origin `null`");
            }
            Origin::Named(name) => self.named.insert(name.as_bytes().into(), n),
        };
        if first.is_some() { Err("is in these groups twice") } else { Ok(()) }
    }

    /// The group of an origin, and whether it names it. Two origins are none.
    fn find(&self, headers: &HeaderMap, origin: &HeaderValue) -> Option<(&Group, bool)> {
        if headers.get_all(ORIGIN).iter().nth(1).is_some() {
            return None;
        }
        let named = self.named.get(origin.as_bytes()).map(|group| (*group, true));
        let (group, is_named) = named.or(self.of_everybody.map(|group| (group, false)))?;
        Some((self.all.get(group)?, is_named))
    }
}

impl Group {
    fn compile(group: &OriginGroup, field: &str, faults: &mut Faults) -> Self {
        let methods = allowed(group);
        let takes_any_header = group.headers.iter().any(|name| name.trim() == "*");
        let named: Vec<_> = group.headers.iter().map(String::as_str).collect();
        let headers =
            if takes_any_header { Vec::new() } else { names(&named, &format!("{field}.headers"), faults) };
        let exposed: Vec<_> = group.exposed_headers.iter().map(String::as_str).collect();
        let exposed = match exposed[..] {
            ["*"] => Some(ANY),
            _ => list(&names(&exposed, &format!("{field}.exposed_headers"), faults)),
        };
        Self {
            methods_value: HeaderValue::from_str(&methods.join(", ")).unwrap_or(HeaderValue::from_static("")),
            headers_value: list(&headers),
            methods,
            headers,
            takes_any_header,
            exposed,
            max_age: group.access_control_max_age,
        }
    }

    fn allows(&self, method: &str) -> bool {
        let method = if method == "HEAD" { "GET" } else { method };
        self.methods.contains(&method)
    }

    fn note(&self, origin: &HeaderValue, method: &HeaderValue, asked: &HeaderMap) -> Note {
        let origin = start_of(origin);
        let method = start_of(method);
        if !self.allows(&method) {
            return Note::new("a preflight of {}: {} is not allowed")
                .with(origin.as_str())
                .with(method.as_str());
        }
        let lines = asked.get_all(http::header::ACCESS_CONTROL_REQUEST_HEADERS).iter();
        let mut wanted = lines
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|name| !name.is_empty());
        let is_known = |name: &[u8]| {
            self.headers.iter().any(|known| known.as_str().as_bytes().eq_ignore_ascii_case(name))
        };
        match wanted.find(|name| !self.takes_any_header && !is_known(name)) {
            Some(name) => {
                let name: String = String::from_utf8_lossy(name).chars().take(64).collect();
                Note::new("a preflight of {}: the header {} is not allowed")
                    .with(origin.as_str())
                    .with(name.as_str())
            }
            None => Note::new("a preflight of {}, granted").with(origin.as_str()),
        }
    }
}

/// Without a list those that need no preflight.
fn allowed(group: &OriginGroup) -> Vec<&'static str> {
    if group.allowed_methods.is_empty() {
        return vec!["GET", "POST"];
    }
    let listed = group.allowed_methods.iter().filter(|method| method.is_allowed);
    listed
        .map(|method| match method.method_name {
            MethodName::Connect => "CONNECT",
            MethodName::Delete => "DELETE",
            MethodName::Get => "GET",
            MethodName::Options => "OPTIONS",
            MethodName::Patch => "PATCH",
            MethodName::Post => "POST",
            MethodName::Put => "PUT",
            MethodName::Trace => "TRACE",
        })
        .collect()
}

fn names(written: &[&str], field: &str, faults: &mut Faults) -> Vec<HeaderName> {
    let named = written.iter().enumerate().filter_map(|(n, name)| {
        let parsed = name.trim().parse().map_err(|_| format!("`{name}` is not a header name"));
        faults.take(&format!("{field}[{n}]"), parsed)
    });
    named.collect()
}

fn list(names: &[HeaderName]) -> Option<HeaderValue> {
    let names: Vec<_> = names.iter().map(HeaderName::as_str).collect();
    HeaderValue::from_str(&names.join(", ")).ok().filter(|list| !list.is_empty())
}

fn not_allowed(origin: &HeaderValue) -> Note {
    Note::new(
        "{} is in no group: the answer goes without Access-Control-Allow-Origin, and its browser hides it",
    )
    .with(start_of(origin).as_str())
}

/// Enough of a header to recognise it, however long it is.
fn start_of(value: &HeaderValue) -> String {
    const SHOWN: usize = 100;
    String::from_utf8_lossy(value.as_bytes()).chars().take(SHOWN).collect()
}
