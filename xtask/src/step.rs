//! One external command: said before it runs, timed, and with the fix named when it fails.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::counts::Counts;

/// Terminal colours, by their escape code.
pub const RED: &str = "31";
pub const GREEN: &str = "32";
pub const DIM: &str = "2";
pub const BOLD: &str = "1";

/// Colours a text when it goes to a terminal, and leaves it alone in a log.
pub fn paint(colour: &str, text: &str) -> String {
    if std::io::stdout().is_terminal() { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
}

/// How long a test runner may take before it counts as hanging, what it compiles included.
const RUNNER_ENDS_WITHIN: Duration = Duration::from_secs(25 * 60);

/// Process groups that are running, to be ended when we are.
static GROUPS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// The step that has the terminal, by process id; 0 for none.
static FOREGROUND: AtomicU32 = AtomicU32::new(0);

/// An external command with what it is for.
#[must_use]
pub struct Step {
    what: String,
    command: Command,
    fix: Option<String>,
    foreground: bool,
    ends_within: Duration,
}

impl Step {
    /// `what` says in a few words what the step does; it is printed before and in the failure.
    pub fn new(what: &str, program: impl AsRef<OsStr>) -> Self {
        Self {
            what: what.to_owned(),
            command: Command::new(program),
            fix: None,
            foreground: false,
            ends_within: RUNNER_ENDS_WITHIN,
        }
    }

    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    pub fn dir(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// What its user can do when the step fails.
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// How long its test runner may take.
    #[cfg(test)]
    fn within(mut self, limit: Duration) -> Self {
        self.ends_within = limit;
        self
    }

    /// Keeps the terminal: for what asks for a password or is to be ended by Ctrl-C itself.
    pub fn foreground(mut self) -> Self {
        self.foreground = true;
        self
    }

    /// Runs it with its output on ours.
    pub fn run(mut self) -> Result<()> {
        let started = self.announce();
        let mut child = self.spawn()?;
        let status = child.wait().with_context(|| self.failure())?;
        FOREGROUND.store(0, Ordering::Relaxed);
        end_group(child.id());
        self.conclude(started, status)
    }

    /// Runs it quietly and gives its standard output.
    pub fn output(mut self) -> Result<String> {
        self.command.stdin(Stdio::null()).stderr(Stdio::piped());
        let output = self.command.output().with_context(|| self.failure())?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{} ({}): {}", self.failure(), output.status, said.trim());
        }
        String::from_utf8(output.stdout).with_context(|| format!("{}: its output is not text", self.what))
    }

    /// Runs a test runner: passes its output on and reads its summary. A runner that counted no test has failed, and
    /// so has one that hangs: it is ended, with all that it started.
    pub fn tests(mut self) -> Result<Counts> {
        let started = self.announce();
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.spawn()?;
        let (leader, limit) = (child.id(), self.ends_within);
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let (ended, watched) = channel::<()>();
        let (counts, status, hung) = std::thread::scope(|scope| {
            let out = scope.spawn(|| out.map(|pipe| pass_on(pipe, false)).unwrap_or_default());
            let err = scope.spawn(|| err.map(|pipe| pass_on(pipe, true)).unwrap_or_default());
            let hung = scope.spawn(move || {
                let hung = watched.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
                if hung {
                    kill_group(leader);
                }
                hung
            });
            let status = child.wait();
            drop(ended);
            // What a runner left behind holds the pipes open: it ends before they are waited for.
            end_group(child.id());
            let counts = out.join().unwrap_or_default() + err.join().unwrap_or_default();
            (counts, status, hung.join().unwrap_or_default())
        });
        let status = status.with_context(|| self.failure())?;
        if hung {
            say_end(started, false);
            bail!("{}: it hung, and was ended after {} s", self.what, limit.as_secs());
        }
        if status.success() && counts.passed == 0 {
            bail!("{}: no test ran", self.what);
        }
        if status.success() || counts.failed > 0 {
            say_end(started, status.success());
            return Ok(counts);
        }
        self.conclude(started, status).map(|()| counts)
    }

    fn announce(&self) -> Instant {
        println!("\n{} {}", paint(BOLD, "▸"), paint(BOLD, &self.what));
        Instant::now()
    }

    fn spawn(&mut self) -> Result<Child> {
        if !self.foreground {
            self.command.stdin(Stdio::null());
            own_group(&mut self.command);
        }
        let child = self.command.spawn().with_context(|| self.failure())?;
        if self.foreground {
            FOREGROUND.store(child.id(), Ordering::Relaxed);
        } else {
            groups().insert(child.id());
        }
        Ok(child)
    }

    fn conclude(&self, started: Instant, status: std::process::ExitStatus) -> Result<()> {
        say_end(started, status.success());
        if status.success() { Ok(()) } else { bail!("{} ({status})", self.failure()) }
    }

    fn failure(&self) -> String {
        let what = &self.what;
        match &self.fix {
            Some(fix) => format!("{what}: failed. {fix}"),
            None => format!("{what}: failed. The command was {:?}", self.command),
        }
    }
}

fn say_end(started: Instant, well: bool) {
    let seconds = started.elapsed().as_secs_f64();
    let mark = if well { paint(GREEN, "✓") } else { paint(RED, "✗") };
    println!("{mark} {}", paint(DIM, &format!("{seconds:.1} s")));
}

/// Prints a runner's lines as they come and adds up the counts in them.
fn pass_on(pipe: impl Read, to_stderr: bool) -> Counts {
    let mut counts = Counts::default();
    let mut lines = BufReader::new(pipe);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line);
        if to_stderr {
            eprint!("{text}");
        } else {
            print!("{text}");
        }
        counts = counts + Counts::of_line(&text);
        line.clear();
    }
    counts
}

