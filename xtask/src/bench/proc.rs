//! What the kernel accounts to a process: CPU time of all its threads, and memory.

use std::fs;

use anyhow::{Context, Result};

/// CPU time in microseconds that a process and its living children took, in user and system mode, all threads.
pub fn cpu_us(pid: u32) -> Result<u64> {
    let family = std::iter::once(pid).chain(children(pid));
    let ticks: u64 = family.map(ticks).sum::<Result<u64>>()?;
    Ok(ticks * 1_000_000 / rustix::param::clock_ticks_per_second())
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

/// Processes whose parent this is: nginx's workers.
fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|id| id.parse().ok()).collect()
}

/// Resident and proportional memory in KiB.
pub fn memory_kib(pid: u32) -> Result<(u64, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).context("cannot read smaps_rollup")?;
    let value = |key: &str| {
        text.lines().find_map(|line| line.strip_prefix(key)?.split_whitespace().next()?.parse().ok())
    };
    Ok((value("Rss:").context("no Rss")?, value("Pss:").context("no Pss")?))
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
    fn our_own_process_has_times_and_memory() {
        let pid = std::process::id();
        assert!(cpu_us(pid).is_ok());
        let (rss, pss) = memory_kib(pid).unwrap();
        assert!(rss >= pss && pss > 0);
    }
}
