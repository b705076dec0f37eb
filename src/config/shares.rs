//! How units are spread over several agents: `claude:3,codex:2`.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{AgentKind, AgentOptions, AgentOptionsError, AgentSpec, Config};

/// A larger share says nothing that a smaller one could not: a plan has at most 500 units.
const MOST: u32 = 1000;

/// Names of agents, each once, with how much of the work they get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shares(Vec<(String, NonZeroU32)>);

/// One of several agents that share the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// A kind of agent, or the name of a table in batch.toml.
    pub name: String,
    pub share: NonZeroU32,
    pub options: AgentOptions,
}

impl FromStr for Shares {
    type Err = String;

    /// `claude:3,codex:2`; a name alone has one share.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut shares: Vec<(String, NonZeroU32)> = Vec::new();
        for part in text.split(',') {
            let fault = || {
                format!(
                    "{part:?} in {text:?} is no agent with its share: write claude:3,codex:2, with shares of 1 to {MOST}"
                )
            };
            let (name, share) = match part.rsplit_once(':') {
                Some((name, share)) => (name, share.trim().parse().map_err(|_| fault())?),
                None => (part, NonZeroU32::MIN),
            };
            let name = name.trim();
            if name.is_empty() || share.get() > MOST {
                return Err(fault());
            }
            if shares.iter().any(|(known, _)| known == name) {
                return Err(format!(
                    "{name:?} stands in {text:?} twice: give each agent one share"
                ));
            }
            shares.push((name.to_owned(), share));
        }
        Ok(Self(shares))
    }
}

impl fmt::Display for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, share)) in self.0.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            write!(f, "{comma}{name}:{share}")?;
        }
        Ok(())
    }
}

impl Serialize for Shares {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Shares {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl Config {
    /// The agents that share the work; none where one does all of it.
    ///
    /// # Errors
    /// When one of them does not exist, is not a whole agent, or is the codemod.
    pub fn members(&self) -> Result<Vec<Member>, AgentOptionsError> {
        let Some(Shares(shares)) = &self.run.agents else {
            return Ok(Vec::new());
        };
        let member = |(name, share): &(String, NonZeroU32)| {
            let options = self.agent_called(name)?;
            match options.resolve()? {
                AgentSpec::Codemod(_) => Err(AgentOptionsError::Shared(name.clone())),
                AgentSpec::Coding(_) | AgentSpec::Command(_) => Ok(Member {
                    name: name.clone(),
                    share: *share,
                    options,
                }),
            }
        };
        shares.iter().map(member).collect()
    }

    /// The one agent, or the first of those that share the work: who does what is done once.
    ///
    /// # Errors
    /// When there is none.
    pub fn first_agent(&self) -> Result<AgentOptions, AgentOptionsError> {
        let first = self.members()?.into_iter().next();
        Ok(first.map_or_else(|| self.agent.clone(), |member| member.options))
    }

    /// The agent of a table in batch.toml, or of a kind.
    ///
    /// # Errors
    /// When there is neither.
    pub fn agent_called(&self, name: &str) -> Result<AgentOptions, AgentOptionsError> {
        match (self.agents.get(name), AgentKind::of(name)) {
            (Some(options), _) => Ok(options.clone()),
            (None, Some(kind)) => Ok(AgentOptions {
                kind: Some(kind),
                ..AgentOptions::default()
            }),
            (None, None) => Err(AgentOptionsError::Unknown {
                name: name.to_owned(),
                known: self.agents.keys().cloned().collect(),
            }),
        }
    }

    /// Whether the settings name who does the work, and that can be had.
    ///
    /// # Errors
    /// When they do not.
    pub fn check_agents(&self) -> Result<(), AgentOptionsError> {
        if self.members()?.is_empty() {
            self.agent.resolve()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_and_written() {
        let written = |text: &str| text.parse::<Shares>().map(|shares| shares.to_string());
        assert_eq!(
            written(" claude:3, codex").as_deref(),
            Ok("claude:3,codex:1")
        );
        for wrong in ["", "claude:", "claude:0", "claude:1001", ":2", "a,,b"] {
            let said = written(wrong).unwrap_err();
            assert!(said.contains("is no agent with its share"), "{said}");
        }
        assert!(written("a:1,a:2").unwrap_err().contains("twice"));
    }

    #[test]
    fn members_are_kinds_or_names_of_tables_and_never_a_codemod() {
        let config = |shares: &str| {
            let text = format!(
                "[agents.fast]\nkind = \"claude\"\nmodel = \"m\"\n[agents.swap]\nregex = \"a\"\nto = \"b\"\n[run]\nagents = {shares:?}\n"
            );
            Config::parse(&text).unwrap()
        };
        let members = config("fast:2,codex").members().unwrap();
        let names: Vec<&str> = members.iter().map(|member| &*member.name).collect();
        assert_eq!(names, ["fast", "codex"]);
        assert_eq!(members[0].options.model.as_deref(), Some("m"));
        let said = |shares| config(shares).members().unwrap_err().to_string();
        assert!(said("slow").contains("there is no agent \"slow\""));
        assert!(said("fast,auto").contains("auto is a choice"));
        assert!(said("fast,swap").contains("swap is a codemod"));
    }
}
