//! Which values of a body are meant: by JSONPath, by the path of an XML element, by the name of a field, or all.

use gatepost_model::Faults;
use serde_json_path::JsonPath;

/// Where a value stands.
pub(crate) enum Place<'p> {
    /// In JSON; with the name of the member that it is in, or in an array of.
    Json { member: &'p str },
    /// In XML: the names of the elements from the root, without prefixes, and of the attribute.
    Xml { elements: &'p [String], attribute: Option<&'p str> },
    /// In a form: the name of its field.
    Form { field: &'p str },
    /// A whole text.
    Text,
}

impl Place<'_> {
    /// The name that stands with the value.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Json { member } => member,
            Self::Xml { attribute: Some(attribute), .. } => attribute,
            Self::Xml { elements, attribute: None } => elements.last().map_or("", String::as_str),
            Self::Form { field } => field,
            Self::Text => "",
        }
    }
}

/// Which values are meant.
#[derive(Default)]
pub(crate) struct Places {
    json: Vec<JsonPath>,
    xml: Vec<XmlPath>,
    /// Names of fields of a form, from JSONPaths of one member (`$.email`).
    fields: Vec<String>,
}

impl Places {
    /// Reads paths: `$...` for JSON and forms, `/...` for XML. None means every value.
    pub(crate) fn parse(paths: &[String], field: &str, faults: &mut Faults) -> Self {
        let mut places = Self::default();
        for (at, path) in paths.iter().enumerate() {
            let path = path.trim();
            let problem = if path.starts_with('$') {
                match JsonPath::parse(path) {
                    Ok(json) => {
                        places.fields.extend(one_member(path));
                        places.json.push(json);
                        continue;
                    }
                    Err(error) => format!("is no JSONPath (RFC 9535): {error}"),
                }
            } else {
                match XmlPath::parse(path) {
                    Ok(xml) => {
                        places.xml.push(xml);
                        continue;
                    }
                    Err(problem) => problem,
                }
            };
            faults.add(format!("{field}[{at}]"), problem);
        }
        places
    }

    /// True where every value is meant.
    pub(crate) fn is_everywhere(&self) -> bool {
        self.json.is_empty() && self.xml.is_empty()
    }

    /// Whether a value is meant; `is_named` where a JSONPath gave it.
    pub(super) fn takes(&self, place: &Place<'_>, is_named: bool) -> bool {
        self.is_everywhere()
            || match place {
                Place::Json { .. } => is_named,
                Place::Xml { elements, attribute } => {
                    self.xml.iter().any(|path| path.takes(elements, *attribute))
                }
                Place::Form { field } => self.fields.iter().any(|known| known == field),
                Place::Text => false,
            }
    }

    pub(super) fn json(&self) -> &[JsonPath] {
        &self.json
    }
}

/// `email` of `$.email`, `$['email']` and `$..email`.
fn one_member(path: &str) -> Option<String> {
    let rest = path.strip_prefix('$')?;
    let quoted = |open, close| rest.strip_prefix(open).and_then(|rest: &str| rest.strip_suffix(close));
    let name = quoted("['", "']")
        .or_else(|| quoted("[\"", "\"]"))
        .or_else(|| rest.strip_prefix("..").or_else(|| rest.strip_prefix('.')))?;
    (!name.is_empty() && !name.contains(['.', '[', ']', '*', '\'', '"'])).then(|| name.to_owned())
}

/// A path such as `/order/customer/@id`, `//email` or `/order/*/name`: the part of XPath that names places by
/// elements, `*`, `//` and a last `@attribute`. Prefixes of names do not count.
struct XmlPath {
    steps: Vec<XmlStep>,
    attribute: Option<String>,
}

struct XmlStep {
    /// None is `*`.
    name: Option<String>,
    /// Came after `//`: any depth.
    is_deep: bool,
}

