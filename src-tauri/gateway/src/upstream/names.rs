//! Who turns names into addresses.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;

/// An answer that is awaited.
pub type LookUp = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>>>>;

/// Turns names into addresses.
pub trait Names: Send + Sync + 'static {
    /// The addresses of a name, in the order in which they are to be preferred.
    fn look_up(&self, name: &str) -> LookUp;
}

/// Asks the system, so that `/etc/hosts` and the like count.
pub(crate) struct SystemNames;

impl Names for SystemNames {
    fn look_up(&self, name: &str) -> LookUp {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((&*name, 0)).await?;
            Ok(found.map(|socket| socket.ip()).collect())
        })
    }
}
