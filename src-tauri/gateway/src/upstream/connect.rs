//! Opens a connection to an upstream.

use std::net::SocketAddr;
use std::time::Instant;

use gatepost_model::UpstreamProtocol;
use tokio::net::TcpStream;
use tokio::time::{timeout, timeout_at};

use super::fault::Fault;
use super::{Open, Target, bounded};
use crate::http1::Connection;
use crate::http2::{self, Opening, Session};
use crate::transport::Transport;
use crate::worker::Worker;

/// What a new connection must be good for.
pub(super) enum Wanted {
    /// Whatever the target prefers.
    Either,
    /// An upgrade, which HTTP/1.1 alone has.
    Http1,
    /// The right to open one of HTTP/2, where the target is known to speak it.
    Http2(Opening),
}

/// A new connection in the protocol that the target speaks.
pub(super) enum Connected {
    /// For this call, and others after it.
    Http1(Box<Connection>),
    /// A place on one that was opened.
    Http2(http2::Lease),
}

/// A new connection, within the target's connect timeout. Every address of the name is tried in turn; the fault is
/// that of the last one. `open` is its room under the ceilings.
pub(super) async fn connect(
    target: &Target,
    worker: &Worker,
    open: Open,
    wanted: Wanted,
) -> Result<Connected, Fault> {
    let limit = target.timeouts.connect;
    let late = || Fault::no_connection_in(&target.host, target.port, limit);
    let deadline = Instant::now() + bounded(limit);
    let name = worker.resolver.name_of(target);
    let open = open.found_by(name.clone());
    let finding = async {
        let addresses = match &name {
            Some(name) => worker.resolver.addresses_of(name).await,
            None => Ok(target.address.into_iter().collect()),
        };
        let addresses = addresses.map_err(|error| Fault::unknown_name(&target.host, &error))?;
        let mut fault = None;
        for (place, address) in addresses.iter().enumerate() {
            let address = SocketAddr::new(*address, target.port);
            // One that swallows packets leaves the others their share of the time.
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(addresses.len() - place).unwrap_or(u32::MAX);
            match timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok((stream, address)),
                Ok(Err(error)) => fault = Some(Fault::unreachable(address, &error)),
                Err(_) => fault = Some(late()),
            }
            if let Some(name) = &name {
                name.note_unreachable(address.ip());
            }
        }
        Err(fault.unwrap_or_else(late))
    };
    let greeting = async {
        let (stream, address) = finding.await?;
        // An upstream that closed already says so on the first read; failing here would say it less well.
        let _ = stream.set_nodelay(true);
        let transport = match &target.tls {
            Some(tls) => {
                let greeted = match wanted {
                    Wanted::Http1 => tls.greet_http1(stream, &target.host).await,
                    Wanted::Either | Wanted::Http2(_) => tls.greet(stream, &target.host).await,
                };
                Transport::Tls(Box::new(greeted.map_err(|why| Fault::tls(&target.host, &why))?.into()))
            }
            None => Transport::Plain(stream),
        };
        let speaks_http2 = match target.protocol {
            UpstreamProtocol::Auto => transport.agreed_on_http2(),
            UpstreamProtocol::Http1 => false,
            UpstreamProtocol::Http2 => true,
        };
        if speaks_http2 {
            let opening = match wanted {
                Wanted::Http2(opening) => opening,
                Wanted::Either | Wanted::Http1 => worker.sessions.opening(&target.key, target.keep_for()),
            };
            let session = Session::open(transport, address, &opening, open).await;
            let session = session.map_err(|error| Fault::no_http2(address, &*error))?;
            return Ok(Connected::Http2(opening.keep(session)));
        }
        if !matches!(wanted, Wanted::Http1) {
            worker.sessions.forget(&target.key);
        }
        Ok(Connected::Http1(Box::new(Connection::new(transport, address, &worker.buffers, open))))
    };
    timeout_at(deadline.into(), greeting).await.unwrap_or_else(|_| Err(late()))
}
