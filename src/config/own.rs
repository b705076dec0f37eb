//! The user's own settings, in `~/.config/batch/config.toml`: the keys of `batch.toml`, below it in rank.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::agent::CodingKind;
use super::error::ConfigError;
use super::file::Config;

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

impl Config {
    /// Reads the settings of a team above the user's own. Either may be absent.
    pub(crate) fn layered(team: Option<&Path>, own: Option<&Path>) -> Result<Self, ConfigError> {
        let own = own.filter(|path| path.exists());
        let (Some(path), team) = (own, team) else {
            return team.map_or_else(|| Ok(Self::default()), Self::read);
        };
        // Each is read by itself first, so that a fault has its file and its line.
        let own = Self::read(path)?;
        let Some(team) = team else {
            return Ok(own);
        };
        Self::read(team)?;
        let mut table = table(path)?;
        overlay(&mut table, self::table(team)?);
        table
            .try_into()
            .map_err(|error: toml::de::Error| ConfigError::Fault {
                path: path.to_path_buf(),
                line: 1,
                message: error.message().to_owned(),
            })
    }
}

fn table(path: &Path) -> Result<Table, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_path_buf(),
        source,
    })?;
    text.parse()
        .map_err(|error: toml::de::Error| ConfigError::Fault {
            path: path.to_path_buf(),
            line: 1,
            message: error.message().to_owned(),
        })
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
        let only_own = Config::layered(None, Some(&own)).unwrap();
        assert_eq!(only_own.run.jobs, Some(7));
        fs::write(&team, "[agent]\nkind = \"claude\"\n[run]\njobs = 2\n").unwrap();
        let both = Config::layered(Some(&team), Some(&own)).unwrap();
        assert_eq!(both.agent.kind, Some(CodingKind::Claude.kind()));
        assert_eq!(both.agent.model, None);
        assert_eq!(both.run.agents, None);
        assert_eq!((both.run.jobs, both.run.canary), (Some(2), Some(true)));
        assert_eq!(both.attempts.map(u32::from), Some(5));
        assert_eq!(
            Config::layered(Some(&team), Some(&dir.path().join("none"))).unwrap(),
            Config::read(&team).unwrap()
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
