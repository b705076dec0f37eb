//! The user's own login and settings of a coding agent: the one secret that the agent is given in its sandbox.
//!
//! A program renews its login and writes it back, so it gets the folder of the login to write to. What decides there
//! what the program does for the user later, such as hooks, stays as it is.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::adapter::Adapter;
use crate::agent::task::Task;

/// What programs obey in the folder of their login, so far as it exists.
const OBEYED: [&str; 20] = [
    "AGENTS.md",
    "CLAUDE.md",
    "GEMINI.md",
    "agents",
    "commands",
    "config.json",
    "config.toml",
    "extensions",
    "hooks",
    "keybindings.json",
    "mcp.json",
    "output-styles",
    "plugins",
    "policies",
    "prompts",
    "rules",
    "settings.json",
    "settings.local.json",
    "skills",
    "statusline.sh",
];

/// A file of settings beside the folder of the login, which claude needs to take its user for one that it knows.
const BESIDE: &str = ".claude.json";

/// The user's own login.
#[derive(Debug, Clone)]
pub(super) struct Login {
    /// The user's home.
    home: PathBuf,
    folder: PathBuf,
}

impl Login {
    /// Finds the login of a program by the user's variables.
    pub(super) fn find(adapter: &dyn Adapter, variables: &[(OsString, OsString)]) -> Option<Self> {
        let value = |name: &str| -> Option<&OsStr> {
            let found = variables.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_os_str())
        };
        let file = adapter.login_file(&value)?;
        let folder = file.parent().filter(|folder| folder.is_dir())?;
        Some(Self {
            home: value("HOME").map(PathBuf::from)?,
            folder: folder.to_path_buf(),
        })
    }

    /// Returns the task in which the program finds the login.
    pub(super) fn open(&self, task: &Task) -> Task {
        let mut task = task.clone();
        let mut sandbox = task.sandbox.granting(&self.folder);
        for name in OBEYED {
            sandbox = sandbox.keeping(&self.folder.join(name));
        }
        if self.folder.parent() == Some(&self.home) && self.folder.ends_with(".claude") {
            sandbox = sandbox.granting(&self.home.join(BESIDE));
        }
        task.sandbox = sandbox;
        if let Some(own) = task.environment.get("HOME").map(PathBuf::from) {
            let below = |path: &str| Path::new(&own).join(path);
            task.environment
                .set("XDG_STATE_HOME", below(".local/state"));
            task.environment.set("XDG_CONFIG_HOME", below(".config"));
        }
        task.environment.set("HOME", &self.home);
        task
    }
}
