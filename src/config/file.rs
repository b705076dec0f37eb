//! `batch.toml`: the settings of a team for every run in its repository. A flag overrides its field.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::agent::AgentOptions;
use super::allow::Allow;
use super::amounts::{AgentCaps, BestOf, Budget, Tokens};
use super::choices::{
    Caches, ForgeChoice, Grouping, MergeMethod, Order, Planner, PushChoice, ReviewersFrom,
    ScopeRule, Unverified,
};
use super::content::ContentConfig;
use super::error::ConfigError;
use super::prompts::PromptConfig;
use super::regenerate::Regenerate;
use super::repository::{ForkChoice, RepoName};
use super::repository_file::read_bounded;
use super::sandbox::SandboxConfig;
use super::shares::Shares;
use super::success::{MinSuccess, PublishWhen};
use super::time::{Limit, Rate};
use super::unit_range::UnitRange;

/// The name of the settings file in the root of a checkout.
pub(crate) const FILE_NAME: &str = "batch.toml";

/// All settings of a run. Every table and field may be absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Config {
    pub agent: AgentOptions,
    /// Further agents, chosen by name.
    pub agents: BTreeMap<String, AgentOptions>,
    /// How long one agent may work on its unit.
    pub agent_timeout: Option<Limit>,
    /// How long one agent may print nothing.
    pub idle_timeout: Option<Limit>,
    /// How many attempts an agent has at its unit.
    pub attempts: Option<NonZeroU32>,
    /// How many exchanges with its model one agent may have on a unit.
    pub agent_turns: Option<u64>,
    /// How many tokens one agent may use on a unit.
    pub agent_tokens: Option<Tokens>,
    /// How much one agent may cost on a unit.
    pub agent_budget: Option<Budget>,
    /// The hashes of the coding agents' own settings in the repository that the agents may obey. Only batch writes
    /// them, into the settings of a run: in batch.toml they have no effect.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agent_settings: Vec<String>,
    /// Templates of the prompts.
    pub prompts: PromptConfig,
    /// Prices of models, by name.
    pub prices: BTreeMap<String, Price>,
    pub plan: PlanConfig,
    pub worktrees: WorktreeConfig,
    pub checks: CheckConfig,
    /// Which commands make files from other files, by a glob of the files that they make.
    pub regenerate: BTreeMap<String, Regenerate>,
    pub content: ContentConfig,
    pub publish: PublishConfig,
    pub run: RunConfig,
    pub environment: EnvironmentConfig,
    pub sandbox: SandboxConfig,
    pub github: GitHubConfig,
}

/// `[prices.MODEL]`: US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Price {
    pub input: f64,
    /// The price of cached input tokens; the price of `input` when absent.
    pub cached: Option<f64>,
    pub output: f64,
}

/// `[plan]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct PlanConfig {
    /// The revision that a plan is made for.
    pub base: Option<String>,
    pub units: Option<UnitRange>,
    pub by: Option<Grouping>,
    pub order: Option<Order>,
    pub planner: Option<Planner>,
}

/// `[worktrees]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct WorktreeConfig {
    /// The folder of a worktree, relative to the main checkout: a template with `{repo}`, `{run}` and `{unit}`.
    pub dir: Option<String>,
    /// A shell line that prepares each new worktree.
    pub setup: Option<String>,
    pub setup_timeout: Option<Limit>,
    /// Shell lines that tidy the work of each unit, such as a formatter.
    pub tidy: Vec<String>,
    /// How many files a worker may write of what git does not ignore.
    pub max_files: Option<NonZeroUsize>,
    /// How many bytes they may have together.
    pub max_bytes: Option<NonZeroU64>,
    /// Whether worktrees of published units are kept too.
    pub keep: Option<bool>,
}

/// `[checks]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct CheckConfig {
    /// Shell lines, run in the worktree's root. Without the list, batch looks for checks; an empty list runs none.
    pub commands: Option<Vec<String>>,
    /// Shell lines for all units together, instead of the units' own checks.
    pub union: Option<Vec<String>>,
    pub timeout: Option<Limit>,
}

/// `[publish]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct PublishConfig {
    pub forge: Option<ForgeChoice>,
    pub remote: Option<String>,
    /// The repository to open pull requests in, when it is not the repository of the remote's address.
    pub repo: Option<RepoName>,
    /// Whether branches are pushed to a fork.
    pub fork: Option<ForkChoice>,
    pub push: Option<PushChoice>,
    pub draft: Option<bool>,
    /// What becomes of units with a check that verified nothing.
    pub unverified: Option<Unverified>,
    /// Whether continuous integration runs for the commits.
    pub ci: Option<bool>,
    /// Whether the repository's pre-push hook judges what is pushed.
    pub pre_push: Option<bool>,
    pub when: Option<PublishWhen>,
    /// How fast pull requests are opened.
    pub pace: Option<Rate>,
    /// How many pull requests of a run may be open at once.
    pub max_open: Option<NonZeroUsize>,
    /// How many pull requests of a run may be open at once for one owner of files.
    pub max_open_per_owner: Option<NonZeroUsize>,
    /// How many pull requests of a run may have running checks at once.
    pub max_pending_checks: Option<NonZeroUsize>,
    /// The name of a unit's branch: a template with `{run}` and `{unit}`.
    pub branch: Option<String>,
    /// The template of the pull request's title.
    pub title: Option<String>,
    /// The template of the pull request's body.
    pub body: Option<String>,
    /// The template of the commit message.
    pub commit: Option<String>,
    pub labels: Vec<String>,
    /// People, or teams as `owner/team`.
    pub reviewers: Vec<String>,
    pub team_reviewers: Vec<String>,
    /// Where further reviewers come from.
    pub reviewers_from: Option<ReviewersFrom>,
    /// How many reviewers a pull request gets at most, when not all of them were named.
    pub max_reviewers: Option<usize>,
    pub assignees: Vec<String>,
    /// The milestone's title or number.
    pub milestone: Option<String>,
    /// Whether one issue lists all pull requests of a run.
    pub tracking_issue: Option<bool>,
    /// How the forge merges pull requests by itself, when they may be merged.
    pub auto_merge: Option<MergeMethod>,
}

