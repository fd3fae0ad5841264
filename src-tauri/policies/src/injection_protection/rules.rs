//! The rules: patterns over a value in the plainest form that it can be brought to, case ignored, `.` any byte.
//!
//! A rule names what breaks out of a value, not what merely occurs in the language of the attack: text may speak of
//! selecting from tables, and code stands in descriptions.

pub(super) mod ldap;
pub(super) mod path_traversal;
pub(super) mod shell;
pub(super) mod sql;
pub(super) mod template;
pub(super) mod xpath;
pub(super) mod xss;
