//! What this machine is called.

use std::process::Command;
use std::sync::LazyLock;

use gatepost_model::Host;

/// Asked once; a machine seldom changes its name.
static NAME: LazyLock<Option<String>> = LazyLock::new(|| {
    let from_system = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let from_environment = || std::env::var("COMPUTERNAME").ok();
    // Unix without /proc, macOS among them, has this program.
    let from_program = || {
        let said = Command::new("hostname").output().ok()?;
        String::from_utf8(said.stdout).ok()
    };
    let name = from_system().or_else(from_environment).or_else(from_program)?;
    Host::parse(name.trim()).ok().map(|host| host.as_str().to_owned())
});

/// Names and addresses under which programs on this machine call it, `localhost` first.
pub fn machine_hosts() -> Vec<String> {
    let mut hosts: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    if let Some(name) = NAME.as_ref().filter(|name| !hosts.contains(name)) {
        hosts.push(name.clone());
    }
    hosts
}
