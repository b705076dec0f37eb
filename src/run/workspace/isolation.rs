//! What the workers of a run may reach: the policy of each checkout.
//!
//! A worker writes to its checkout, to its folder beside it (private git, home) and to its temporary folder. It reads
//! the machine, but for credentials, other units' folders, the state of batch, and what programs leave in temporary
//! folders.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::{CheckNetwork, Config, SandboxChoice, SandboxConfig};
use crate::git::{INCLUDE_FILE, Repo};
use crate::process::sandbox::{
    Access, Network, NoSandbox, Policy, ResourceLimits, Sandbox, SandboxKind, SandboxLevel,
    WantedSandbox, find_level,
};
use crate::run::workspace::credentials::{IN_HOME, OF_THE_SYSTEM, TEMPORARY, WITH_SOCKETS};
use crate::words;

/// A note names at most so many places.
const NAMED: usize = 3;

/// The command of this program that tries what a sandbox keeps from it.
pub const CANARY: &str = "sandbox-canary";

/// The variables that name a folder of tools which workers need wherever it lies.
const TOOLS: [&str; 13] = [
    "CARGO_HOME",
    "RUSTUP_HOME",
    "GOROOT",
    "GOPATH",
    "NVM_DIR",
    "PYENV_ROOT",
    "RBENV_ROOT",
    "VOLTA_HOME",
    "PNPM_HOME",
    "BUN_INSTALL",
    "JAVA_HOME",
    "DOTNET_ROOT",
    "VIRTUAL_ENV",
];

/// The places of the workers in one checkout.
#[derive(Debug)]
pub(crate) struct WorkerPlaces<'a> {
    pub(crate) repo: &'a Repo,
    /// The folder that holds the checkouts of all units and runs.
    pub(crate) all: PathBuf,
    /// The folder with the unit's prompt and files, in the state of batch.
    pub(crate) task: PathBuf,
    /// The caches that the units of the run share.
    pub(crate) caches: PathBuf,
    /// What the workers may write to.
    pub(crate) own: [PathBuf; 3],
}

/// What the workers of a run may reach, as far as it is the same for all of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Isolation {
    settings: SandboxConfig,
    /// What links lead to that every checkout gets.
    linked: Vec<PathBuf>,
}

