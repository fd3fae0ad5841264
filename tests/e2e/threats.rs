//! Bodies that would hurt what is behind: an API behind checkers and size limits, all of it from a file.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use crate::program::{Backend, DataFolder, Gateway, PATIENCE, free_port};
use crate::raw::{Raw, RawAnswer};

const MOST: usize = 100_000;

/// 50,000,000 zeros as Node's `brotliCompressSync` writes them.
const BOMB: &[u8] = &[
    0xcb, 0xff, 0xff, 0x3f, 0xf8, 0x27, 0x00, 0xe2, 0xb1, 0x40, 0x20, 0xf7, 0xfe, 0x8f, 0xff, 0xff, 0x7f,
    0xf0, 0x4f, 0x00, 0xc4, 0x61, 0x11, 0x80, 0xee, 0xfd, 0x1f, 0xff, 0xff, 0xff, 0xe0, 0x9f, 0x00, 0x88,
    0xc3, 0x02, 0x00, 0xdd, 0xfb, 0x3f, 0xfe, 0xff, 0xff, 0xc1, 0x3f, 0x01, 0x10, 0x87, 0x05, 0x00, 0xba,
    0xf7, 0x7f, 0xfc, 0xff, 0xff, 0x83, 0x7f, 0x02, 0x20, 0x0e, 0x0b, 0x00, 0x74, 0xef, 0xff, 0xf2, 0x0f,
    0x5e, 0x0f, 0xff, 0x04, 0x40, 0x1c, 0x16, 0x00, 0xe8, 0xa0, 0xeb, 0x01,
];

fn file(port: u16, backend: &str, answers: &str) -> String {
    format!(
        r#"
gatepost: 1
apis:
  - name: Guarded
    listen: {{port: {port}, base_path: /guarded}}
    upstream: {{url: "{backend}/echo"}}
    policies:
      - policy: request-size-limit
        config: {{max_bytes: {MOST}}}
      - policy: json-threat-protection
      - policy: xml-threat-protection
  - name: Answers
    listen: {{port: {port}, base_path: /answers}}
    upstream: {{url: "{answers}"}}
    policies:
      - policy: response-size-limit
        config: {{max_bytes: 1000}}
"#
    )
}

/// The file in force; the backends live as long as this does.
struct Journey {
    port: u16,
    _gateway: Gateway,
    _backend: Backend,
}

impl Journey {
    fn begin() -> Self {
        let (backend, folder, port) = (Backend::start(), DataFolder::new(), free_port());
        let path = folder.write("gatepost.yaml", &file(port, &backend.url, &long_answers()));
        let gateway = Gateway::start_on(folder, &["--config", path.to_str().expect("UTF-8")]);
        Self { port, _gateway: gateway, _backend: backend }
    }

    /// What comes first, interim or not, when this much has been said.
    fn said(&self, head: &str, body: &[u8]) -> RawAnswer {
        let mut caller = Raw::connect(self.port);
        caller.say(format!("{head}\r\nhost: a\r\n\r\n")).say(body);
        caller.answer().expect("an answer")
    }

    /// One body of an announced length.
    fn posted(&self, content_type: &str, body: &[u8]) -> RawAnswer {
        let length = body.len();
        let head =
            format!("POST /guarded HTTP/1.1\r\ncontent-type: {content_type}\r\ncontent-length: {length}");
        self.said(&head, body)
    }
}

/// Answers 1,001 bytes: announced below `/announced`, in chunks elsewhere.
fn long_answers() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        for caller in listener.incoming().flatten() {
            std::thread::spawn(move || answer_at_length(caller));
        }
    });
    url
}

fn answer_at_length(caller: TcpStream) {
    caller.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let mut reader = BufReader::new(&caller);
    let (mut first, mut line) = (String::new(), String::new());
    let _ = reader.read_line(&mut first);
    while reader.read_line(&mut line).is_ok_and(|length| length > 2) {
        line.clear();
    }
    let body = "a".repeat(1_001);
    let answer = if first.contains("/announced") {
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    } else {
        format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        )
    };
    let _ = (&caller).write_all(answer.as_bytes());
}

#[test]
fn too_long_a_body_is_never_asked_for() {
    let journey = Journey::begin();
    let mut caller = Raw::connect(journey.port);
    let length = MOST + 1;
    caller.say(format!(
        "POST /guarded HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
    ));
    assert_eq!(caller.head().map(|first| first.status), Some(413));
}

#[test]
fn a_body_without_a_length_ends_at_the_limit_and_so_does_a_bomb() {
    let journey = Journey::begin();
    let chunked = "POST /guarded HTTP/1.1\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked";
    let chunk =
        |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n0\r\n\r\n"].concat();
    let whole = journey.said(chunked, &chunk(&vec![b'a'; MOST]));
    assert_eq!(whole.status, 200, "{}", whole.text());
    let long = journey.said(chunked, &chunk(&vec![b'a'; MOST + 1]));
    assert_eq!(long.status, 413);
    assert!(long.text().contains("request-size-limit"), "{}", long.text());
    let bomb = journey.said(&format!("{chunked}\r\ncontent-encoding: br"), &chunk(BOMB));
    assert_eq!(bomb.status, 413);
    let announced = journey.said(
        &format!("POST /guarded HTTP/1.1\r\ncontent-encoding: br\r\ncontent-length: {}", BOMB.len()),
        BOMB,
    );
    assert_eq!(announced.status, 413);
}

#[test]
fn json_and_xml_that_would_hurt_a_parser_never_arrive() {
    let journey = Journey::begin();
    let called = TcpListener::bind("127.0.0.1:0").expect("a free port");
    called.set_nonblocking(true).expect("a socket");
    let elsewhere = called.local_addr().expect("bound");

    assert_eq!(journey.posted("application/json", br#"{"a":[1]}"#).status, 200);
    let twice = journey.posted("application/json", br#"{"a":{"b":1,"b":2}}"#);
    assert_eq!(twice.status, 400);
    assert!(twice.text().contains(r#""pointer":"/a/b""#), "{}", twice.text());
    assert_eq!(journey.posted("application/json", &b"[".repeat(MOST)).status, 400);

    assert_eq!(journey.posted("text/xml", b"<a><b/></a>").status, 200);
    let attack = format!("<!DOCTYPE a [<!ENTITY x SYSTEM 'http://{elsewhere}/x'>]><a>&x;</a>");
    let refused = journey.posted("text/xml", attack.as_bytes());
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("document type"), "{}", refused.text());
    assert!(called.accept().is_err(), "somebody fetched the entity");
}

#[test]
fn too_long_an_answer_is_replaced_while_that_can_be_done_and_else_breaks_off() {
    let journey = Journey::begin();
    let announced = journey.said("GET /answers/announced HTTP/1.1", b"");
    assert_eq!((announced.status, announced.whole), (502, true));
    assert!(announced.text().contains("response-size-limit"), "{}", announced.text());
    let cut = journey.said("GET /answers HTTP/1.1", b"");
    assert_eq!((cut.status, cut.whole), (200, false));
    assert!(cut.body.len() <= 1_000);
}
