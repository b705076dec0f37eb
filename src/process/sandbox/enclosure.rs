//! A program in its sandbox: how it is started so that the policy holds.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::bwrap;
use super::control_groups::WorkerGroup;
use super::level::{Gap, NoSandbox, SandboxKind, SandboxLevel};
use super::limits::ResourceLimits;
use super::policy::{Access, Policy};
use super::restrictions::Restrictions;
use crate::process::error::ProcessError;

/// What keeps one worker from everything that is not its own.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// An error where no sandbox works and nobody said that there is to be none: then nothing starts.
    level: Box<Result<SandboxLevel, NoSandbox>>,
    policy: Box<Policy>,
}

/// A program as it is started.
#[derive(Debug)]
pub(in crate::process) struct Enclosed {
    program: PathBuf,
    /// The arguments before the program's own.
    args: Vec<OsString>,
    restrictions: Restrictions,
    by: Starter,
}

/// Who the child is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::process) enum Starter {
    /// The worker's own program.
    Itself,
    /// A program that starts the worker's, waits for it, and reports its end as a shell does.
    Wrapper,
}

impl Sandbox {
    /// Enforces the policy as far as the level does.
    pub fn new(level: Result<SandboxLevel, NoSandbox>, policy: Policy) -> Self {
        Self {
            level: Box::new(level),
            policy: Box::new(policy),
        }
    }

    /// Enforces nothing.
    #[cfg(any(test, fuzzing))]
    #[must_use]
    pub fn off() -> Self {
        Self::new(Ok(SandboxLevel::OFF), Policy::default())
    }

    /// Returns whether the worker can make a sandbox of its own inside.
    pub fn nests(&self) -> bool {
        (*self.level).as_ref().is_ok_and(|level| level.nests)
    }

    /// Returns whether something keeps the worker from what is not its own.
    pub fn is_on(&self) -> bool {
        !matches!(&*self.level, Ok(level) if level.kind == SandboxKind::Off)
    }

    /// Lets the worker read a place too.
    #[must_use]
    pub fn showing(mut self, path: &Path) -> Self {
        self.policy.show(path);
        self
    }

    /// Lets the worker read the programs and files in temporary folders that a command of the user names by their full
    /// paths, in words or in lines for a shell. The words of others, such as a prompt, must not come here.
    #[must_use]
    pub fn showing_named_in<W: AsRef<OsStr>>(mut self, command: &[W]) -> Self {
        let is_end = |c: char| c.is_whitespace() || "\"'`;|&<>()=".contains(c);
        for line in command {
            let line = line.as_ref().to_string_lossy();
            for word in line.split(is_end).filter(|word| word.starts_with('/')) {
                self.policy.show_named(Path::new(word));
            }
        }
        self
    }

    /// Lets the worker write to a place too.
    #[must_use]
    pub fn granting(mut self, path: &Path) -> Self {
        self.policy.set(path, Access::Write);
        self
    }

    /// Lets the worker read a place, and write nothing there.
    #[must_use]
    pub fn keeping(mut self, path: &Path) -> Self {
        self.policy.set(path, Access::Read);
        self
    }

    /// Returns how much the worker may use, as far as the user says it.
    pub(in crate::process) fn limits(&self) -> &ResourceLimits {
        &self.policy.limits
    }

    /// Returns how `program` is started in `dir`, and in this group where there is one.
    pub(in crate::process) fn enclose(
        &self,
        program: PathBuf,
        dir: &Path,
        group: Option<&WorkerGroup>,
    ) -> Result<Enclosed, ProcessError> {
        let mut enclosed = self.enclose_alone(program, dir)?;
        let restrictions = &mut enclosed.restrictions;
        restrictions.limits = match group {
            Some(_) => self.policy.limits.of_a_process_in_a_group(),
            None => self.policy.limits.of_a_process(),
        };
        restrictions.entrance = group
            .map(WorkerGroup::entrance)
            .transpose()
            .map_err(|source| ProcessError::Sandbox {
                program: enclosed.program.to_string_lossy().into_owned(),
                source,
            })?;
        Ok(enclosed)
    }

    fn enclose_alone(&self, program: PathBuf, dir: &Path) -> Result<Enclosed, ProcessError> {
        let level = (*self.level).as_ref().map_err(Clone::clone)?;
        if level.kind == SandboxKind::Off {
            return Ok(Enclosed::alone(program));
        }
        let program = in_real_folder(program);
        let dir = &dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
        let name = program.to_string_lossy().into_owned();
        let policy = self.shown(&program);
        let enclosed = match level.kind {
            SandboxKind::Bwrap => in_namespaces(&policy, program, level, dir),
            SandboxKind::Landlock => under_rules(&policy, program),
            SandboxKind::Seatbelt => under_profile(&policy, program),
            SandboxKind::Off => Ok(Enclosed::alone(program)),
        };
        enclosed.map_err(|source| ProcessError::Sandbox {
            program: name,
            source,
        })
    }

