//! nginx, with its access log as people run it, and once without; and as the backend of everybody.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Peer, START_LIMIT, Site};
use crate::bench::subject::{Ports, Start, Subject};
use crate::project::program;

pub const NGINX: Peer = Peer {
    name: "nginx",
    find: || program(&["nginx"]),
    configure: |site, command| configure(site, command, "access.log"),
};

/// Without its access log: what logging costs it.
pub const SILENT: Peer = Peer {
    name: "nginx, no log",
    find: || program(&["nginx"]),
    configure: |site, command| configure(site, command, "off"),
};

/// Temporary files are switched off: with them nginx writes large answers to the disk when a caller is a moment late.
fn configure(site: &Site<'_>, command: &mut Command, access_log: &str) -> Result<()> {
    let Site { ports, backend, certificate, .. } = site;
    let server = format!(
        "upstream backend {{ server 127.0.0.1:{backend}; keepalive 128; keepalive_requests 1000000000; }}
         server {{
           listen 127.0.0.1:{plain} reuseport backlog=4096;
           listen 127.0.0.1:{tls} ssl http2 reuseport backlog=4096;
           listen 127.0.0.1:{h2c} http2 reuseport backlog=4096;
           ssl_certificate {chain}; ssl_certificate_key {key};
           proxy_max_temp_file_size 0;
           location /bench {{ proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ''; }}
         }}",
        plain = ports.plain,
        tls = ports.tls,
        h2c = ports.h2c,
        chain = certificate.chain_file.display(),
        key = certificate.key_file.display(),
    );
    site.write("nginx.conf", &whole(site.workers, site.connections, access_log, &server))?;
    command.arg("-p").arg(site.folder).args(["-c", "nginx.conf", "-e", "stderr"]);
    Ok(())
}

/// The backend that all others proxy to, one worker: 1 KB, 100 KB, and what takes a body. A request with a body goes
/// through itself once more, because that way its whole body is read before the answer begins.
pub fn backend(folder: &Path) -> Result<Subject> {
    fs::create_dir_all(folder.join("bench"))?;
    fs::write(folder.join("bench/100k"), "x".repeat(100 * 1024))?;
    let ports = Ports::free()?;
    let (port, body) = (ports.plain, "x".repeat(1024));
    let server = format!(
        "open_file_cache max=10;
         upstream itself {{ server 127.0.0.1:{port}; keepalive 128; keepalive_requests 1000000000; }}
         server {{
           listen 127.0.0.1:{port} backlog=4096; root {root};
           location /bench/1k {{ return 200 '{body}'; }}
           location /bench/100k {{ }}
           location /bench/post {{ client_body_buffer_size 64k; proxy_http_version 1.1; proxy_set_header Connection '';
             proxy_pass http://itself/bench/1k; }}
         }}",
        root = folder.display()
    );
    fs::write(folder.join("nginx.conf"), whole(1, 4096, "off", &server))?;
    let mut command = Command::new(program(&["nginx"]).context("nginx is missing")?);
    command.arg("-p").arg(folder).args(["-c", "nginx.conf", "-e", "stderr"]);
    let path = "/bench/1k".to_owned();
    Subject::start(Start {
        command,
        folder: folder.to_owned(),
        ports,
        path,
        headers: Vec::new(),
        limit: START_LIMIT,
    })
}

/// `connections` counts those of callers; as many again may go to the backend.
fn whole(workers: usize, connections: u32, access_log: &str, server: &str) -> String {
    let connections = connections + 1024;
    // Started by root it would give its workers to a user who may not read our folder.
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    format!(
        "{user} daemon off; worker_processes {workers}; pid nginx.pid; error_log stderr error;
         events {{ worker_connections {connections}; }}
         http {{ access_log {access_log}; keepalive_requests 1000000000; keepalive_timeout 75s;
           client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
           scgi_temp_path scgi;
           {server} }}"
    )
}
