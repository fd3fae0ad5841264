//! Upstreams that do wrong: what the caller is told, what is recorded, and that the gateway serves on.

use serde_json::{Value, json};

use crate::faulty::{FINE, Faulty};
use crate::program::{Gateway, free_port, until};
use crate::raw::{Raw, RawAnswer};

/// Longest that the upstreams of these journeys may take to answer, and between two bytes.
const UPSTREAM_LIMIT: &str = "500ms";

/// The upstream gave no answer that could be passed on.
const BEFORE_THE_ANSWER: &[(&str, u16)] = &[
    ("close", 502),
    ("reset", 502),
    ("close-in-head", 502),
    ("reset-in-head", 502),
    ("garbage", 502),
    ("another-protocol", 502),
    ("http-3", 502),
    ("status-99", 502),
    ("status-1000", 502),
    ("two-lengths", 502),
    ("no-number", 502),
    ("length-over-64-bits", 502),
    ("nul-in-header", 502),
    ("no-colon", 502),
    ("huge-head", 502),
    ("endless-head", 502),
    ("many-headers", 502),
    ("unasked-upgrade", 502),
    ("hang", 504),
    ("hang-in-head", 504),
    ("drip-head", 504),
];

/// The answer had begun: the caller must see that it is not whole.
const WITHIN_THE_ANSWER: &[&str] = &[
    "close-in-body",
    "reset-in-body",
    "hang-in-body",
    "close-in-chunk",
    "close-between-chunks",
    "close-in-trailers",
    "no-chunk-size",
    "chunk-over-64-bits",
    "chunk-without-end",
    "endless-chunk-extension",
    "endless-trailers",
];

struct Journey {
    backend: Faulty,
    gateway: Gateway,
    api: i64,
}

impl Journey {
    fn start() -> Self {
        let (backend, gateway) = (Faulty::start(), Gateway::start());
        let api = gateway.manage(
            "POST",
            "/apis",
            json!({
                "name": "Faulty", "listen": {"port": gateway.port, "base_path": "/faulty"},
                "upstream": {"url": backend.url(), "timeouts": {"response": UPSTREAM_LIMIT, "idle": UPSTREAM_LIMIT}},
            }),
        );
        Self { backend, gateway, api: api["id"].as_i64().expect("a number") }
    }

    fn caller(&self) -> Raw {
        Raw::connect(self.gateway.port)
    }

    fn ask(&self, fault: &str) -> Option<RawAnswer> {
        self.caller().say(get(fault)).answer()
    }

    fn assert_serves_on(&self, after: &str) {
        let answer = self.ask("fine").unwrap_or_else(|| panic!("no answer after {after}"));
        assert_eq!((answer.status, answer.text().as_str()), (200, FINE), "after {after}");
    }

    /// The call that met a fault, as it was recorded.
    fn recorded(&self, fault: &str) -> Value {
        let path = format!("/faulty/{fault}");
        let summary = until("the call is recorded", || {
            let page = self.gateway.show("/calls?limit=100");
            page["calls"].as_array()?.iter().find(|call| call["path"] == *path).cloned()
        });
        self.gateway.show(&format!("/calls/{}", summary["id"]))
    }
}

fn get(fault: &str) -> String {
    format!("GET /faulty/{fault} HTTP/1.1\r\nhost: a\r\n\r\n")
}

#[test]
fn an_upstream_without_an_answer_is_502_or_504_and_says_why() {
    let journey = Journey::start();
    for (fault, status) in BEFORE_THE_ANSWER {
        let answer = journey.ask(fault).unwrap_or_else(|| panic!("{fault}: no answer"));
        assert_eq!(answer.status, *status, "{fault}: {}", answer.text());
        assert!(answer.whole, "{fault}");
        let told: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert!(!told.to_string().contains("127.0.0.1"), "{fault} tells what is behind: {told}");
        let call = journey.recorded(fault);
        assert_eq!(call["status"], *status, "{fault}");
        assert!(call["error"].as_str().is_some_and(|error| !error.is_empty()), "{fault}: {call}");
        journey.assert_serves_on(fault);
    }
}

#[test]
fn an_answer_that_breaks_off_is_not_passed_for_a_whole_one() {
    let journey = Journey::start();
    for fault in WITHIN_THE_ANSWER {
        // Where the fault is found before anything was passed on, the connection may end, or the call be refused.
        if let Some(answer) = journey.ask(fault) {
            let is_well = if answer.whole { answer.status == 502 } else { answer.status == 200 };
            assert!(is_well, "{fault} was passed for whole: {} {}", answer.status, answer.text());
        }
        let call = journey.recorded(fault);
        assert!(call["error"].as_str().is_some_and(|error| !error.is_empty()), "{fault}: {call}");
        journey.assert_serves_on(fault);
    }
}

