//! `batch.toml`: what a team wants of every run in its repository. Flags win over it, field by field.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::agent::AgentOptions;
use super::amounts::{AgentCaps, BestOf, Budget, Tokens};
use super::choices::{
    Caches, ForgeChoice, Grouping, MergeMethod, Order, Planner, PushChoice, ReviewersFrom,
};
use super::error::ConfigError;
use super::prompts::PromptConfig;
use super::repository::{ForkChoice, RepoName};
use super::shares::Shares;
use super::success::{MinSuccess, PublishWhen};
use super::time::{Limit, Rate};
use super::unit_range::UnitRange;

/// The name of the file in the root of a checkout.
pub const FILE_NAME: &str = "batch.toml";

/// All settings of a run; every table and field may be absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    pub agent: AgentOptions,
    /// Further agents, each chosen by its name.
    pub agents: BTreeMap<String, AgentOptions>,
    /// How long one agent may work on its unit.
    pub agent_timeout: Option<Limit>,
    /// How long one agent may be silent.
    pub idle_timeout: Option<Limit>,
    /// How often one agent may work on its unit.
    pub attempts: Option<NonZeroU32>,
    /// How many exchanges with its model one agent may have, how many tokens it may use, and how much it may cost.
    pub agent_turns: Option<u64>,
    pub agent_tokens: Option<Tokens>,
    pub agent_budget: Option<Budget>,
    /// What agents are told.
    pub prompts: PromptConfig,
    /// What tokens of a model cost, by its name.
    pub prices: BTreeMap<String, Price>,
    pub plan: PlanConfig,
    pub worktrees: WorktreeConfig,
    pub checks: CheckConfig,
    pub publish: PublishConfig,
    pub run: RunConfig,
    pub environment: EnvironmentConfig,
    pub github: GitHubConfig,
}

/// `[prices.MODEL]`: US dollars for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Price {
    pub input: f64,
    /// Of those out of a cache; as `input` when absent.
    pub cached: Option<f64>,
    pub output: f64,
}

/// `[plan]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PlanConfig {
    /// The revision to start from.
    pub base: Option<String>,
    pub units: Option<UnitRange>,
    pub by: Option<Grouping>,
    pub order: Option<Order>,
    pub planner: Option<Planner>,
}

/// `[worktrees]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct WorktreeConfig {
    /// A template with `{repo}`, `{run}` and `{unit}`, relative to the main checkout.
    pub dir: Option<String>,
    /// A shell line that prepares each new worktree.
    pub setup: Option<String>,
    pub setup_timeout: Option<Limit>,
    /// Keep the worktrees of published units too.
    pub keep: Option<bool>,
}

/// `[checks]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct CheckConfig {
    /// Shell lines, run in the worktree's root; `None` finds the checks by itself, an empty list runs none.
    pub commands: Option<Vec<String>>,
    pub timeout: Option<Limit>,
}

/// `[publish]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PublishConfig {
    pub forge: Option<ForgeChoice>,
    pub remote: Option<String>,
    /// Where pull requests are opened, when that is not the repository of the remote's address.
    pub repo: Option<RepoName>,
    /// Whether branches are pushed to a fork.
    pub fork: Option<ForkChoice>,
    pub push: Option<PushChoice>,
    pub draft: Option<bool>,
    /// Whether continuous integration is to run for the commits.
    pub ci: Option<bool>,
    pub when: Option<PublishWhen>,
    /// How fast pull requests are opened.
    pub pace: Option<Rate>,
    /// How many of a run's pull requests are open at once.
    pub max_open: Option<NonZeroUsize>,
    /// How many of a run's pull requests are open at once for one owner of files.
    pub max_open_per_owner: Option<NonZeroUsize>,
    /// How many of a run's pull requests have checks that run at once.
    pub max_pending_checks: Option<NonZeroUsize>,
    /// A template with `{run}` and `{unit}`.
    pub branch: Option<String>,
    /// Templates of the pull request's title and body, and of the commit message.
    pub title: Option<String>,
    pub body: Option<String>,
    pub commit: Option<String>,
    pub labels: Vec<String>,
    /// People, or teams as `owner/team`.
    pub reviewers: Vec<String>,
    pub team_reviewers: Vec<String>,
    /// Who else is asked for a review.
    pub reviewers_from: Option<ReviewersFrom>,
    /// How many are asked at most, where not all of them were named.
    pub max_reviewers: Option<usize>,
    pub assignees: Vec<String>,
    /// A title, or a number.
    pub milestone: Option<String>,
    /// One issue lists all pull requests of a run.
    pub tracking_issue: Option<bool>,
    /// The forge merges by itself what may be merged, in this way.
    pub auto_merge: Option<MergeMethod>,
}

/// GitHub takes no more for one pull request.
pub const MOST_REVIEWERS: usize = 15;

