//! A directory that is asked who somebody is: bind with the service account, search, bind as the user who was found.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use gatepost_gateway::Secret;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::connection::{Connection, Server, connect};
use super::message::{Outcome, SIZE_LIMIT_EXCEEDED, SUCCESS, Search, bind, search};
use crate::basic::Pair;

/// Most connections to a server; whoever comes then waits, within the time.
const MAX_CONNECTIONS: usize = 8;

/// The directory, and connections to it that nobody uses.
pub(super) struct Directory {
    server: Server,
    account: Account,
    search: Search,
    timeout: Duration,
    idle: Mutex<Vec<Connection>>,
    room: Semaphore,
}

/// Whom the gateway searches as.
pub(super) struct Account {
    pub(super) name: String,
    pub(super) password: Secret,
}

/// What the directory says of a user name and a password.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// They belong together; the entry's distinguished name.
    Right(Box<str>),
    /// Nobody has this name.
    Unknown,
    /// More than one entry has it.
    Ambiguous,
    /// The user is not taken.
    Refused(Outcome),
}

enum Trouble {
    /// The connection is of no use any more.
    Broken(io::Error),
    /// It is, and what was asked is refused.
    Told(String),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

impl Directory {
    /// Connects when it is first asked.
    pub(super) fn new(server: Server, account: Account, search: Search, timeout: Duration) -> Self {
        let (idle, room) = (Mutex::default(), Semaphore::new(MAX_CONNECTIONS));
        Self { server, account, search, timeout, idle, room }
    }

    /// Asks. Says why it cannot, for the operator.
    pub(super) async fn ask(self: Arc<Self>, pair: Pair) -> Result<Said, String> {
        let asked = tokio::time::timeout(self.timeout, self.ask_by_any(&pair)).await;
        asked.unwrap_or_else(|_| Err(format!("no answer within {} ms", self.timeout.as_millis())))
    }

    async fn ask_by_any(&self, pair: &Pair) -> Result<Said, String> {
        let _room = self.room.acquire().await.map_err(|error| error.to_string())?;
        while let Some(idle) = self.take_idle() {
            match self.ask_by(idle, pair).await {
                Ok(said) => return Ok(said),
                Err(Trouble::Told(words)) => return Err(words),
                // Servers close connections that were idle; a new one will tell.
                Err(Trouble::Broken(_)) => {}
            }
        }
        let new = connect(&self.server).await?;
        self.ask_by(new, pair).await.map_err(|trouble| match trouble {
            Trouble::Told(words) => words,
            Trouble::Broken(error) => format!("the connection broke off: {error}"),
        })
    }

    fn take_idle(&self) -> Option<Connection> {
        self.idle.lock().pop()
    }

    /// Asks on this connection. One that broke, or whose caller left in the middle, is not used again.
    async fn ask_by(&self, mut connection: Connection, pair: &Pair) -> Result<Said, Trouble> {
        let asked = self.ask_on(&mut connection, pair).await;
        if !matches!(asked, Err(Trouble::Broken(_))) {
            self.idle.lock().push(connection);
        }
        asked
    }

    /// Begins with the service account each time: the connection may still be bound as the last user.
    async fn ask_on(&self, connection: &mut Connection, pair: &Pair) -> Result<Said, Trouble> {
        let Account { name, password } = &self.account;
        let (_, bound) = connection.ask(|number| bind(number, name, password.expose())).await?;
        if bound.code != SUCCESS {
            return Err(Trouble::Told(format!("the service account is refused: {bound}")));
        }
        let (mut entries, outcome) =
            connection.ask(|number| search(number, &self.search, &pair.user)).await?;
        let entry = match (entries.pop(), entries.len(), outcome.code) {
            (Some(_), 1.., _) | (_, _, SIZE_LIMIT_EXCEEDED) => return Ok(Said::Ambiguous),
            (_, _, 1..) => return Err(Trouble::Told(format!("the search failed: {outcome}"))),
            (None, ..) => return Ok(Said::Unknown),
            (Some(entry), ..) => entry,
        };
        // Without a name or a password the bind would be anonymous and succeed (RFC 4513, 5.1.2).
        if entry.is_empty() || pair.password.is_empty() {
            return Err(Trouble::Told("the user would be bound without a name or a password".into()));
        }
        let (_, bound) = connection.ask(|number| bind(number, &entry, &pair.password)).await?;
        match bound.code {
            SUCCESS => Ok(Said::Right(entry)),
            _ if bound.refuses_the_user() => Ok(Said::Refused(bound)),
            _ => Err(Trouble::Told(format!("the user could not be bound: {bound}"))),
        }
    }
}
