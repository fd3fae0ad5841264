//! What an operator writes about an API, a policy or a client app: the same in the management API and in the file.

mod api;
mod client;
mod credential;
mod listen;
mod policy;

pub use api::ApiInput;
pub use client::ClientAppInput;
pub use credential::{CredentialInput, RotationInput};
pub use listen::ListenInput;
pub use policy::AppliedPolicyInput;
