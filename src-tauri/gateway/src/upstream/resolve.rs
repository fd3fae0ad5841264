//! Names to addresses, remembered for a short while.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::Target;

/// How long an answer is believed.
const KEEP_FOR: Duration = Duration::from_secs(10);

/// Most names remembered by one worker.
const MAX_NAMES: usize = 1_000;

struct Known {
    addresses: Rc<[IpAddr]>,
    until: Instant,
}

/// One worker's memory of names. Asks the system, so that `/etc/hosts` and the like count.
#[derive(Default)]
pub(crate) struct Resolver(RefCell<HashMap<Box<str>, Known>>);

impl Resolver {
    /// The addresses of a target, in the order the system gives them; never none.
    pub(super) async fn addresses_of(&self, target: &Target) -> io::Result<Rc<[IpAddr]>> {
        if let Some(address) = target.address {
            return Ok(Rc::new([address]));
        }
        if let Some(addresses) = self.remembered(&target.host) {
            return Ok(addresses);
        }
        let found = tokio::net::lookup_host((&*target.host, target.port)).await?;
        let addresses: Rc<[IpAddr]> = found.map(|socket: SocketAddr| socket.ip()).collect();
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
        }
        self.remember(&target.host, addresses.clone());
        Ok(addresses)
    }

    fn remembered(&self, host: &str) -> Option<Rc<[IpAddr]>> {
        let known = self.0.borrow();
        known.get(host).filter(|known| Instant::now() < known.until).map(|known| known.addresses.clone())
    }

    fn remember(&self, host: &str, addresses: Rc<[IpAddr]>) {
        let now = Instant::now();
        let mut known = self.0.borrow_mut();
        if known.len() >= MAX_NAMES {
            known.retain(|_, known| now < known.until);
        }
        if known.len() < MAX_NAMES {
            known.insert(host.into(), Known { addresses, until: now + KEEP_FOR });
        }
    }
}
