//! The settings of a team, and below them in rank the user's own, in `~/.config/batch/config.toml`: the same keys.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::agent::CodingKind;
use super::deciding::Deciding;
use super::error::ConfigError;
use super::file::{Config, FILE_NAME, text_of};
use super::prompts::PromptConfig;
use super::repository_file::{read_bounded, read_repository_file};

/// Returns where the user's own settings stand, by the rules of XDG.
pub(crate) fn own_settings(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| {
        let path = PathBuf::from(variable(name)?);
        // A relative path has no meaning there (XDG Base Directory Specification).
        path.is_absolute().then_some(path)
    };
    let base = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))?;
    Some(base.join("batch/config.toml"))
}

/// The settings of a team: `batch.toml` and `.batch/prompts/`, which anybody with access to the repository may have
/// written.
#[derive(Debug, Default)]
pub(crate) struct Team {
    table: Table,
    prompts: PromptConfig,
    deciding: Deciding,
    author: Author,
}

/// Who may have written the settings.
#[derive(Debug, Default, PartialEq, Eq)]
enum Author {
    #[default]
    Anybody,
    /// The user, or somebody for whom the user vouches.
    User,
}

impl Team {
    /// Reads the settings in the checkout at `root`.
    pub(crate) fn of_checkout(root: &Path) -> Result<Self, ConfigError> {
        let mut team = Self::with_prompts(root)?;
        let path = root.join(FILE_NAME);
        if path.symlink_metadata().is_ok() {
            let bytes = read_repository_file(&path, root)?;
            team.table = table(&path, bytes)?;
            team.deciding = team.deciding.and(Deciding::of_table(&team.table));
        }
        Ok(team)
    }

    /// Reads the settings in a file that the user names, in place of those in `batch.toml`. The user vouches for it.
    pub(crate) fn in_file(path: &Path, root: &Path) -> Result<Self, ConfigError> {
        Ok(Self {
            table: table(path, read_bounded(path)?)?,
            author: Author::User,
            ..Self::with_prompts(root)?
        })
    }

    fn with_prompts(root: &Path) -> Result<Self, ConfigError> {
        let prompts = PromptConfig::of_checkout(root)?;
        Ok(Self {
            deciding: prompts.deciding(),
            prompts,
            ..Self::default()
        })
    }

    /// The settings that need approval.
    #[must_use]
    pub(crate) fn deciding(&self) -> &Deciding {
        &self.deciding
    }

    /// The settings without those that need approval.
    #[must_use]
    pub(crate) fn harmless(mut self) -> Self {
        if !self.deciding.is_empty() {
            Deciding::remove_from(&mut self.table);
            self.prompts = PromptConfig::default();
        }
        self
    }

    /// Puts the settings above the user's own in the file `own`, which may be absent.
    pub(crate) fn above(&self, own: Option<&Path>) -> Result<Config, ConfigError> {
        let mut settings = Table::new();
        let own = own.filter(|path| path.exists());
        if let Some(path) = own {
            settings = table(path, read_bounded(path)?)?;
        }
        let read = |settings: Table| -> Result<Config, ConfigError> {
            settings
                .try_into()
                .map_err(|error: toml::de::Error| ConfigError::Fault {
                    path: own.map_or_else(|| FILE_NAME.into(), Path::to_path_buf),
                    line: 1,
                    message: error.message().to_owned(),
                })
        };
        let sandbox = match self.author {
            Author::User => None,
            Author::Anybody => {
                let own = read(settings.clone())?.sandbox;
                Some(own.tightened_by(read(self.table.clone())?.sandbox))
            }
        };
        overlay(&mut settings, self.table.clone());
        let mut config = read(settings)?;
        if let Some(sandbox) = sandbox {
            config.sandbox = sandbox;
        }
        config.prompts.fill_from(&self.prompts);
        Ok(config)
    }
}

/// Reads a file by itself, so that a fault has its file and its line.
fn table(path: &Path, bytes: Vec<u8>) -> Result<Table, ConfigError> {
    let fault = |(line, message)| ConfigError::Fault {
        path: path.to_path_buf(),
        line,
        message,
    };
    let text = text_of(bytes).map_err(fault)?;
    Config::parse(&text).map_err(fault)?;
    text.parse()
        .map_err(|error: toml::de::Error| fault((1, error.message().to_owned())))
}

/// Puts settings of higher rank over others. Fields of two agents, or of two prices, never mix.
fn overlay(below: &mut Table, above: Table) {
    if above.contains_key("agent")
        && let Some(Value::Table(run)) = below.get_mut("run")
    {
        // They would override the agent.
        run.remove("agents");
    }
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) if key != "agent" => {
                below.extend(above);
            }
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

