//! The gateway over real sockets: a backend on one side, callers on the other, the recorder watching.

mod bodies;
mod faults;
mod foreign_callers;
mod grpc;
mod headers;
mod http1;
mod http2;
mod http2_floods;
mod http2_refusals;
mod http2_upstream;
mod lifecycle;
mod names;
mod records;
mod routes;
mod routing;
mod streaming;
mod support;
mod tls;
mod tls_inbound;
mod tls_outbound;
mod upgrades;
mod upstream;
mod upstreams;
