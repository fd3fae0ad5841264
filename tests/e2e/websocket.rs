//! WebSocket through the gateway, both ends by tungstenite: what a caller and a server say passes as it is.

use std::net::{Ipv4Addr, TcpListener, TcpStream};

use serde_json::json;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message, WebSocket, accept_with_config, client};

use crate::program::{Gateway, PATIENCE, until};

const BIG: usize = 16 << 20;

/// Echoes messages on every connection; a message `close` makes it close with 4005.
fn echo_server() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut socket = accept_with_config(stream, Some(config())).expect("a handshake");
                while let Ok(message) = socket.read() {
                    let answer = match message {
                        Message::Text(text) if text == "close" => Message::Close(Some(CloseFrame {
                            code: CloseCode::Library(4_005),
                            reason: "as asked".into(),
                        })),
                        Message::Text(_) | Message::Binary(_) => message,
                        _ => continue,
                    };
                    if socket.send(answer).is_err() {
                        return;
                    }
                }
            });
        }
    });
    format!("http://{address}")
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default().max_message_size(Some(2 * BIG)).max_frame_size(Some(2 * BIG))
}

fn connect(gateway: &Gateway) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, gateway.port)).expect("the gateway accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let (socket, answer) =
        client(format!("ws://127.0.0.1:{}/sockets/v1", gateway.port), stream).expect("a handshake");
    assert_eq!(answer.status(), 101);
    assert!(answer.headers().contains_key("x-request-id"));
    socket
}

/// The next message that is no pong.
fn read(socket: &mut WebSocket<TcpStream>) -> Message {
    loop {
        match socket.read().expect("a message") {
            Message::Pong(_) => {}
            message => return message,
        }
    }
}

#[test]
fn messages_pings_fragments_and_closes_pass_both_ways() {
    let gateway = Gateway::start();
    gateway.add_api("Sockets", &echo_server());
    let mut socket = connect(&gateway);
    for message in [
        Message::text("hello"),
        Message::text(""),
        Message::binary(vec![0, 255]),
        Message::binary(vec![7; BIG]),
        Message::text("x".repeat(70_000)),
    ] {
        socket.send(message.clone()).expect("sent");
        assert!(read(&mut socket) == message, "another message came back");
    }

    socket.send(Message::Ping(Bytes::from_static(b"there?"))).expect("sent");
    assert_eq!(socket.read().expect("a pong"), Message::Pong(Bytes::from_static(b"there?")));

    for (text, code, last) in
        [("frag", Data::Text, false), ("men", Data::Continue, false), ("ts", Data::Continue, true)]
    {
        let frame = Frame::message(text.as_bytes().to_vec(), OpCode::Data(code), last);
        socket.send(Message::Frame(frame)).expect("sent");
    }
    assert_eq!(read(&mut socket), Message::text("fragments"));

    socket.send(Message::text("close")).expect("sent");
    let closed = CloseFrame { code: CloseCode::Library(4_005), reason: "as asked".into() };
    assert_eq!(read(&mut socket), Message::Close(Some(closed)));
    assert!(matches!(socket.read(), Err(Error::ConnectionClosed)), "and the connection ends in good order");
}

#[test]
fn a_socket_is_one_call_counted_when_it_ends() {
    let gateway = Gateway::start();
    let (api, _) = gateway.add_api("Sockets", &echo_server());
    let mut socket = connect(&gateway);
    for _ in 0..10 {
        socket.send(Message::binary(vec![1; 1_000])).expect("sent");
        assert_eq!(read(&mut socket).len(), 1_000);
    }
    let totals = || gateway.show(&format!("/analytics?api_id={api}"))["totals"]["calls"].clone();
    assert_eq!(totals(), json!(0), "it has not ended");
    drop(socket);
    let call = until("the call is recorded", || gateway.show("/calls")["calls"].get(0).cloned());
    assert_eq!(call["status"], 101);
    for way in ["request_bytes", "response_bytes"] {
        assert!(call[way].as_u64().is_some_and(|bytes| (10_000..12_000).contains(&bytes)), "{call}");
    }
}

#[test]
fn a_save_does_not_end_a_socket() {
    let gateway = Gateway::start();
    let (api, _) = gateway.add_api("Sockets", &echo_server());
    let mut socket = connect(&gateway);
    gateway.apply(api, "rate-limiting", json!({"limits": [{"requests": 1, "per": "1h"}]}));
    socket.send(Message::text("still there")).expect("sent");
    assert_eq!(read(&mut socket), Message::text("still there"));
}

#[test]
fn a_policy_refuses_before_the_server_is_asked() {
    let gateway = Gateway::start();
    let (api, _) = gateway.add_api("Sockets", "http://127.0.0.1:1");
    gateway.apply(api, "client-id-enforcement", json!({}));
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, gateway.port)).expect("the gateway accepts");
    let refused = client(format!("ws://127.0.0.1:{}/sockets/v1", gateway.port), stream);
    let error = refused.expect_err("refused").to_string();
    assert!(error.contains("401"), "{error}");
}

#[test]
fn stopping_ends_open_sockets() {
    let gateway = Gateway::start();
    gateway.add_api("Sockets", &echo_server());
    let mut socket = connect(&gateway);
    socket.send(Message::text("open")).expect("sent");
    assert_eq!(read(&mut socket), Message::text("open"));
    let Gateway { program, folder: _folder, .. } = gateway;
    assert_eq!(program.terminate(), Some(0), "within the time that a drain may take");
    assert!(socket.read().is_err());
}