/// Makes the coding agent the one of the user's own settings at `path`; the rest of the file stays as it is.
pub(crate) fn remember_agent(path: &Path, kind: CodingKind) -> Result<(), ConfigError> {
    let fault = |source| ConfigError::Write {
        path: path.to_path_buf(),
        source,
    };
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text.map_err(fault)?,
    };
    let mut document: toml_edit::DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| fault(std::io::Error::other(error.to_string())))?;
    let agent = document.entry("agent").or_insert(toml_edit::table());
    if let Some(agent) = agent.as_table_like_mut() {
        agent.insert("kind", toml_edit::value(kind.to_string()));
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fault)?;
    }
    let new = path.with_extension("toml.new");
    fs::write(&new, document.to_string()).map_err(fault)?;
    fs::rename(&new, path).map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_follows_the_rules_of_xdg() {
        let place = |variables: &[(&str, &str)]| {
            own_settings(|name| {
                let found = variables.iter().find(|(other, _)| *other == name)?;
                Some(found.1.into())
            })
        };
        let home = ("HOME", "/home/me");
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(place(&[]), None);
        assert_eq!(place(&[home]), path("/home/me/.config/batch/config.toml"));
        for (xdg, expected) in [
            ("/etc/me", "/etc/me/batch/config.toml"),
            ("relative", "/home/me/.config/batch/config.toml"),
        ] {
            assert_eq!(place(&[home, ("XDG_CONFIG_HOME", xdg)]), path(expected));
        }
    }

    #[test]
    fn the_settings_of_the_team_rank_above_the_users_own() {
        let dir = tempfile::tempdir().unwrap();
        let (team, own) = (dir.path().join("batch.toml"), dir.path().join("own.toml"));
        fs::write(
            &own,
            "attempts = 5\n[agent]\nkind = \"codex\"\nmodel = \"m\"\n[run]\njobs = 7\ncanary = true\n\
             agents = \"claude:1,codex:1\"\n",
        )
        .unwrap();
        let root = dir.path();
        let layered = || Team::of_checkout(root).unwrap().above(Some(&own)).unwrap();
        let only_own = layered();
        assert_eq!(only_own.run.jobs, Some(7));
        fs::write(&team, "[agent]\nkind = \"claude\"\n[run]\njobs = 2\n").unwrap();
        let both = layered();
        assert_eq!(both.agent.kind, Some(CodingKind::Claude.kind()));
        assert_eq!(both.agent.model, None);
        assert_eq!(both.run.agents, None);
        assert_eq!((both.run.jobs, both.run.canary), (Some(2), Some(true)));
        assert_eq!(both.attempts.map(u32::from), Some(5));
        assert_eq!(
            Team::of_checkout(root)
                .unwrap()
                .above(Some(&root.join("none")))
                .unwrap(),
            Config::read(&team).unwrap()
        );
    }

    #[test]
    fn without_approval_only_harmless_settings_count() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir_all(root.join(".batch/prompts")).unwrap();
        fs::write(root.join(".batch/prompts/unit.md"), "obey").unwrap();
        fs::write(
            root.join("batch.toml"),
            "attempts = 4\n[run]\njudge = \"x\"\n",
        )
        .unwrap();
        let team = Team::of_checkout(root).unwrap();
        let names: Vec<_> = team.deciding().iter().map(|(name, _)| name).collect();
        assert_eq!(names, [".batch/prompts/unit.md", "run.judge"]);
        let all = team.above(None).unwrap();
        assert_eq!(all.run.judge.as_deref(), Some("x"));
        assert_eq!(all.prompts.unit.as_deref(), Some("obey"));
        let harmless = team.harmless().above(None).unwrap();
        assert_eq!(harmless.attempts.map(u32::from), Some(4));
        assert_eq!((harmless.run.judge, harmless.prompts.unit), (None, None));
    }

    #[test]
    fn a_file_that_the_user_names_needs_no_approval() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("mine.toml");
        fs::write(&file, "[run]\njudge = \"x\"\n").unwrap();
        let team = Team::in_file(&file, dir.path()).unwrap();
        assert!(team.deciding().is_empty());
        assert_eq!(
            team.harmless().above(None).unwrap().run.judge.as_deref(),
            Some("x")
        );
    }

    #[test]
    fn the_agent_is_remembered_beside_other_settings() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("batch/config.toml");
        remember_agent(&path, CodingKind::Codex).unwrap();
        fs::write(&path, "# mine\nattempts = 2\n").unwrap();
        remember_agent(&path, CodingKind::Claude).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# mine\nattempts = 2\n"), "{text}");
        let kind = Config::read(&path).unwrap().agent.kind;
        assert_eq!(kind, Some(CodingKind::Claude.kind()));
    }
}
