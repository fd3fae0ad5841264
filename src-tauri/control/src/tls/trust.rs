//! How to let programs trust the local authority, and how to take that back, system by system.

use serde::Serialize;
use utoipa::ToSchema;

/// What to do on one system or in one program.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TrustGuide {
    /// For programs: `debian`, `fedora`, `macos`, `windows`, `firefox`, `curl`.
    id: &'static str,
    /// For people.
    title: &'static str,
    /// To trust it. The certificate is in the current folder, in a file called `gatepost-local-authority.crt`.
    trust: Vec<TrustStep>,
    /// To trust it no more.
    undo: Vec<TrustStep>,
}

/// One step.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TrustStep {
    /// What to do.
    text: &'static str,
    /// To be pasted into a terminal, where there is something to paste.
    command: Option<String>,
}

fn paste(text: &'static str, command: &str) -> TrustStep {
    TrustStep { text, command: Some(command.to_owned()) }
}

fn click(text: &'static str) -> TrustStep {
    TrustStep { text, command: None }
}

/// All of them, for the certificate with this serial number in hex.
pub fn guides(serial: &str) -> Vec<TrustGuide> {
    let forget_on_windows = format!("certutil -user -delstore Root {serial}");
    vec![
        TrustGuide {
            id: "debian",
            title: "Debian and Ubuntu",
            trust: vec![
                paste(
                    "Put it among the authorities of the system.",
                    "sudo cp gatepost-local-authority.crt /usr/local/share/ca-certificates/",
                ),
                paste("Take it over.", "sudo update-ca-certificates"),
            ],
            undo: vec![
                paste(
                    "Take it out.",
                    "sudo rm /usr/local/share/ca-certificates/gatepost-local-authority.crt",
                ),
                paste("Take that over.", "sudo update-ca-certificates --fresh"),
            ],
        },
        TrustGuide {
            id: "fedora",
            title: "Fedora and Red Hat",
            trust: vec![
                paste(
                    "Put it among the authorities of the system.",
                    "sudo cp gatepost-local-authority.crt /etc/pki/ca-trust/source/anchors/",
                ),
                paste("Take it over.", "sudo update-ca-trust"),
            ],
            undo: vec![
                paste(
                    "Take it out.",
                    "sudo rm /etc/pki/ca-trust/source/anchors/gatepost-local-authority.crt",
                ),
                paste("Take that over.", "sudo update-ca-trust"),
            ],
        },
        TrustGuide {
            id: "macos",
            title: "macOS",
            trust: vec![paste(
                "Put it into the system's keychain as a trusted root.",
                "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain gatepost-local-authority.crt",
            )],
            undo: vec![paste(
                "Take it out.",
                "sudo security remove-trusted-cert -d gatepost-local-authority.crt",
            )],
        },
        TrustGuide {
            id: "windows",
            title: "Windows",
            trust: vec![paste(
                "Put it among your trusted roots, in a terminal.",
                "certutil -user -addstore Root gatepost-local-authority.crt",
            )],
            undo: vec![paste("Take it out.", &forget_on_windows)],
        },
        TrustGuide {
            id: "firefox",
            title: "Firefox",
            trust: vec![
                click("Open Settings, Privacy & Security, Certificates, View Certificates, Authorities."),
                click(
                    "Choose Import, pick gatepost-local-authority.crt, and tick that it may identify websites.",
                ),
            ],
            undo: vec![click("In the same list choose Gatepost, then Delete or Distrust.")],
        },
        TrustGuide {
            id: "curl",
            title: "curl",
            trust: vec![paste(
                "Name it with each call; nothing else is changed.",
                "curl --cacert gatepost-local-authority.crt https://localhost:8443/",
            )],
            undo: Vec::new(),
        },
    ]
}
