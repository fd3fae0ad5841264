//! Certificates and listeners as an operator handles them: bring them, make them, see who uses them and until when.

mod expiry;
mod hosts;
mod listener;
mod local;
mod local_authority;
mod pem;
mod pkcs12;
mod rounds;
mod trust;
mod unasked;
mod upload;
mod upstream_names;
mod uses;

pub use expiry::{Expiry, warnings as certificate_warnings};
pub use hosts::machine_hosts;
pub use listener::{ListenerTlsInput, check_names as check_listener_names};
pub use local::{LOCAL_AUTHORITY, is_due, keep_up, shown_by};
pub use local_authority::{Hosts, LocalAuthority};
pub use pkcs12::open as open_pkcs12;
pub use trust::{TrustGuide, guides as trust_guides};
pub use unasked::warnings as client_certificate_warnings;
pub use upload::{CertificateContent, CertificateInput};
pub use upstream_names::{CertificateNames, must_exist, warnings};
pub use uses::{Use, uses_of};

/// Most certificates in the catalog.
pub const MAX_CERTIFICATES: usize = 1_000;

/// A day, in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// The day of a moment (epoch milliseconds), such as `2027-03-01`.
fn day_of(at_ms: i64) -> String {
    let time = x509_parser::time::ASN1Time::from_timestamp(at_ms.div_euclid(1_000));
    time.map_or_else(|_| "a day beyond the calendar".to_owned(), |time| time.to_datetime().date().to_string())
}