fn groups() -> std::sync::MutexGuard<'static, BTreeSet<u32>> {
    GROUPS.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(unix)]
fn own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn own_group(_command: &mut Command) {}

/// Starts a command whose life is its owner's to watch, in a group of its own: a signal to us ends it too. When it is
/// over, [`end_group`] forgets it.
#[cfg(target_os = "linux")]
pub fn start_in_group(command: &mut Command) -> std::io::Result<Child> {
    own_group(command);
    let child = command.stdin(Stdio::null()).spawn()?;
    groups().insert(child.id());
    Ok(child)
}

/// Ends whatever a finished command left running in its group.
pub fn end_group(leader: u32) {
    if groups().remove(&leader) {
        signal_group(leader);
    }
}

#[cfg(unix)]
fn process(id: u32) -> Option<rustix::process::Pid> {
    i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw)
}

#[cfg(unix)]
fn signal_group(leader: u32) {
    if let Some(group) = process(leader) {
        // Nobody left in the group is the usual case, and not a fault.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
    }
}

#[cfg(not(unix))]
fn signal_group(_leader: u32) {}

/// Ends a group that hangs, which may be deaf to anything gentler.
#[cfg(unix)]
fn kill_group(leader: u32) {
    if let Some(group) = process(leader) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

#[cfg(not(unix))]
fn kill_group(_leader: u32) {}

/// Ctrl-C and SIGTERM end the running steps too: they have groups of their own and would not hear of it.
#[cfg(unix)]
pub fn end_children_on_signals() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        for signal in &mut signals {
            // A step in the foreground hears Ctrl-C itself, is told of the rest, and when it ends so do we.
            if let Some(foreground) = process(FOREGROUND.load(Ordering::Relaxed)) {
                if signal != SIGINT {
                    let _ = rustix::process::kill_process(foreground, rustix::process::Signal::TERM);
                }
                continue;
            }
            std::mem::take(&mut *groups()).into_iter().for_each(signal_group);
            std::process::exit(128 + signal);
        }
    });
}

#[cfg(not(unix))]
pub fn end_children_on_signals() {}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Step {
        Step::new("Try a script", "sh").args(["-c", script])
    }

    #[test]
    fn a_failure_names_the_step_and_the_fix() {
        let error = shell("exit 3").fix("Do this.").run().unwrap_err().to_string();
        assert!(
            error.contains("Try a script") && error.contains("Do this.") && error.contains('3'),
            "{error}"
        );
    }

    #[test]
    fn a_missing_program_names_the_fix() {
        let error = Step::new("Look", "no-such-program-anywhere").fix("Install it.").run().unwrap_err();
        assert!(error.to_string().contains("Install it."));
    }

    #[test]
    fn output_gives_what_was_printed() {
        assert_eq!(shell("echo hello").output().unwrap(), "hello\n");
        assert!(shell("echo oh >&2; exit 1").output().unwrap_err().to_string().contains("oh"));
    }

    #[test]
    fn a_runner_that_counted_nothing_has_failed() {
        assert!(shell("echo done").tests().is_err());
    }

    #[test]
    fn a_runner_is_counted() {
        let counts = shell("echo 'test result: ok. 3 passed; 0 failed; 0 ignored'").tests().unwrap();
        assert_eq!((counts.passed, counts.failed), (3, 0));
    }

    #[test]
    fn a_runner_that_hangs_is_ended_with_all_that_it_started() {
        let started = Instant::now();
        // Deaf to a polite signal, and with a child that holds its output.
        let script = "trap '' TERM; sleep 600 & echo 'test result: ok. 1 passed; 0 failed'; wait";
        let error = shell(script).within(Duration::from_millis(100)).tests().unwrap_err().to_string();
        assert!(error.contains("hung"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn what_a_step_left_running_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        // The runner counts a test, leaves a child holding its output, and goes.
        let script = format!(
            "sleep 600 & echo $! > {}; echo '1 passed; 0 failed' | sed 's/^/test result: ok. /'",
            file.display()
        );
        shell(&script).tests().unwrap();
        let pid: i32 = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        let ended = || match std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())) {
            Ok(stat) => stat.contains(") Z "),
            Err(_) => true,
        };
        let deadline = Instant::now() + std::time::Duration::from_secs(5);
        while !ended() {
            assert!(Instant::now() < deadline, "the child lives on");
            std::thread::yield_now();
        }
    }
}