    /// Returns the policy under which the program itself can be read, wherever it lies.
    fn shown(&self, program: &Path) -> Policy {
        let mut policy = Policy::clone(&self.policy);
        policy.show(program);
        let real = program.canonicalize();
        let both = [Some(program), real.as_deref().ok()];
        for folder in both.into_iter().flatten().flat_map(installation) {
            // A folder that is everybody's is no program's own.
            let place = folder.canonicalize();
            if !place.is_ok_and(|place| policy.is_scratch(&place)) {
                policy.show(folder);
            }
        }
        policy
    }
}

impl Enclosed {
    fn alone(program: PathBuf) -> Self {
        Self {
            program,
            args: Vec::new(),
            restrictions: Restrictions::default(),
            by: Starter::Itself,
        }
    }

    /// Returns the command that starts the program, and who the child is. The child takes the restrictions upon itself
    /// before it becomes the program.
    pub(in crate::process) fn command(self) -> (Command, Starter) {
        let mut command = Command::new(self.program);
        command.args(self.args);
        let restrictions = self.restrictions;
        #[expect(unsafe_code, reason = "std has no safe call for this")]
        // SAFETY: between fork and exec only system calls are made; nothing is allocated or locked there.
        unsafe {
            command.pre_exec(move || restrictions.apply());
        }
        (command, self.by)
    }
}

#[cfg(target_os = "linux")]
fn in_namespaces(
    policy: &Policy,
    program: PathBuf,
    level: &SandboxLevel,
    dir: &Path,
) -> io::Result<Enclosed> {
    let missing = || io::Error::new(io::ErrorKind::NotFound, "bwrap is no longer on PATH");
    let mut args = bwrap::arguments(policy, dir);
    args.push(program.into());
    let has_scopes = !level.gaps.contains(&Gap::AbstractSockets);
    Ok(Enclosed {
        program: bwrap_program().ok_or_else(missing)?,
        args,
        restrictions: Restrictions {
            rules: has_scopes
                .then(super::landlock::scopes)
                .transpose()?
                .flatten(),
            filter: Some(super::seccomp::beside_namespaces(policy)?),
            ..Restrictions::default()
        },
        by: Starter::Wrapper,
    })
}

#[cfg(target_os = "linux")]
fn under_rules(policy: &Policy, program: PathBuf) -> io::Result<Enclosed> {
    use super::restrictions::Capabilities;
    let unknown = || io::Error::from(io::ErrorKind::Unsupported);
    Ok(Enclosed {
        program,
        args: Vec::new(),
        restrictions: Restrictions {
            rules: Some(super::landlock::rules(policy)?.ok_or_else(unknown)?),
            filter: Some(super::seccomp::beside_landlock(policy)?),
            capabilities: if nix::unistd::geteuid().is_root() {
                Capabilities::Dropped
            } else {
                Capabilities::Kept
            },
            ..Restrictions::default()
        },
        by: Starter::Itself,
    })
}

#[cfg(not(target_os = "linux"))]
fn in_namespaces(_: &Policy, _: PathBuf, _: &SandboxLevel, _: &Path) -> io::Result<Enclosed> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
fn under_rules(_: &Policy, _: PathBuf) -> io::Result<Enclosed> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(target_os = "macos")]
fn under_profile(policy: &Policy, program: PathBuf) -> io::Result<Enclosed> {
    let unnamable = || {
        let why = "its profile cannot name a path that is no text, or has control characters";
        io::Error::new(io::ErrorKind::InvalidInput, why)
    };
    let profile = super::seatbelt::profile(policy).ok_or_else(unnamable)?;
    // It becomes the worker's own program, whose signals and exit code are its own then.
    let mut enclosed = Enclosed::alone(super::seatbelt::PROGRAM.into());
    enclosed.args = vec!["-p".into(), profile.into(), program.into()];
    Ok(enclosed)
}

#[cfg(not(target_os = "macos"))]
fn under_profile(_: &Policy, _: PathBuf) -> io::Result<Enclosed> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns the program by a path without links to folders, which may not be there inside. A link to the program itself
/// stays: many programs ask for the name by which they were called.
fn in_real_folder(program: PathBuf) -> PathBuf {
    let folder = program
        .parent()
        .and_then(|folder| folder.canonicalize().ok());
    match (folder, program.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => program,
    }
}

/// Returns the folders that a program may need of its installation: its own, the one above a `bin`, and the one that
/// holds the packages of node.
fn installation(program: &Path) -> impl Iterator<Item = &Path> {
    let own = program.parent();
    let prefix = own
        .filter(|folder| folder.ends_with("bin"))
        .and_then(Path::parent);
    let packages = program
        .ancestors()
        .filter(|above| above.ends_with("node_modules"));
    let packages = packages.last().and_then(Path::parent);
    own.into_iter().chain(prefix).chain(packages)
}

/// Finds bubblewrap on this process's own `PATH`.
pub(super) fn bwrap_program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH");
    let dir = Path::new("/");
    which::which_in(bwrap::PROGRAM, path, dir).ok()
}
