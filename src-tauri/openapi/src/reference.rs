//! References inside a document: `#/components/...`.

use serde_json::Value;

use crate::percent;

/// Most references that lead to one another.
const MOST_HOPS: usize = 32;

/// A value and the JSON pointer where it stands.
#[derive(Clone)]
pub struct At<'d> {
    /// The value.
    pub value: &'d Value,
    /// Where.
    pub pointer: String,
}

impl<'d> At<'d> {
    /// A value that may be a reference, followed to what it means.
    pub fn followed(root: &'d Value, value: &'d Value, pointer: String) -> Result<Self, String> {
        let mut at = Self { value, pointer };
        for _ in 0..MOST_HOPS {
            let Some(reference) = at.value.get("$ref").and_then(Value::as_str) else { return Ok(at) };
            let pointer = pointer_of(reference)?;
            let value = root.pointer(&pointer).ok_or_else(|| format!("`{reference}` leads nowhere"))?;
            at = Self { value, pointer };
        }
        Err("refers to itself".to_owned())
    }

    /// A member, followed; none where there is none.
    pub fn member(&self, root: &'d Value, name: &str) -> Option<Result<Self, String>> {
        let value = self.value.get(name)?;
        Some(Self::followed(root, value, join(&self.pointer, name)))
    }

    /// Members of an object member, such as those of `content`, not followed.
    pub fn members_of(&self, name: &str) -> impl Iterator<Item = (&'d str, At<'d>)> + use<'d> {
        let pointer = join(&self.pointer, name);
        let members = self.value.get(name).and_then(Value::as_object).into_iter().flatten();
        members.map(move |(name, value)| (name.as_str(), At { value, pointer: join(&pointer, name) }))
    }
}

/// The JSON pointer that a reference within its document names.
pub fn pointer_of(reference: &str) -> Result<String, String> {
    let Some(fragment) = reference.strip_prefix('#') else {
        return Err(format!(
            "`{reference}` leads to another document, which is never fetched; bundle all into one document first"
        ));
    };
    percent::decoded(fragment)
        .map(std::borrow::Cow::into_owned)
        .ok_or_else(|| "is not a reference".to_owned())
}

/// A pointer to a member.
pub fn join(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}
