//! A fixed number of requests a second, whether answers come or not.
//!
//! Each request has a time at which it is due, fixed before the first one is sent, and its latency counts from then. A
//! program that stalls is charged for every request that had to wait meanwhile; a caller that waits for an answer
//! before it asks again would leave those out ("coordinated omission").

use std::num::NonZeroU64;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{CONNECTIONS, Call, Load};
use crate::bench::http::{self, Connection};

/// From the start of the threads to the first request that is due.
const LEAD: Duration = Duration::from_millis(100);
/// A program that is so far behind does not reach the rate, and its latency would tell nothing.
const HOPELESS: Duration = Duration::from_secs(5);

pub fn run(port: u16, call: &Call, per_second: u32, seconds: u32) -> Result<Load> {
    let mut lines = vec![http::host(port)];
    lines.extend_from_slice(&call.headers);
    let request = http::get(&call.path, &lines);
    let begin = Instant::now() + LEAD;
    let latencies = Mutex::new(Ok(Vec::new()));
    thread::scope(|scope| {
        for lane in 0..CONNECTIONS {
            let (request, latencies) = (&request, &latencies);
            scope.spawn(move || {
                let due = due_times(begin, lane, per_second, seconds);
                let taken = drive(port, request, due);
                let mut all = latencies.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                match (taken, all.as_mut()) {
                    (Ok(taken), Ok(all)) => all.extend(taken),
                    (Err(error), Ok(_)) => *all = Err(error),
                    (_, Err(_)) => {}
                }
            });
        }
    });
    let elapsed = begin.elapsed().as_secs_f64();
    let mut latencies = latencies.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)?;
    latencies.sort_unstable();
    Ok(Load {
        requests: latencies.len() as u64,
        per_second: latencies.len() as f64 / elapsed,
        p50_us: percentile(&latencies, 0.50),
        p99_us: percentile(&latencies, 0.99),
    })
}

/// When one connection's requests are due: the connections take turns, evenly.
fn due_times(begin: Instant, lane: u32, per_second: u32, seconds: u32) -> impl Iterator<Item = Instant> {
    let whole = u64::from(per_second) * u64::from(seconds);
    let mine = (u64::from(lane)..whole).step_by(CONNECTIONS as usize);
    mine.map(move |number| begin + Duration::from_nanos(number * 1_000_000_000 / u64::from(per_second)))
}

/// Sends each request when it is due, and gives the latencies in nanoseconds.
fn drive(port: u16, request: &[u8], due: impl Iterator<Item = Instant>) -> Result<Vec<u64>> {
    // The kernel else wakes a sleeper up to 50 µs late, to save wake-ups.
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
    let mut connection = Connection::open(port).context("cannot connect")?;
    let mut latencies = Vec::new();
    for due in due {
        let now = Instant::now();
        if now > due + HOPELESS {
            bail!("it does not reach the rate: {:.1} s behind", (now - due).as_secs_f64());
        }
        thread::sleep(due.saturating_duration_since(now));
        let status = connection.exchange(request).context("a request failed")?.status;
        if status != 200 {
            bail!("a request was answered with {status}");
        }
        latencies.push(u64::try_from(due.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    Ok(latencies)
}

/// The value, in microseconds, that this part of the sorted nanoseconds does not exceed.
fn percentile(sorted: &[u64], part: f64) -> Option<f64> {
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).map(|nanos| *nanos as f64 / 1e3)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_lanes_together_make_the_rate_evenly() {
        let begin = Instant::now();
        let mut all: Vec<_> = (0..CONNECTIONS).flat_map(|lane| due_times(begin, lane, 1_000, 2)).collect();
        all.sort();
        assert_eq!(all.len(), 2_000);
        assert!(all.windows(2).all(|pair| pair[1] - pair[0] == Duration::from_millis(1)));
    }

    #[test]
    fn percentiles_are_ranks() {
        let sorted: Vec<u64> = (1..=100).map(|n| n * 1_000).collect();
        assert_eq!((percentile(&sorted, 0.5), percentile(&sorted, 0.99)), (Some(50.0), Some(99.0)));
        assert_eq!(percentile(&[], 0.99), None);
    }

    #[test]
    fn a_request_that_had_to_wait_is_charged_from_when_it_was_due() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            for _ in 0..3 {
                let mut head = [0; 18];
                stream.read_exact(&mut head).unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
            }
        });
        let (now, late) = (Instant::now(), Duration::from_secs(1));
        let due = [now.checked_sub(late * 2).unwrap(), now.checked_sub(late).unwrap(), now];
        let latencies = drive(port, b"GET / HTTP/1.1\r\n\r\n", due.into_iter()).unwrap();
        assert!(latencies[0] >= 2_000_000_000 && latencies[1] >= 1_000_000_000, "{latencies:?}");
        let hopeless = now.checked_sub(HOPELESS * 2).unwrap();
        assert!(drive(port, b"", [hopeless].into_iter()).is_err());
        server.join().unwrap();
    }
}