impl Isolation {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            settings: config.sandbox.clone(),
            linked: Vec::new(),
        }
    }

    /// Lets workers follow the links of the user's that every checkout gets.
    pub(crate) fn with_links(mut self, linked: Vec<PathBuf>) -> Self {
        self.linked = linked;
        self
    }

    /// Returns a sentence about what workers read in folders of temporary files because of such links.
    pub(crate) fn note_on_links(&self) -> Option<String> {
        let real = |folder: &&str| Path::new(folder).canonicalize().ok();
        let temporary: Vec<PathBuf> = TEMPORARY.iter().filter_map(real).collect();
        let is_temporary =
            |path: &&PathBuf| temporary.iter().any(|folder| path.starts_with(folder));
        let shown = self.linked.iter().filter(is_temporary);
        let shown: Vec<String> = shown
            .map(|path| words::line(&path.to_string_lossy()))
            .collect();
        (self.is_on() && !shown.is_empty()).then(|| {
            format!(
                "workers read {}, because links lead there that {INCLUDE_FILE} names",
                words::few(shown.iter(), NAMED)
            )
        })
    }

    /// Returns the level of the sandbox, or why workers cannot be kept from anything here.
    pub(crate) fn level(&self) -> Result<SandboxLevel, NoSandbox> {
        let level = find_level(self.wanted(), &canary()?)?;
        let network = self.settings.check_network.unwrap_or_default();
        match (network, level.kind) {
            (CheckNetwork::Loopback, kind) if kind != SandboxKind::Bwrap => {
                let what = "--check-network loopback";
                Err(NoSandbox::NotAtThisLevel { what, kind })
            }
            (CheckNetwork::Off, kind @ SandboxKind::Off) => {
                let what = "--check-network off";
                Err(NoSandbox::NotAtThisLevel { what, kind })
            }
            _ => Ok(level),
        }
    }

    /// Checks whether something keeps workers from what is not their own.
    pub(crate) fn is_on(&self) -> bool {
        self.wanted() != WantedSandbox::Off
    }

    fn wanted(&self) -> WantedSandbox {
        match self.settings.kind.unwrap_or_default() {
            SandboxChoice::Auto => WantedSandbox::Best,
            SandboxChoice::Bwrap => WantedSandbox::Bwrap,
            SandboxChoice::Landlock => WantedSandbox::Landlock,
            SandboxChoice::Seatbelt => WantedSandbox::Seatbelt,
            SandboxChoice::Off => WantedSandbox::Off,
        }
    }

    /// Returns what keeps agents, setup commands and the like.
    pub(crate) fn sandbox(&self, places: &WorkerPlaces<'_>) -> Sandbox {
        self.with_network(places, Network::On)
    }

    /// Returns what keeps checks.
    pub(crate) fn sandbox_of_checks(&self, places: &WorkerPlaces<'_>) -> Sandbox {
        let network = match self.settings.check_network.unwrap_or_default() {
            CheckNetwork::On => Network::On,
            CheckNetwork::Loopback => Network::Loopback,
            CheckNetwork::Off => Network::Off,
        };
        self.with_network(places, network)
    }

    fn with_network(&self, places: &WorkerPlaces<'_>, network: Network) -> Sandbox {
        let mut policy = if self.is_on() {
            self.policy(places)
        } else {
            Policy::default()
        };
        policy.network = network;
        policy.limits = limits(&self.settings);
        Sandbox::new(self.level(), policy)
    }

    fn policy(&self, places: &WorkerPlaces<'_>) -> Policy {
        let repo = places.repo;
        let home = home();
        let home = home.as_deref();
        let mut policy = Policy::default();
        for folder in WITH_SOCKETS {
            policy.set(Path::new(folder), Access::Hidden);
        }
        // A link into a hidden folder on many systems.
        policy.show(Path::new("/etc/resolv.conf"));
        for folder in TEMPORARY {
            policy.set(Path::new(folder), Access::Scratch);
        }
        for linked in &self.linked {
            policy.show_linked(linked);
        }
        let tools = TOOLS.into_iter().filter_map(env::var_os);
        let path = env::var_os("PATH").unwrap_or_default();
        let programs = env::split_paths(&path).filter(|folder| folder.is_absolute());
        let tools = tools.map(PathBuf::from).chain(home.map(Into::into));
        for folder in programs.chain(tools) {
            policy.show(&folder);
        }
        for folder in [repo.root(), repo.main_checkout(), repo.common_dir()] {
            policy.show(folder);
        }
        let is_above = |path: &Path| path.starts_with(&places.all);
        if !is_above(repo.root()) && !home.is_some_and(is_above) {
            policy.set(&places.all, Access::Hidden);
        }
        policy.set(&repo.state_dir(), Access::Hidden);
        for credential in IN_HOME {
            if let Some(home) = home {
                policy.set(&home.join(credential), Access::Hidden);
            }
        }
        for credential in OF_THE_SYSTEM {
            policy.set(Path::new(credential), Access::Hidden);
        }
        self.apply_settings(&mut policy, home);
        policy.show(&places.task);
        // Without it, tools find no place for what they download, and say so.
        if let Err(error) = fs::create_dir_all(&places.caches) {
            tracing::warn!("{} cannot be made: {error}", places.caches.display());
        }
        for own in places.own.iter().chain([&places.caches]) {
            policy.set(own, Access::Write);
        }
        policy
    }

    fn apply_settings(&self, policy: &mut Policy, home: Option<&Path>) {
        let expand = |path: &PathBuf| SandboxConfig::expand(path, home);
        let settings = &self.settings;
        for path in settings.hide.iter().map(expand) {
            policy.set(&path, Access::Hidden);
        }
        for path in settings.show.iter().map(expand) {
            policy.set(&path, Access::Read);
        }
        for path in settings.write.iter().map(expand) {
            policy.set(&path, Access::Write);
        }
        for path in settings.sockets.iter().map(expand) {
            policy.allow_socket(&path);
        }
    }
}

/// Returns the level of the sandbox with these settings, or why workers cannot be kept from anything here.
pub fn sandbox_level(config: &Config) -> Result<SandboxLevel, NoSandbox> {
    Isolation::of(config).level()
}

/// Returns the first limit of the settings that allows workers more than what is usual.
pub fn limit_above_usual(settings: &SandboxConfig) -> Option<&'static str> {
    limits(settings).above_usual()
}

fn limits(settings: &SandboxConfig) -> ResourceLimits {
    ResourceLimits {
        memory: settings.memory.map(|bytes| bytes.0),
        processes: settings.processes,
        file_size: settings.file_size.map(|bytes| bytes.0),
        open_files: settings.open_files,
    }
}

/// Returns the home of the user.
pub(crate) fn home() -> Option<PathBuf> {
    let home = PathBuf::from(env::var_os("HOME")?);
    home.is_absolute().then_some(home)
}

/// Returns the words that start a canary.
fn canary() -> Result<Vec<OsString>, NoSandbox> {
    let program = env::current_exe().map_err(|error| NoSandbox::None {
        why: format!("this program cannot start itself: {error}"),
    })?;
    Ok(vec![program.into(), CANARY.into()])
}
