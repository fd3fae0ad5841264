//! Bodies of a gigabyte cost no memory: they pass as they come.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use crate::program::{Gateway, PATIENCE};

const BODY: u64 = 1 << 30;
const PIECE: usize = 64 * 1_024;

/// Most memory that both bodies together may cost, in KiB.
const MAX_GROWTH: u64 = 20 * 1_024;

#[test]
fn a_gigabyte_each_way_stays_under_20_mb() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let gateway = Gateway::start();
    gateway.add_api("Big", &format!("http://{}", listener.local_addr().unwrap()));
    let server = std::thread::spawn(move || {
        let both = [listener.accept().unwrap().0, listener.accept().unwrap().0];
        both.map(|stream| std::thread::spawn(move || serve(stream))).map(|serving| serving.join().unwrap())
    });
    let process = gateway.program.id();
    reset_peak(process);
    let before = memory(process, "VmRSS:");

    let down = ask(&gateway, "GET /big/v1 HTTP/1.1\r\nhost: a\r\n\r\n");
    let mut up =
        ask(&gateway, &format!("POST /big/v1 HTTP/1.1\r\nhost: a\r\ncontent-length: {BODY}\r\n\r\n"));
    let uploading = std::thread::spawn(move || {
        write_body(&mut up);
        let mut status = String::new();
        BufReader::new(up).read_line(&mut status).unwrap();
        assert!(status.contains(" 200 "), "{status}");
    });
    let mut down = BufReader::with_capacity(PIECE, down);
    skip_head(&mut down);
    assert_eq!(read_body(&mut down), BODY);
    uploading.join().unwrap();
    server.join().unwrap();

    let growth = memory(process, "VmHWM:").saturating_sub(before);
    assert!(growth < MAX_GROWTH, "{growth} KiB more than before");
}

fn ask(gateway: &Gateway, head: &str) -> TcpStream {
    let mut caller = TcpStream::connect((Ipv4Addr::LOCALHOST, gateway.port)).unwrap();
    caller.set_read_timeout(Some(PATIENCE)).unwrap();
    caller.write_all(head.as_bytes()).unwrap();
    caller
}

/// Takes the body of a POST, gives one to a GET.
fn serve(stream: TcpStream) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reader = BufReader::with_capacity(PIECE, stream);
    let is_upload = skip_head(&mut reader).starts_with("POST");
    let mut writer = reader.get_ref().try_clone().unwrap();
    if is_upload {
        assert_eq!(read_body(&mut reader), BODY);
        writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    } else {
        writer.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {BODY}\r\n\r\n").as_bytes()).unwrap();
        write_body(&mut writer);
    }
}

/// Reads a head; gives its first line.
fn skip_head(reader: &mut impl BufRead) -> String {
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap() > 2 {
        line.clear();
    }
    first
}

fn write_body(writer: &mut impl Write) {
    let piece = vec![b'x'; PIECE];
    for _ in 0..BODY / PIECE as u64 {
        writer.write_all(&piece).unwrap();
    }
}

fn read_body(reader: &mut impl Read) -> u64 {
    let mut piece = vec![0; PIECE];
    let mut total = 0;
    while total < BODY {
        let read = reader.read(&mut piece).unwrap();
        assert!(read > 0, "ended after {total} bytes");
        total += read as u64;
    }
    total
}

/// Lets the kernel begin its measure of the peak anew (proc_pid_clear_refs(5)).
fn reset_peak(process: u32) {
    fs::write(format!("/proc/{process}/clear_refs"), "5").unwrap();
}

/// One of a process's figures, in KiB.
fn memory(process: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
