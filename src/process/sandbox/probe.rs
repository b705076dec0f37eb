//! Finds out which kind of sandbox works on this machine, by running a canary in each.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::canary::{Attempts, Ground};
use super::enclosure::{Sandbox, bwrap_program};
use super::level::{Gap, NoSandbox, SandboxKind, SandboxLevel};
use super::policy::{Access, Policy};
use crate::process::{Capture, Environment};

/// The canary takes milliseconds.
const LIMIT: Duration = Duration::from_mins(1);

/// The kinds that this system can have, the better one first.
#[cfg(not(target_os = "macos"))]
const KINDS: &[SandboxKind] = &[SandboxKind::Bwrap, SandboxKind::Landlock];
#[cfg(target_os = "macos")]
const KINDS: &[SandboxKind] = &[SandboxKind::Seatbelt];

/// Which sandbox the user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WantedSandbox {
    /// The best that works.
    Best,
    Bwrap,
    Landlock,
    Seatbelt,
    Off,
}

/// What was found out. It holds as long as this process runs.
static FOUND: Mutex<BTreeMap<WantedSandbox, Result<SandboxLevel, NoSandbox>>> =
    Mutex::new(BTreeMap::new());

/// Returns the level of the sandbox that works here. `canary` are the program and the first words that start a canary.
pub fn find_level(wanted: WantedSandbox, canary: &[OsString]) -> Result<SandboxLevel, NoSandbox> {
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    found
        .entry(wanted)
        .or_insert_with(|| look(wanted, canary))
        .clone()
}

fn look(wanted: WantedSandbox, canary: &[OsString]) -> Result<SandboxLevel, NoSandbox> {
    let only = |kind| tried(kind, canary).map_err(|why| NoSandbox::NotThis { kind, why });
    match wanted {
        WantedSandbox::Off => Ok(SandboxLevel::OFF),
        WantedSandbox::Bwrap => only(SandboxKind::Bwrap),
        WantedSandbox::Landlock => only(SandboxKind::Landlock),
        WantedSandbox::Seatbelt => only(SandboxKind::Seatbelt),
        WantedSandbox::Best => {
            let mut reasons = Vec::new();
            for kind in KINDS {
                match tried(*kind, canary) {
                    Ok(level) => return Ok(level),
                    Err(why) => reasons.push(format!("{kind}: {why}")),
                }
            }
            Err(NoSandbox::None {
                why: reasons.join("; "),
            })
        }
    }
}

/// Runs a canary in a sandbox of this kind.
fn tried(kind: SandboxKind, canary: &[OsString]) -> Result<SandboxLevel, String> {
    if !KINDS.contains(&kind) {
        let others = if kind == SandboxKind::Seatbelt {
            "macOS"
        } else {
            "Linux"
        };
        return Err(format!("only {others} has it"));
    }
    if kind == SandboxKind::Bwrap && bwrap_program().is_none() {
        return Err("the program bwrap is not on PATH".to_owned());
    }
    let attempts = run(kind, canary).map_err(|error| error.to_string())?;
    if let Some(first) = attempts.broke.first() {
        return Err(format!("a canary inside could {first}"));
    }
    if let Some(first) = attempts.could_not.first() {
        return Err(format!("a canary inside could not {first}"));
    }
    let gaps = [
        (Gap::Signals, attempts.signals),
        (Gap::AbstractSockets, attempts.abstract_sockets),
        (Gap::Outliving, kind != SandboxKind::Bwrap),
    ];
    Ok(SandboxLevel {
        kind,
        nests: attempts.nests,
        gaps: gaps
            .into_iter()
            .filter(|(_, is)| *is)
            .map(|(gap, _)| gap)
            .collect(),
    })
}

fn run(kind: SandboxKind, canary: &[OsString]) -> io::Result<Attempts> {
    let folder = tempfile::Builder::new().prefix("batch-canary-").tempdir()?;
    let ground = Ground::in_folder(&folder.path().canonicalize()?);
    let hidden = ground.secret.parent().unwrap_or(&ground.shown);
    std::fs::create_dir_all(hidden)?;
    std::fs::create_dir_all(&ground.own)?;
    std::fs::write(&ground.secret, "a secret")?;
    let _socket = UnixListener::bind(&ground.socket)?;
    let name = format!("batch-canary-{}", std::process::id());
    #[cfg(target_os = "linux")]
    let _outside = {
        use std::os::linux::net::SocketAddrExt;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&name)?;
        UnixListener::bind_addr(&address)
    };
    let mut policy = Policy::default();
    policy.set(&ground.shown, Access::Read);
    policy.set(hidden, Access::Hidden);
    policy.set(&ground.own, Access::Write);
    let tried = SandboxLevel {
        kind,
        nests: false,
        gaps: Vec::new(),
    };
    let (program, words) = canary
        .split_first()
        .ok_or_else(|| io::Error::other("there is no canary"))?;
    // As a worker sees them: those of a git hook would lead its git to the user's repository.
    let variables = Environment::for_worker(std::env::vars_os(), &[]);
    let out = Capture::new(program)
        .environment(variables)
        .args(words)
        .args([folder.path()])
        .args([std::process::id().to_string(), name])
        .dir(&ground.own)
        .sandbox(Sandbox::new(Ok(tried), policy))
        .limit(LIMIT)
        .run()
        .map_err(io::Error::other)?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        let last = said.lines().last().unwrap_or("it ended without a word");
        return Err(io::Error::other(last.to_owned()));
    }
    let mut attempts: Attempts = serde_json::from_slice(&out.stdout)?;
    if Path::exists(&ground.written()) {
        attempts.broke.push("write to another file".to_owned());
    }
    Ok(attempts)
}
