//! Settings that are one of a few words.

use serde::{Deserialize, Serialize};

/// How files are grouped into units, when not by everything that ties files together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Grouping {
    /// Never mix files of different owners (by CODEOWNERS)
    Owner,
    /// Keep folders whole, whatever the files import
    Folder,
}

/// The order of the units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    /// No unit waits for another
    #[default]
    None,
    /// A unit starts from the work of the units whose files it imports
    Deps,
}

/// What a unit may come to own beyond the files that it claims.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ScopeRule {
    /// The files that it creates, and unclaimed files that only it edits
    #[default]
    Adopt,
    /// The files that it creates
    Created,
    /// Only new files in the folders of its own files
    Listed,
}

/// Who divides the files into units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Planner {
    /// The agent if it is a coding agent, else the import graph
    #[default]
    Auto,
    /// The agent, which proposes a plan
    Agent,
    /// The import graph of the files
    Graph,
}

/// How the commits of a pull request are merged into its base.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MergeMethod {
    /// With a merge commit
    #[default]
    Merge,
    /// As one commit
    Squash,
    /// Each commit on top of the base
    Rebase,
}

impl MergeMethod {
    /// Returns the method's name.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Squash => "squash",
            Self::Rebase => "rebase",
        }
    }
}

/// What becomes of a unit with a check that verified nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Unverified {
    /// It is committed and waits for batch publish
    #[default]
    Hold,
    /// Its pull request is a draft
    Draft,
    /// It is published like any other
    Publish,
}

/// Where pull requests are opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ForgeChoice {
    /// GitHub where the remote is on GitHub and a token is found, else local
    #[default]
    Auto,
    /// GitHub or GitHub Enterprise Server
    #[value(name = "github")]
    GitHub,
    /// Pages in this repository
    Local,
}

/// Whether branches are pushed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PushChoice {
    /// To GitHub with the GitHub forge; with the local forge only to a remote that is a folder on this machine.
    #[default]
    Auto,
    Always,
    Never,
}

/// Where reviewers come from, beside the named ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReviewersFrom {
    /// The owners of the unit's files, the owner of most files first
    Codeowners,
}

/// Which caches the package managers and compilers of agents and checks use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Caches {
    /// The user's caches for all units: nothing is downloaded or compiled twice.
    #[default]
    Shared,
    /// Empty caches for each unit, deleted at its end: for tools that cannot share a cache.
    Own,
}
