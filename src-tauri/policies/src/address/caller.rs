//! Whose address a call comes from.

use std::net::IpAddr;

use gatepost_gateway::{Context, Expression, Request, Side, Subject, Unrecorded};
use gatepost_model::{Faults, Note};

use super::forwarded::{address_of, forwarded, listed, x_forwarded_for};
use super::list::AddressList;

/// Where the address is found.
pub(super) enum Caller {
    /// At the socket: nobody can forge it.
    Socket,
    /// The first address of a list that the caller itself may have written.
    Told(Expression),
    /// Behind proxies that are trusted to name the hop before them.
    Behind {
        proxies: AddressList,
        /// Names the list; none for `X-Forwarded-For` and `Forwarded`.
        hops: Option<Expression>,
    },
}

/// Why there is none.
#[derive(Debug)]
pub(super) enum Unknown {
    /// The expression could not be evaluated.
    Failed(String),
    /// It has no value.
    Missing,
    /// Its value is no address; not shown, since it may be anything.
    NoAddress,
    /// A trusted proxy passes on a hop that is no address.
    BadHop(String),
    /// `Forwarded` is not as RFC 7239 has it.
    Unreadable,
    /// `X-Forwarded-For` and `Forwarded` name different callers: one of the two was not written by a proxy.
    Contradiction(IpAddr, IpAddr),
}

impl Unknown {
    pub(super) fn note(&self) -> Note {
        match self {
            Self::Failed(error) => Note::new("the address could not be read: {}").with(error.as_str()),
            Self::Missing => Note::new("ip_expression has no value"),
            Self::NoAddress => Note::new("the value of ip_expression does not begin with an address"),
            Self::BadHop(hop) => Note::new("the hop `{}` is no address").with(hop.as_str()),
            Self::Unreadable => Note::new("the Forwarded header cannot be read"),
            Self::Contradiction(one, other) => {
                Note::new("X-Forwarded-For says {}, Forwarded says {}").with(*one).with(*other)
            }
        }
    }
}

impl Caller {
    pub(super) fn asks(&self) -> Unrecorded {
        match self {
            Self::Told(expression) | Self::Behind { hops: Some(expression), .. } => expression.asks(),
            Self::Behind { hops: None, .. } => Unrecorded { changes: true, ..Unrecorded::NOTHING },
            Self::Socket => Unrecorded::NOTHING,
        }
    }

    pub(super) fn compile(expression: &str, proxies: &[String], faults: &mut Faults) -> Option<Self> {
        let trusted = AddressList::compile("trusted_proxies", proxies, faults);
        let hops = match expression.trim() {
            "" => None,
            text => Some(faults.take("ip_expression", parse(text))?),
        };
        Some(match (hops, proxies) {
            (None, []) => Self::Socket,
            (Some(told), []) => Self::Told(told),
            (hops, _) => Self::Behind { proxies: trusted, hops },
        })
    }

    /// The address that the list is asked for.
    pub(super) fn address(&self, request: &Request, cx: &Context) -> Result<IpAddr, Unknown> {
        let socket = cx.remote.ip().to_canonical();
        match self {
            Self::Socket => Ok(socket),
            Self::Told(expression) => {
                let value = evaluate(expression, request, cx)?.ok_or(Unknown::Missing)?;
                let farthest = listed(value.as_bytes()).last().ok_or(Unknown::Missing)?;
                address_of(farthest).ok_or(Unknown::NoAddress)
            }
            // Whoever is no proxy of ours may write what it likes.
            Self::Behind { proxies, .. } if proxies.find(socket).is_none() => Ok(socket),
            Self::Behind { proxies, hops: Some(expression) } => {
                let value = evaluate(expression, request, cx)?.unwrap_or_default();
                nearest_stranger(socket, listed(value.as_bytes()), proxies).map_err(|_| Unknown::NoAddress)
            }
            Self::Behind { proxies, hops: None } => behind_headers(socket, request, proxies),
        }
    }
}

fn parse(text: &str) -> Result<Expression, String> {
    let expression = Expression::parse(text, Side::Request)?;
    match expression.as_literal() {
        Some(_) => Err("is the same for every call; leave it blank for the socket's address".into()),
        None => Ok(expression),
    }
}

fn evaluate<'a>(
    expression: &'a Expression,
    request: &'a Request,
    cx: &'a Context,
) -> Result<Option<std::borrow::Cow<'a, str>>, Unknown> {
    expression.evaluate(&Subject::request(request, cx)).map_err(Unknown::Failed)
}

/// Proxies write one of the two headers and pass on the other as it came, so where both are there they must agree.
fn behind_headers(socket: IpAddr, request: &Request, proxies: &AddressList) -> Result<IpAddr, Unknown> {
    let headers = request.headers();
    let mut listed = x_forwarded_for(headers).peekable();
    let hops = forwarded(headers).ok_or(Unknown::Unreadable)?;
    match (listed.peek().is_some(), hops.is_empty()) {
        (_, true) => nearest_stranger(socket, listed, proxies),
        (false, false) => nearest_stranger(socket, hops.into_iter(), proxies),
        (true, false) => {
            let one = nearest_stranger(socket, listed, proxies)?;
            let other = nearest_stranger(socket, hops.into_iter(), proxies)?;
            if one == other { Ok(one) } else { Err(Unknown::Contradiction(one, other)) }
        }
    }
}

/// The first hop that is no trusted proxy; the farthest one where all are.
fn nearest_stranger<'h>(
    socket: IpAddr,
    hops: impl Iterator<Item = &'h [u8]>,
    proxies: &AddressList,
) -> Result<IpAddr, Unknown> {
    let mut farthest = socket;
    for hop in hops {
        farthest = address_of(hop).ok_or_else(|| Unknown::BadHop(start_of(hop)))?;
        if proxies.find(farthest).is_none() {
            break;
        }
    }
    Ok(farthest)
}

/// Enough of a hop to recognise it, however long it is.
fn start_of(hop: &[u8]) -> String {
    const SHOWN: usize = 64;
    String::from_utf8_lossy(hop).chars().take(SHOWN).collect()
}
