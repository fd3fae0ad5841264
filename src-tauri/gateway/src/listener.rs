//! Opens the sockets that callers connect to, and says in plain words why one cannot be opened.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that the system holds for us while we are busy.
const BACKLOG: i32 = 1_024;

/// True where the system spreads connections over several sockets of one port; elsewhere one worker accepts and
/// hands them on.
pub(crate) const SYSTEM_SPREADS: bool = cfg!(target_os = "linux");

/// A listener and how it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerState {
    /// Its address.
    pub address: SocketAddr,
    /// How it is.
    pub state: Listening,
}

/// Whether a listener's socket is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listening {
    /// It is; callers can connect.
    Yes,
    /// It is not.
    Failed {
        /// Why, in a sentence.
        message: String,
        /// What to do about it, in a sentence.
        advice: String,
    },
}

/// Opens `count` sockets on one address; more than one only where [`SYSTEM_SPREADS`]. The first attempt is made
/// without sharing, so that a port that anybody else holds is noticed instead of shared.
pub(crate) fn open(address: SocketAddr, count: usize) -> io::Result<Vec<TcpListener>> {
    if count > 1 {
        drop(bind(address, false)?);
    }
    (0..count).map(|_| listen(address, count > 1)).collect()
}

fn listen(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = bind(address, shared)?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn bind(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // On Unix: connections of an earlier run that are still dying do not hold the port. On Windows the same name
    // would let two programs share it.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    #[cfg(target_os = "linux")]
    socket.set_reuse_port(shared)?;
    #[cfg(not(target_os = "linux"))]
    let _ = shared;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// A listener that should speak TLS and cannot: it stays closed.
pub(crate) fn without_tls(address: SocketAddr, why: &str) -> Listening {
    Listening::Failed {
        message: format!("Port {} should speak TLS and cannot: {why}", address.port()),
        advice: "Give the listener a certificate that it can show, or switch its TLS off".to_owned(),
    }
}

/// Why `address` cannot be opened and what to do. `ours` is another listener of this gateway on the same port.
pub(crate) fn explain(address: SocketAddr, error: &io::Error, ours: Option<SocketAddr>) -> Listening {
    let port = address.port();
    let (message, advice) = match (error.kind(), ours) {
        (io::ErrorKind::AddrInUse, Some(ours)) => (
            format!("Port {port} is in use by another API of this gateway, which listens on {}", ours.ip()),
            "Let both APIs listen on the same address, or give one of them another port".to_owned(),
        ),
        (io::ErrorKind::AddrInUse, None) => (
            format!("Port {port} is in use by another program"),
            "Stop that program, or give the API another port".to_owned(),
        ),
        (io::ErrorKind::PermissionDenied, _) => (
            format!("Port {port} may not be opened by this user"),
            "Give the API a port from 1024 up, or run Gatepost with the right to open low ports".to_owned(),
        ),
        (io::ErrorKind::AddrNotAvailable, _) => (
            format!("{} is not an address of this machine", address.ip()),
            "Let the API listen on 127.0.0.1, on 0.0.0.0 for every address, or on one this machine has"
                .to_owned(),
        ),
        _ => (
            format!("{address} cannot be opened: {error}"),
            "Give the API another address or port".to_owned(),
        ),
    };
    Listening::Failed { message, advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_a_port_that_somebody_shares() {
        let holder = listen("127.0.0.1:0".parse().expect("valid"), SYSTEM_SPREADS).expect("free port");
        let address = holder.local_addr().expect("bound");
        let error = open(address, 2).expect_err("held");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let Listening::Failed { message, advice } = explain(address, &error, None) else { panic!("failed") };
        assert_eq!(message, format!("Port {} is in use by another program", address.port()));
        assert_eq!(advice, "Stop that program, or give the API another port");
    }

    #[test]
    fn says_whose_address_it_is_not() {
        // TEST-NET-1 (RFC 5737) belongs to nobody.
        let address = "192.0.2.1:8081".parse().expect("valid");
        let error = open(address, 1).expect_err("not ours");
        let Listening::Failed { message, .. } = explain(address, &error, None) else { panic!("failed") };
        assert_eq!(message, "192.0.2.1 is not an address of this machine");
    }
}