/// `[run]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RunConfig {
    /// How many agents work at once.
    pub jobs: Option<usize>,
    /// Several agents that share the work; they win over `[agent]`.
    pub agents: Option<Shares>,
    /// How often each unit is done, each time from nothing, so that the best is taken.
    pub best_of: Option<BestOf>,
    /// A shell line that says which of several works that are else alike is the best.
    pub judge: Option<String>,
    /// How many units must come to a good end; all unless given.
    pub min_success: Option<MinSuccess>,
    /// What all agents together may cost before no further one is started.
    pub budget: Option<Budget>,
    /// How many tokens all agents together may use before no further one is started.
    pub max_tokens: Option<Tokens>,
    /// How long after its beginning the run starts no further agent.
    pub deadline: Option<Limit>,
    /// Have one unit done first, and go on when somebody has accepted it.
    pub canary: Option<bool>,
}

/// `[environment]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct EnvironmentConfig {
    /// Variables that agents and checks may see although their names look like credentials.
    pub pass: Vec<String>,
    /// Variables to set for agents and checks.
    pub set: BTreeMap<String, String>,
    /// Whose caches package managers and compilers use.
    pub caches: Caches,
}

/// `[github]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct GitHubConfig {
    /// The REST address of a GitHub Enterprise Server, `https://HOST/api/v3`.
    pub api_url: Option<String>,
}

impl Config {
    /// How much one agent may use up.
    #[must_use]
    pub fn agent_caps(&self) -> AgentCaps {
        AgentCaps {
            turns: self.agent_turns,
            tokens: self.agent_tokens,
            budget: self.agent_budget,
        }
    }

    /// Reads `path`.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(&text).map_err(|(line, message)| ConfigError::Fault {
            path: path.to_path_buf(),
            line,
            message,
        })
    }

    /// Reads the `batch.toml` of a checkout, or gives the defaults where there is none.
    pub fn of_checkout(root: &Path) -> Result<Self, ConfigError> {
        let path = root.join(FILE_NAME);
        if path.exists() {
            Self::read(&path)
        } else {
            Ok(Self::default())
        }
    }

    /// Takes the templates of prompts that stand in a checkout, where the settings have none.
    pub fn take_prompts(&mut self, root: &Path) -> Result<(), ConfigError> {
        self.prompts.fill(root)
    }

    /// The settings as a `batch.toml` that means the same.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    pub(super) fn parse(text: &str) -> Result<Self, (usize, String)> {
        toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text
                .bytes()
                .take(start)
                .filter(|byte| *byte == b'\n')
                .count()
                + 1;
            (line, error.message().to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_understood() {
        let config = Config::parse(
            r#"
            agent-timeout = "45m"
            idle-timeout = "5m"
            attempts = 2
            agent-turns = 30
            agent-tokens = "500k"
            agent-budget = "2usd"
            [agent]
            command = "my-agent --fast"
            [agents.fast]
            kind = "claude"
            model = "small"
            args = ["--effort", "low"]
            [plan]
            units = "5..12"
            by = "owner"
            order = "deps"
            planner = "graph"
            [worktrees]
            dir = "../{repo}.batch/{run}/{unit}"
            setup = "npm ci"
            [checks]
            commands = ["npm test"]
            timeout = "20m"
            [publish]
            forge = "local"
            push = "never"
            when = "after-all"
            pace = "10/h"
            max-open = 4
            labels = ["migration"]
            reviewers-from = "codeowners"
            max-reviewers = 3
            [run]
            jobs = 3
            min-success = "80%"
            budget = "20usd"
            max-tokens = "10M"
            deadline = "2h"
            canary = true
            [environment]
            pass = ["NPM_TOKEN"]
            set = { CI = "true" }
            [github]
            api-url = "https://git.example.org/api/v3"
            "#,
        )
        .unwrap();
        assert_eq!(config.agent.command.as_deref(), Some("my-agent --fast"));
        assert_eq!(config.plan.units, UnitRange::new(5, 12).ok());
        assert_eq!(config.publish.push, Some(PushChoice::Never));
        assert_eq!(config.environment.pass, ["NPM_TOKEN"]);
        assert_eq!(Config::parse(&config.to_toml().unwrap()).unwrap(), config);
        let none = Config::default();
        assert_eq!(Config::parse(&none.to_toml().unwrap()).unwrap(), none);
    }

    #[test]
    fn a_fault_is_told_with_its_line() {
        let (line, message) = Config::parse("[run]\njobs = 3\njosb = 4\n").unwrap_err();
        assert_eq!(line, 3);
        assert!(message.contains("josb"), "{message}");
        let (line, message) = Config::parse("[plan]\n\nunits = \"9..2\"\n").unwrap_err();
        assert_eq!(line, 3);
        assert!(message.contains("9..2"), "{message}");
    }
}
