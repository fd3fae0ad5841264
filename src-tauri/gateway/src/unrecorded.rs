//! What is never recorded of a call, and so cannot be looked at afterwards.

/// Facts of calls that no record holds, and that a decision or an expression may hang on. Bodies are not among them:
/// who reads one says so in [`Policy::reads`](crate::Policy::reads).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unrecorded {
    /// Values of headers and query parameters that carry secrets, such as `Authorization`.
    pub secrets: bool,
    /// Which client app policies before found the caller to be.
    pub client: bool,
    /// What else they found out of the caller: its principal, its claims.
    pub claims: bool,
    /// What they changed in the request's headers.
    pub changes: bool,
    /// The certificate that the caller showed.
    pub certificate: bool,
}

impl Unrecorded {
    /// All that is looked at is recorded.
    pub const NOTHING: Self =
        Self { secrets: false, client: false, claims: false, changes: false, certificate: false };
    /// Nothing is known of what is looked at.
    pub const ANYTHING: Self =
        Self { secrets: true, client: true, claims: true, changes: true, certificate: true };
    /// Secrets alone.
    pub const SECRETS: Self = Self { secrets: true, ..Self::NOTHING };

    /// What either looks at.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            secrets: self.secrets || other.secrets,
            client: self.client || other.client,
            claims: self.claims || other.claims,
            changes: self.changes || other.changes,
            certificate: self.certificate || other.certificate,
        }
    }
}

impl FromIterator<Self> for Unrecorded {
    fn from_iter<I: IntoIterator<Item = Self>>(parts: I) -> Self {
        parts.into_iter().fold(Self::NOTHING, Self::and)
    }
}
