//! The attributes of one tag.

use quick_xml::events::BytesStart;
use smallvec::SmallVec;

use super::{Limits, check_reference, is_name, within};
use crate::xml_threat_protection::fault::What;

/// Documents can ask a parser to put others in their place with elements of this namespace (XInclude 1.0 and 1.1).
const XINCLUDE: &str = "http://www.w3.org/2001/XInclude";

pub(super) fn check_attributes(tag: &BytesStart<'_>, limits: &Limits) -> Result<(), What> {
    let (mut names, mut namespaces) = (SmallVec::<[&str; 8]>::new(), 0_u32);
    // The reader's own search for names that stand twice takes quadratic time.
    let mut attributes = tag.attributes();
    for attribute in attributes.with_checks(false) {
        let attribute = attribute.map_err(|_| What::BadAttribute)?;
        let name = attribute.key.into_inner();
        if !is_name(name) {
            return Err(What::BadName);
        }
        let length = check_value(&attribute.value)?;
        within(length, limits.attribute_length, What::AttributeTooLong)?;
        if name == "xmlns" || name.starts_with("xmlns:") {
            namespaces += 1;
            within(namespaces, limits.namespaces, What::TooManyNamespaces)?;
            check_namespace(&attribute.value)?;
        } else {
            within(names.len() as u32 + 1 - namespaces, limits.attributes, What::TooManyAttributes)?;
        }
        names.push(name);
    }
    names.sort_unstable();
    if names.windows(2).any(|two| two[0] == two[1]) { Err(What::AttributeTwice) } else { Ok(()) }
}

/// Gives how many characters it has, each reference being one.
fn check_value(value: &str) -> Result<u32, What> {
    if value.contains('<') {
        return Err(What::BadAttribute);
    }
    let mut parts = value.split('&');
    let mut characters = parts.next().unwrap_or_default().chars().count();
    for part in parts {
        let (reference, rest) = part.split_once(';').ok_or(What::BadReference)?;
        check_reference(reference)?;
        characters += 1 + rest.chars().count();
    }
    Ok(u32::try_from(characters).unwrap_or(u32::MAX))
}

fn check_namespace(value: &str) -> Result<(), What> {
    let name = quick_xml::escape::unescape(value).map_err(|_| What::BadReference)?;
    if name.trim() == XINCLUDE { Err(What::Inclusion) } else { Ok(()) }
}
