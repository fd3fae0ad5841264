//! Bodies pass as they come, both ways.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::program::{Backend, Gateway, caller, get};

#[test]
fn the_first_part_of_an_answer_arrives_before_its_last_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let gateway = Gateway::start();
    let (_, url) = gateway.add_api("Parts", &format!("http://{}", listener.local_addr().unwrap()));
    let mut caller = TcpStream::connect(("127.0.0.1", gateway.port)).unwrap();
    caller.set_read_timeout(Some(crate::program::PATIENCE)).unwrap();
    let path = url.split_once("/parts").map(|(_, rest)| format!("/parts{rest}")).unwrap();
    write!(caller, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();

    let (mut upstream, _) = listener.accept().unwrap();
    read_head(&upstream);
    upstream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n").unwrap();
    let mut answer = BufReader::new(caller);
    read_until(&mut answer, "first");
    upstream.write_all(b"4\r\nlast\r\n0\r\n\r\n").unwrap();
    read_until(&mut answer, "last");
}

#[test]
fn the_first_part_of_a_request_arrives_before_its_last_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let gateway = Gateway::start();
    gateway.add_api("Parts", &format!("http://{}", listener.local_addr().unwrap()));
    let mut caller = TcpStream::connect(("127.0.0.1", gateway.port)).unwrap();
    write!(caller, "POST /parts/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nfirst").unwrap();
    let (upstream, _) = listener.accept().unwrap();
    upstream.set_read_timeout(Some(crate::program::PATIENCE)).unwrap();
    let mut received = BufReader::new(upstream);
    read_until(&mut received, "first");
    caller.write_all(b"last").unwrap();
    read_until(&mut received, "last");
}

#[test]
fn a_long_answer_is_whole() {
    let (backend, gateway) = (Backend::start(), Gateway::start());
    let (_, url) = gateway.add_api("Bytes", &format!("{}/bytes", backend.url));
    let answer = get(&caller(), &format!("{url}/5000000"), &[]);
    assert_eq!((answer.status, answer.body.len()), (200, 5_000_000));
}

fn read_head(stream: &TcpStream) {
    stream.set_read_timeout(Some(crate::program::PATIENCE)).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap() > 2 {
        line.clear();
    }
}

fn read_until(reader: &mut impl Read, text: &str) {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&seen).ends_with(text) {
        reader.read_exact(&mut byte).unwrap_or_else(|error| {
            panic!("`{text}` did not come, only `{}`: {error}", String::from_utf8_lossy(&seen))
        });
        seen.push(byte[0]);
    }
}
