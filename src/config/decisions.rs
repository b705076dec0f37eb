//! What the settings of a run, and the options of an agent, decide: the values behind an approval.

use toml::{Table, Value};

use super::agent::AgentOptions;
use super::deciding::Deciding;
use super::file::Config;

impl Config {
    /// Finds the settings of a run that decide something, flags included. The defaults of batch need no approval.
    pub(crate) fn deciding(&self) -> Result<Deciding, toml::ser::Error> {
        let usual = Deciding::of_table(&Table::try_from(Self::default())?);
        Ok(Deciding::of_table(&Table::try_from(self)?).without(&usual))
    }
}

impl AgentOptions {
    /// Finds the options that decide something, whatever the name of the agent.
    pub(crate) fn deciding(&self) -> Result<Deciding, toml::ser::Error> {
        let mut table = Table::new();
        table.insert("agent".to_owned(), Value::Table(Table::try_from(self)?));
        Ok(Deciding::of_table(&table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_need_no_approval() {
        let none = Config::default().deciding().unwrap();
        assert!(none.is_empty(), "{none:?}");
        let mut config = Config::default();
        config.checks.commands = Some(vec!["true".to_owned()]);
        assert_eq!(config.deciding().unwrap().iter().count(), 1);
    }

    #[test]
    fn an_agent_decides_by_its_command() {
        let options = AgentOptions {
            command: Some("x".to_owned()),
            model: Some("m".to_owned()),
            ..AgentOptions::default()
        };
        let found = options.deciding().unwrap();
        let found: Vec<_> = found.iter().collect();
        assert_eq!(found, [("agent.command", "\"x\"")]);
    }
}