#[test]
fn a_slow_answer_that_keeps_coming_is_waited_for() {
    let journey = Journey::start();
    let answer = journey.ask("drip-body").expect("an answer");
    assert_eq!((answer.status, answer.body.len(), answer.whole), (200, 40, true));
}

#[test]
fn what_an_upstream_says_too_much_reaches_nobody() {
    let journey = Journey::start();
    for (fault, status, body) in [("longer-than-said", 200, FINE), ("body-where-none-belongs", 204, "")] {
        let mut caller = journey.caller();
        for _ in 0..3 {
            let answer = caller.say(get(fault)).answer().expect("an answer");
            assert_eq!((answer.status, answer.text().as_str()), (status, body), "{fault}");
            let next = caller.say(get("fine")).answer().expect("an answer");
            assert_eq!((next.status, next.text().as_str()), (200, FINE), "after {fault}");
        }
    }
}

#[test]
fn a_body_after_head_reaches_nobody() {
    let journey = Journey::start();
    let mut caller = journey.caller();
    for _ in 0..3 {
        caller.say("HEAD /faulty/longer-than-said HTTP/1.1\r\nhost: a\r\n\r\n");
        let answer = caller.head().expect("an answer");
        assert_eq!((answer.status, answer.header("content-length")), (200, Some("4")));
        let next = caller.say(get("fine")).answer().expect("an answer");
        assert_eq!((next.status, next.text().as_str()), (200, FINE));
    }
}

#[test]
fn an_answer_of_two_meanings_never_reaches_the_next_caller() {
    let journey = Journey::start();
    // Refused, or read as chunked and its connection given up (RFC 9112, 6.3).
    let answer = journey.ask("length-and-chunked").expect("an answer");
    assert!(
        answer.status == 502 || (answer.status, answer.text().as_str()) == (200, FINE),
        "{} {}",
        answer.status,
        answer.text()
    );
    let before = journey.backend.connections();
    journey.assert_serves_on("length-and-chunked");
    assert_eq!(journey.backend.connections(), before + 1, "its connection is not used again");
}

#[test]
fn interim_answers_pass_and_a_storm_of_them_ends() {
    let journey = Journey::start();
    let answer = journey.ask("interim-first").expect("an answer");
    assert_eq!((answer.status, answer.text().as_str()), (200, FINE));
    // Either the gateway has had enough of them or the time is over; the caller then sees 502, 504 or the end.
    if let Some(answer) = journey.ask("interim-storm") {
        assert!(matches!(answer.status, 502 | 504), "{}", answer.status);
    }
    journey.assert_serves_on("interim-storm");
}

#[test]
fn an_answer_without_a_length_ends_with_its_connection() {
    let journey = Journey::start();
    let answer = journey.ask("until-close").expect("an answer");
    assert_eq!((answer.status, answer.text().as_str(), answer.whole), (200, FINE, true));
}

#[test]
fn an_early_answer_passes_while_the_request_still_comes() {
    const LENGTH: usize = 8_000_000;
    let journey = Journey::start();
    let mut caller = journey.caller();
    caller.say(format!(
        "POST /faulty/early-answer HTTP/1.1\r\nhost: a\r\ncontent-length: {LENGTH}\r\n\r\nbeginning"
    ));
    let answer = caller.answer().expect("an answer before the request ends");
    assert_eq!((answer.status, answer.text().as_str()), (413, "stop"));
    journey.assert_serves_on("early-answer");
}

#[test]
fn nobody_at_the_upstreams_address_is_502() {
    let gateway = Gateway::start();
    let nobody = free_port();
    gateway.add_api("Nobody", &format!("http://127.0.0.1:{nobody}"));
    let answer = Raw::connect(gateway.port).say("GET /nobody/v1 HTTP/1.1\r\nhost: a\r\n\r\n").answer();
    assert_eq!(answer.expect("an answer").status, 502);
}

#[test]
fn a_caller_that_goes_away_in_the_middle_leaves_no_call_unrecorded() {
    let journey = Journey::start();
    for fault in ["hang", "hang-in-head", "hang-in-body"] {
        let mut caller = journey.caller();
        caller.say(get(fault));
        until("the backend is asked", || {
            journey.backend.requests().iter().any(|head| head.contains(&format!("/{fault} "))).then_some(())
        });
    }
    journey.caller().say("GET /faulty/fi");
    journey.assert_serves_on("callers that left");
    let totals = until("the calls are counted", || {
        let totals = journey.gateway.show(&format!("/analytics?api_id={}", journey.api))["totals"].clone();
        (totals["calls"].as_u64()? >= 4).then_some(totals)
    });
    assert_eq!(totals["calls"], 4, "three that left, one that stayed; a head that never came is no call");
}
