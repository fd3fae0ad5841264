//! What the kernel accounts to a process and its children: CPU time of all threads, and memory.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// A program has written behind what it had to when it takes no more than a tick of CPU in this time...
const STILL: Duration = Duration::from_millis(300);
/// ... and this is how long we wait for that.
const STILL_LIMIT: Duration = Duration::from_secs(5);

/// CPU time in microseconds that a process and its living children took, in user and system mode, all threads.
pub fn cpu_us(pid: u32) -> Result<u64> {
    Ok(family_ticks(pid)? * 1_000_000 / rustix::param::clock_ticks_per_second())
}

/// The CPU time once the program is idle: what it does later for the requests of now is part of their price.
pub fn still_cpu_us(pid: u32) -> Result<u64> {
    let started = Instant::now();
    let mut last = family_ticks(pid)?;
    loop {
        std::thread::sleep(STILL);
        let now = family_ticks(pid)?;
        if now <= last + 1 || started.elapsed() > STILL_LIMIT {
            return cpu_us(pid);
        }
        last = now;
    }
}

fn family_ticks(pid: u32) -> Result<u64> {
    family(pid).into_iter().map(ticks).sum()
}

fn ticks(pid: u32) -> Result<u64> {
    let stat =
        fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid} is gone"))?;
    parse_ticks(&stat).with_context(|| format!("cannot read the times of process {pid}"))
}

/// utime and stime, fields 14 and 15 of proc_pid_stat(5); the name before them may contain anything but ends at the last `)`.
fn parse_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ').skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// A process and those whose parent it is: nginx's workers.
fn family(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    std::iter::once(pid).chain(text.split_whitespace().filter_map(|id| id.parse().ok())).collect()
}

/// Memory of a program in MB (10^6 bytes): what is resident for a process alone; for several the sum of their
/// proportional sizes, since what they share would count twice.
pub fn memory_mb(pid: u32) -> Result<f64> {
    let family = family(pid);
    let key = if family.len() == 1 { "Rss:" } else { "Pss:" };
    let kib = family.into_iter().map(|pid| rollup_kib(pid, key)).sum::<Result<u64>>()?;
    Ok(kib as f64 * 1024.0 / 1e6)
}

fn rollup_kib(pid: u32, key: &str) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
        .with_context(|| format!("cannot read the memory of process {pid}"))?;
    parse_rollup(&text, key).with_context(|| format!("process {pid} has no {key}"))
}

fn parse_rollup(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key)?.split_whitespace().next()?.parse().ok())
}

/// Raises our limit on open files, which the programs that we start inherit, as far as it may go.
pub fn raise_file_limit() -> Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).context("cannot raise the file limit")
}

/// Fails when fewer files than this may be open in one process.
pub fn need_files(count: u64) -> Result<()> {
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < count => bail!("needs {count} open files, and `ulimit -Hn` allows {limit}"),
        _ => Ok(()),
    }
}

/// The one-minute load average: how busy the machine was with other things.
pub fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(f64::NAN)
}

/// The processor's name.
pub fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_behind_a_name_with_blanks_and_brackets() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 3 0 100 1000 10";
        assert_eq!(parse_ticks(stat), Some(300));
        assert_eq!(parse_ticks("nonsense"), None);
    }

    #[test]
    fn reads_the_memory_that_is_asked_for() {
        let text =
            "00400000-7fff ---p 00000000 00:00 0  [rollup]\nRss:        2048 kB\nPss:         512 kB\n";
        assert_eq!((parse_rollup(text, "Rss:"), parse_rollup(text, "Pss:")), (Some(2048), Some(512)));
        assert_eq!(parse_rollup(text, "Swap:"), None);
    }

    #[test]
    fn our_own_process_has_times_and_memory() {
        let pid = std::process::id();
        assert!(cpu_us(pid).is_ok());
        assert!(memory_mb(pid).unwrap() > 0.0);
    }

    #[test]
    fn more_files_than_the_limit_are_refused() {
        assert!(need_files(1).is_ok());
        if getrlimit(Resource::Nofile).current.is_some() {
            assert!(need_files(u64::MAX).unwrap_err().to_string().contains("ulimit"));
        }
    }
}
