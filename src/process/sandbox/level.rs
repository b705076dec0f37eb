//! What keeps workers from everything that is not their own, on one machine.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxKind {
    /// Namespaces, made by the program bubblewrap.
    Bwrap,
    /// Rules of the kernel for files, sockets and signals, and a filter of system calls.
    Landlock,
    /// A profile of files, sockets and processes that the kernel of macOS enforces.
    Seatbelt,
    /// Nothing keeps a worker from anything.
    Off,
}

/// Something that a sandbox does not keep workers from on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// Processes outside can be signalled.
    Signals,
    /// Abstract sockets of processes outside can be connected to.
    AbstractSockets,
    /// A process that leaves its group goes on after its unit.
    Outliving,
}

/// What keeps workers from everything that is not their own, as the canary found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxLevel {
    pub kind: SandboxKind,
    /// Whether a worker can make a sandbox of its own inside.
    pub nests: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

impl SandboxLevel {
    /// No sandbox.
    pub const OFF: Self = Self {
        kind: SandboxKind::Off,
        nests: true,
        gaps: Vec::new(),
    };

    /// Says what holds, in a sentence without an end.
    #[must_use]
    pub fn words(&self) -> String {
        let holds = match self.kind {
            SandboxKind::Bwrap => "bubblewrap",
            SandboxKind::Landlock => "Landlock and seccomp",
            SandboxKind::Seatbelt => "Seatbelt",
            SandboxKind::Off => {
                return "off: a worker can read and change everything that you can".to_owned();
            }
        };
        let gaps: Vec<String> = self.gaps.iter().map(ToString::to_string).collect();
        if gaps.is_empty() {
            holds.to_owned()
        } else {
            format!("{holds}; not kept apart here: {}", gaps.join(", "))
        }
    }
}

impl fmt::Display for SandboxKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bwrap => "bwrap",
            Self::Landlock => "landlock",
            Self::Seatbelt => "seatbelt",
            Self::Off => "off",
        })
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Signals => "signals to other processes",
            Self::AbstractSockets => "abstract sockets",
            Self::Outliving => "processes that leave their group outlive their unit",
        })
    }
}

/// What a person can do about it.
const INSTALL: &str = if cfg!(target_os = "macos") {
    ""
} else {
    "install bubblewrap (apt-get install bubblewrap, dnf install bubblewrap), or "
};

/// Why workers cannot be kept from what is not their own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSandbox {
    #[error(
        "no sandbox works on this machine ({why}), so a worker could read and change everything that you can: {}say \
         --sandbox off to run without one",
        INSTALL
    )]
    None { why: String },
    #[error(
        "--sandbox {kind} does not work on this machine: {why}; --sandbox auto takes what works, and --sandbox off \
         runs without one"
    )]
    NotThis { kind: SandboxKind, why: String },
    #[error("{what} needs bubblewrap, and the sandbox is {kind}")]
    NotAtThisLevel {
        what: &'static str,
        kind: SandboxKind,
    },
}
