//! Client apps, their credentials, and the contracts that let them call APIs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ApiId;

/// Row number of a client app in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct ClientAppId(pub i64);

/// Row number of a credential in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct CredentialId(pub i64);

/// Row number of a contract in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct ContractId(pub i64);

/// An application that calls APIs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientApp {
    /// Its row.
    pub id: ClientAppId,
    /// Unique, 1 to 100 characters.
    pub name: String,
    /// Free text, at most 1,000 characters.
    pub description: String,
    /// Epoch milliseconds.
    pub created_at: i64,
}

/// A client ID and secret of a client app. The secret itself stays in the vault; the gateway compares hashes.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its row.
    pub id: CredentialId,
    /// Whose it is.
    pub client_app_id: ClientAppId,
    /// Unique over all client apps.
    pub client_id: String,
    /// SHA-256 of the secret. Secrets are random and long, so a fast hash is enough.
    pub secret_hash: [u8; 32],
    /// The secret's last four characters, to tell secrets apart on screen.
    pub secret_hint: String,
    /// Epoch milliseconds.
    pub created_at: i64,
    /// When it stops being taken, in epoch milliseconds; never when none.
    pub expires_at: Option<i64>,
    /// The secret that `secret_hash` took the place of, while both are taken.
    pub previous: Option<PreviousSecret>,
}

/// A secret that was replaced and is still taken for a while, so that callers can change over one by one.
#[derive(Clone, PartialEq, Eq)]
pub struct PreviousSecret {
    /// SHA-256 of it.
    pub hash: [u8; 32],
    /// Its last four characters.
    pub hint: String,
    /// When it stops being taken, in epoch milliseconds.
    pub until: i64,
}

impl std::fmt::Debug for PreviousSecret {
    /// Without the hash, as that of a credential.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PreviousSecret").field("until", &self.until).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Credential {
    /// Without the hash: what is derived from a secret stays out of logs too.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential")
            .field("id", &self.id)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Where a contract stands. Pending and rejected join when tiers bring approval by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContractState {
    /// The client app may call the API.
    Approved,
    /// It no longer may; it can be restored.
    Revoked,
}

/// A client app's access to an API. One per pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Its row.
    pub id: ContractId,
    /// Who calls.
    pub client_app_id: ClientAppId,
    /// What is called.
    pub api_id: ApiId,
    /// Only an approved contract lets calls pass.
    pub state: ContractState,
    /// Epoch milliseconds.
    pub created_at: i64,
    /// Epoch milliseconds.
    pub updated_at: i64,
}
