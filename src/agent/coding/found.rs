//! Which coding agents there are on this machine, and whether they are logged in as far as that can be told without
//! asking anybody.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use regex::Regex;

use super::cli;
use crate::config::CodingKind;
use crate::process::{Capture, find_program};

/// The slowest takes some seconds to tell its version.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is known of a coding agent on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub kind: CodingKind,
    pub program: PathBuf,
    /// By what it is logged in, in words; `None` when nothing was found.
    pub login: Option<String>,
}

/// The coding agent that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub kind: CodingKind,
    /// By what it is logged in, in words.
    pub login: String,
}

/// Why none can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChooseError {
    #[error(
        "no coding agent is installed: there is none of {} on PATH; name another with --agent-cmd",
        names(&CodingKind::ALL)
    )]
    NoneInstalled,
    #[error(
        "none of the installed coding agents ({}) is known to be logged in: log in, or name the one you mean with --agent",
        names(.0)
    )]
    NoneLoggedIn(Vec<CodingKind>),
}

fn names(kinds: &[CodingKind]) -> String {
    let names: Vec<String> = kinds.iter().map(ToString::to_string).collect();
    names.join(", ")
}

impl Found {
    /// The version that its program tells.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        let said = Capture::new(&self.program)
            .args(["--version"])
            .limit(PATIENCE)
            .run()
            .ok()?;
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let number = Regex::new(r"\d+\.\d+\.\d+\S*").ok()?;
        // It may end a sentence.
        Some(
            number
                .find(&said)?
                .as_str()
                .trim_end_matches('.')
                .to_owned(),
        )
    }
}

/// The version of a coding agent that docs/agents.md tells of.
#[must_use]
pub fn tried(kind: CodingKind) -> &'static str {
    cli(kind).tried()
}

/// The first of all coding agents that is installed and logged in, by the variables `parent`.
pub fn choose(
    parent: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Choice, ChooseError> {
    let parent: Vec<_> = parent.into_iter().collect();
    let installed: Vec<Found> = CodingKind::ALL
        .into_iter()
        .filter_map(|kind| find(kind, &parent))
        .collect();
    let kinds = installed.iter().map(|found| found.kind).collect();
    if installed.is_empty() {
        return Err(ChooseError::NoneInstalled);
    }
    installed
        .into_iter()
        .find_map(|Found { kind, login, .. }| login.map(|login| Choice { kind, login }))
        .ok_or(ChooseError::NoneLoggedIn(kinds))
}

/// The coding agent, if its program is on the PATH of the variables `parent`.
#[must_use]
pub fn find(kind: CodingKind, parent: &[(OsString, OsString)]) -> Option<Found> {
    let variable = |name: &str| -> Option<&OsStr> {
        let (_, value) = parent.iter().find(|(other, _)| other.as_os_str() == name)?;
        (!value.is_empty()).then_some(value)
    };
    let here = PathBuf::from(".");
    let program = find_program(&kind.to_string(), &here, variable("PATH"))?;
    let cli = cli(kind);
    let key = cli.keys().iter().find(|key| variable(key).is_some());
    let login = match key {
        Some(key) => Some(format!("by {key}")),
        None => cli
            .login(&variable)
            .filter(|path| path.exists())
            .map(|path| format!("by {}", path.display())),
    };
    Some(Found {
        kind,
        program,
        login,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;

    fn install(folder: &Path, name: &str) {
        let path = folder.join(name);
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn the_first_that_is_installed_and_logged_in_is_chosen() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let mut parent: Vec<(OsString, OsString)> = vec![
            ("PATH".into(), folder.path().into()),
            ("HOME".into(), home.clone().into()),
        ];
        let chosen = |parent: &[(OsString, OsString)]| choose(parent.iter().cloned());
        assert_eq!(chosen(&parent), Err(ChooseError::NoneInstalled));
        install(folder.path(), "claude");
        install(folder.path(), "codex");
        let both = vec![CodingKind::Claude, CodingKind::Codex];
        assert_eq!(chosen(&parent), Err(ChooseError::NoneLoggedIn(both)));
        let login = home.join(".codex/auth.json");
        fs::create_dir_all(home.join(".codex")).unwrap();
        fs::write(&login, "{}").unwrap();
        let choice = chosen(&parent).unwrap();
        assert_eq!(choice.kind, CodingKind::Codex);
        assert_eq!(choice.login, format!("by {}", login.display()));
        parent.push(("ANTHROPIC_API_KEY".into(), "k".into()));
        assert_eq!(chosen(&parent).unwrap().login, "by ANTHROPIC_API_KEY");
    }
}
