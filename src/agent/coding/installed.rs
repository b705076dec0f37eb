//! Finds the coding agents on this machine, and whether they are logged in as far as variables and files show.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use regex::Regex;

use super::adapters::adapter;
use crate::agent::project_settings::ProjectSettings;
use crate::config::CodingKind;
use crate::process::{Capture, find_program};

/// The slowest program takes some seconds to print its version.
const PATIENCE: Duration = Duration::from_secs(20);

/// A coding agent on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InstalledAgent {
    pub(crate) kind: CodingKind,
    pub(crate) program: PathBuf,
    /// How it is logged in, in words; `None` when no login was found.
    pub(crate) login: Option<String>,
}

/// The coding agent that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChosenAgent {
    pub(crate) kind: CodingKind,
    /// How it is logged in, in words.
    pub(crate) login: String,
}

/// Why no coding agent can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChooseError {
    #[error(
        "no agent was named, and no coding agent is installed (PATH has none of {}): install one and log in, name any \
         program with --agent-cmd, or use a codemod (--rewrite … --to …, --regex … --to …, --rule FILE)",
        names(&CodingKind::ALL)
    )]
    NoneInstalled,
    #[error(
        "none of the installed coding agents ({}) is known to be logged in: log in, or name one with --agent",
        names(.0)
    )]
    NoneLoggedIn(Vec<CodingKind>),
}

fn names(kinds: &[CodingKind]) -> String {
    let names: Vec<String> = kinds.iter().map(ToString::to_string).collect();
    names.join(", ")
}

impl InstalledAgent {
    /// Asks its program for the version.
    #[must_use]
    pub(crate) fn version(&self) -> Option<String> {
        let output = Capture::new(&self.program)
            .args(["--version"])
            .limit(PATIENCE)
            .run()
            .ok()?;
        let output = String::from_utf8_lossy(&output.stdout).into_owned();
        let number = Regex::new(r"\d+\.\d+\.\d+\S*").ok()?;
        // A full stop may follow it.
        Some(
            number
                .find(&output)?
                .as_str()
                .trim_end_matches('.')
                .to_owned(),
        )
    }
}

/// Returns the files of a repository that a coding agent would obey.
#[must_use]
pub(crate) fn project_settings(kind: CodingKind) -> ProjectSettings {
    adapter(kind).project_settings()
}

/// Returns the version of a coding agent that docs/agents.md describes.
#[must_use]
pub(crate) fn tested_version(kind: CodingKind) -> &'static str {
    adapter(kind).tested_version()
}

/// Returns the first coding agent that is installed and logged in, going by the variables `parent`.
pub(crate) fn choose(
    parent: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<ChosenAgent, ChooseError> {
    choices(parent).map(|(first, _)| first)
}

/// Returns the coding agents that are installed and logged in: the first, and the others.
pub(crate) fn choices(
    parent: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<(ChosenAgent, Vec<ChosenAgent>), ChooseError> {
    let parent: Vec<_> = parent.into_iter().collect();
    let installed: Vec<InstalledAgent> = CodingKind::ALL
        .into_iter()
        .filter_map(|kind| find_installed(kind, &parent))
        .collect();
    let kinds = installed.iter().map(|installed| installed.kind).collect();
    if installed.is_empty() {
        return Err(ChooseError::NoneInstalled);
    }
    let mut chosen = installed
        .into_iter()
        .filter_map(|InstalledAgent { kind, login, .. }| {
            login.map(|login| ChosenAgent { kind, login })
        });
    let first = chosen.next().ok_or(ChooseError::NoneLoggedIn(kinds))?;
    Ok((first, chosen.collect()))
}

/// Returns the coding agent, if its program is on the PATH of the variables `parent`.
#[must_use]
pub(crate) fn find_installed(
    kind: CodingKind,
    parent: &[(OsString, OsString)],
) -> Option<InstalledAgent> {
    let variable = |name: &str| -> Option<&OsStr> {
        let (_, value) = parent.iter().find(|(other, _)| other.as_os_str() == name)?;
        (!value.is_empty()).then_some(value)
    };
    let here = PathBuf::from(".");
    let program = find_program(&kind.to_string(), &here, variable("PATH"))?;
    let adapter = adapter(kind);
    let key = adapter.keys().iter().find(|key| variable(key).is_some());
    let login = match key {
        Some(key) => Some(format!("by {key}")),
        None => adapter
            .login_file(&variable)
            .filter(|path| path.exists())
            .map(|path| format!("by {}", path.display())),
    };
    Some(InstalledAgent {
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
    fn the_first_agent_that_is_installed_and_logged_in_is_chosen() {
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