impl XmlPath {
    fn parse(path: &str) -> Result<Self, String> {
        let wrong =
            || "begins with $ (JSONPath) or is a path such as /order/customer/@id or //email".to_owned();
        let mut rest = path.strip_prefix('/').ok_or_else(wrong)?;
        let (mut steps, mut attribute, mut is_deep) = (Vec::new(), None, false);
        if let Some(deep) = rest.strip_prefix('/') {
            (rest, is_deep) = (deep, true);
        }
        let parts: Vec<&str> = rest.split('/').collect();
        for (at, part) in parts.iter().enumerate() {
            match *part {
                "" if at > 0 && at + 1 < parts.len() && !is_deep => {
                    is_deep = true;
                    continue;
                }
                "" => return Err(wrong()),
                "*" => steps.push(XmlStep { name: None, is_deep }),
                part => match part.strip_prefix('@') {
                    Some(name) if at + 1 == parts.len() && is_name(name) && !steps.is_empty() => {
                        attribute = Some(name.to_owned());
                    }
                    // `//@id` is an attribute of any element.
                    Some(name) if at + 1 == parts.len() && is_name(name) && is_deep => {
                        steps.push(XmlStep { name: None, is_deep: true });
                        attribute = Some(name.to_owned());
                    }
                    None if is_name(part) => {
                        let name = part.rsplit(':').next().unwrap_or(part).to_owned();
                        steps.push(XmlStep { name: Some(name), is_deep });
                    }
                    _ => return Err(wrong()),
                },
            }
            is_deep = false;
        }
        Ok(Self { steps, attribute })
    }

    fn takes(&self, elements: &[String], attribute: Option<&str>) -> bool {
        match (&self.attribute, attribute) {
            (None, None) => {}
            (Some(own), Some(given)) if own == given => {}
            _ => return false,
        }
        matches(&self.steps, elements)
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_-.:".contains(c))
}

/// Whether the steps lead to the last of the elements. Few steps and bounded depth: the product is small.
fn matches(steps: &[XmlStep], elements: &[String]) -> bool {
    let Some((step, rest)) = steps.split_first() else { return elements.is_empty() };
    let fits = |element: &String| step.name.as_ref().is_none_or(|name| name == element);
    if step.is_deep {
        return (0..elements.len()).any(|at| fits(&elements[at]) && matches(rest, &elements[at + 1..]));
    }
    elements.split_first().is_some_and(|(first, below)| fits(first) && matches(rest, below))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(path: &str, elements: &[&str], attribute: Option<&str>) -> bool {
        let elements: Vec<String> = elements.iter().map(|name| (*name).to_owned()).collect();
        XmlPath::parse(path).expect("a path").takes(&elements, attribute)
    }

    #[test]
    fn a_path_of_elements_names_exactly_those() {
        assert!(takes("/order/email", &["order", "email"], None));
        assert!(!takes("/order/email", &["order", "customer", "email"], None));
        assert!(!takes("/order/email", &["order", "email"], Some("id")));
        assert!(takes("/order/*/email", &["order", "customer", "email"], None));
        assert!(takes("/o:order/o:email", &["order", "email"], None), "prefixes do not count");
    }

    #[test]
    fn two_slashes_reach_any_depth() {
        for elements in [&["email"][..], &["a", "email"], &["a", "b", "email"]] {
            assert!(takes("//email", elements, None));
        }
        assert!(takes("/a//email", &["a", "b", "email"], None));
        assert!(!takes("/a//email", &["b", "email"], None));
        assert!(takes("//a/@id", &["x", "a"], Some("id")));
        assert!(takes("//@id", &["x", "a"], Some("id")));
    }

    #[test]
    fn what_is_no_path_is_a_fault_of_its_own_place() {
        let mut faults = Faults::new();
        let paths = ["$.ok", "$[", "email", "/a/@b/c", "/", "//"].map(str::to_owned);
        Places::parse(&paths, "fields", &mut faults);
        let fields: Vec<_> = faults.into_vec().into_iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["fields[1]", "fields[2]", "fields[3]", "fields[4]", "fields[5]"]);
    }

    #[test]
    fn a_path_of_one_member_names_a_field_of_a_form() {
        for path in ["$.email", "$..email", "$['email']", "$[\"email\"]"] {
            assert_eq!(one_member(path).as_deref(), Some("email"), "{path}");
        }
        assert_eq!(one_member("$.a.email"), None);
        assert_eq!(one_member("$.*"), None);
    }
}