/// GitHub's limit for one pull request.
pub(crate) const MAX_REVIEWERS: usize = 15;

/// `[run]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct RunConfig {
    /// How many agents work at once.
    pub jobs: Option<usize>,
    /// Whether fewer agents than `jobs` start while the machine is overloaded.
    pub governor: Option<bool>,
    /// Several agents that share the work. They override `[agent]`.
    pub agents: Option<Shares>,
    /// How many candidates each unit has. Each starts from the base, and the best one is published.
    pub best_of: Option<BestOf>,
    /// A shell line that chooses between candidates that are equally good otherwise.
    pub judge: Option<String>,
    /// How many units must succeed; all when absent.
    pub min_success: Option<MinSuccess>,
    /// How much all agents together may cost before no further agent is started.
    pub budget: Option<Budget>,
    /// How many tokens all agents together may use before no further agent is started.
    pub max_tokens: Option<Tokens>,
    /// How long after its start the run starts no further agent.
    pub deadline: Option<Limit>,
    /// What a unit may come to own beyond the files that it claims.
    pub scope: Option<ScopeRule>,
    /// The instruction of a last unit that starts from all finished work.
    pub integrate: Option<String>,
    /// Whether the command works once for all units, and its changes are divided among them.
    pub once: Option<bool>,
    /// Whether one unit is done first, and the others only after somebody has accepted it.
    pub canary: Option<bool>,
    /// Whether one unit of each coding agent goes through all gates before the others start. Without a word here, a run
    /// that is approved by `--yes` does that.
    pub pilot: Option<bool>,
    /// What is published although the gate on the content of work would hold it.
    pub allow: Vec<Allow>,
}

/// `[environment]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct EnvironmentConfig {
    /// Variables that agents and checks may see although their names look like credentials.
    pub pass: Vec<String>,
    /// Variables to set for agents and checks.
    pub set: BTreeMap<String, String>,
    /// Which caches package managers and compilers use.
    pub caches: Caches,
}

/// `[github]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct GitHubConfig {
    /// The REST address of a GitHub Enterprise Server, `https://HOST/api/v3`.
    pub api_url: Option<String>,
}

impl Config {
    /// Returns the limits of one agent.
    #[must_use]
    pub(crate) fn agent_caps(&self) -> AgentCaps {
        AgentCaps {
            turns: self.agent_turns,
            tokens: self.agent_tokens,
            budget: self.agent_budget,
        }
    }

    /// Reads the settings file at `path`.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let fault = |(line, message)| ConfigError::Fault {
            path: path.to_path_buf(),
            line,
            message,
        };
        let text = text_of(read_bounded(path)?).map_err(fault)?;
        Self::parse(&text).map_err(fault)
    }

    /// Writes the settings as a `batch.toml` with the same meaning.
    pub(crate) fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// Reads the text of a settings file; a fault names its line.
    pub(crate) fn parse(text: &str) -> Result<Self, (usize, String)> {
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

/// Returns the text of a settings file, or the line that is none.
pub(super) fn text_of(bytes: Vec<u8>) -> Result<String, (usize, String)> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|byte| *byte == b'\n').count();
        let message = "this line is not UTF-8 text: save the file as UTF-8";
        (line, message.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_read_and_written() {
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
            union = ["npm run e2e"]
            timeout = "20m"
            [regenerate."gen/**"]
            from = ["proto/**"]
            run = "make proto"
            [content]
            scratch = ["*.plan.md"]
            [[content.rules]]
            kind = "placeholder"
            languages = ["python"]
            pattern = '^\s*SNIP$'
            says = "a cut"
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
            once = true
            allow = ["shrunk", "vendor/**"]
            [environment]
            pass = ["NPM_TOKEN"]
            set = { CI = "true" }
            [sandbox]
            kind = "bwrap"
            hide = ["~/secrets"]
            show = ["~/.npmrc"]
            write = ["~/.npm"]
            sockets = ["/run/docker.sock"]
            check-network = "loopback"
            memory = "8GB"
            processes = 500
            file-size = "2GB"
            open-files = 4096
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
    fn a_fault_is_reported_with_its_line() {
        let (line, message) = Config::parse("[run]\njobs = 3\njosb = 4\n").unwrap_err();
        assert_eq!(line, 3);
        assert!(message.contains("josb"), "{message}");
        let (line, message) = Config::parse("[plan]\n\nunits = \"9..2\"\n").unwrap_err();
        assert_eq!(line, 3);
        assert!(message.contains("9..2"), "{message}");
    }
}
