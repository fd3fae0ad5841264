//! Values inside XML: the text of an element between two tags, and attributes. Nothing is expanded but character
//! references and the five entities that XML itself has.

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_xml_entity};
use quick_xml::events::{BytesStart, Event};

use super::{Edits, Place, Rewrite, Trouble, first};

/// Deepest element.
const MAX_DEPTH: usize = 512;

/// A run of text, references and CDATA between two tags.
#[derive(Default)]
struct Run {
    start: usize,
    end: usize,
    text: String,
}

/// Rewrites texts and attributes. The body must be UTF-8.
pub(super) fn rewrite(edits: &mut Edits<'_>, rules: &[impl Rewrite]) -> Result<(), Trouble> {
    let malformed = |words: String| Trouble::Malformed(words);
    let body = std::str::from_utf8(edits.body).map_err(|_| malformed("is not UTF-8".into()))?;
    let mut reader = Reader::from_str(body);
    let mut elements: Vec<String> = Vec::new();
    let mut run = Run::default();
    loop {
        let before = reader.buffer_position() as usize;
        let event = reader.read_event().map_err(|error| malformed(format!("byte {before}: {error}")))?;
        let after = reader.buffer_position() as usize;
        match event {
            Event::Text(text) => run.add(before, after, &text),
            Event::CData(text) => run.add(before, after, &text),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok().flatten().map(String::from);
                let name: &str = &reference;
                let known = character.or_else(|| resolve_xml_entity(name).map(str::to_owned));
                run.add(before, after, &known.unwrap_or_else(|| format!("&{name};")));
            }
            Event::Start(tag) => {
                run.settle(edits, rules, &elements)?;
                if elements.len() == MAX_DEPTH {
                    return Err(malformed(format!("is more than {MAX_DEPTH} elements deep")));
                }
                elements.push(tag.local_name().as_ref().to_owned());
                attributes(edits, rules, &tag, &elements)?;
            }
            Event::Empty(tag) => {
                run.settle(edits, rules, &elements)?;
                elements.push(tag.local_name().as_ref().to_owned());
                attributes(edits, rules, &tag, &elements)?;
                elements.pop();
            }
            Event::End(_) => {
                run.settle(edits, rules, &elements)?;
                elements.pop();
            }
            Event::Eof if elements.is_empty() => return Ok(()),
            Event::Eof => return Err(malformed("ends inside an element".into())),
            Event::Decl(_) | Event::DocType(_) | Event::PI(_) | Event::Comment(_) => {
                run.settle(edits, rules, &elements)?;
            }
        }
    }
}

impl Run {
    fn add(&mut self, start: usize, end: usize, text: &str) {
        if self.text.is_empty() {
            self.start = start;
        }
        self.end = end;
        self.text.push_str(text);
    }

    /// The run is over: its value is asked for.
    fn settle(
        &mut self,
        edits: &mut Edits<'_>,
        rules: &[impl Rewrite],
        elements: &[String],
    ) -> Result<(), Trouble> {
        let run = std::mem::take(self);
        if run.text.trim().is_empty() {
            return Ok(());
        }
        let place = Place::Xml { elements, attribute: None };
        if let Some(other) = first(rules, &place, &run.text, |_| false)? {
            edits.replace(run.start..run.end, escape(&other).as_bytes());
        }
        Ok(())
    }
}

fn attributes(
    edits: &mut Edits<'_>,
    rules: &[impl Rewrite],
    tag: &BytesStart<'_>,
    elements: &[String],
) -> Result<(), Trouble> {
    let whole = edits.body.as_ptr() as usize;
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| Trouble::Malformed(error.to_string()))?;
        let name = attribute.key.local_name().as_ref().to_owned();
        let raw: &str = &attribute.value;
        let text = quick_xml::escape::unescape(raw).map_err(|error| Trouble::Malformed(error.to_string()))?;
        let place = Place::Xml { elements, attribute: Some(&name) };
        if let Some(other) = first(rules, &place, &text, |_| false)? {
            // The reader reads from the body itself: the value's bytes lie in it.
            let start = raw.as_ptr() as usize - whole;
            edits.replace(start..start + raw.len(), escape(&other).as_bytes());
        }
    }
    Ok(())
}
