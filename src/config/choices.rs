//! Settings that are one word out of a few.

use serde::{Deserialize, Serialize};

/// What the units are made by, when not by all that ties files together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Grouping {
    /// Never mix files of different owners (by CODEOWNERS)
    Owner,
    /// Keep folders whole, whatever the files import
    Folder,
}

/// In which order units are worked on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// None waits for another
    #[default]
    None,
    /// A unit starts from the work of those whose files it imports
    Deps,
}

/// Who says which units there are to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Planner {
    /// The agent if it is a coding agent, else the graph
    #[default]
    Auto,
    /// The agent, which is asked for a proposal
    Agent,
    /// What the files import of each other
    Graph,
}

/// How the commits of a pull request come into its base.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum MergeMethod {
    /// By a commit that joins both
    #[default]
    Merge,
    /// As one commit
    Squash,
    /// Each on top of the base
    Rebase,
}

impl MergeMethod {
    /// In one word.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Squash => "squash",
            Self::Rebase => "rebase",
        }
    }
}

/// Where pull requests are to be opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ForgeChoice {
    /// GitHub when the remote is there and a token is found, else local.
    #[default]
    Auto,
    /// GitHub, or an Enterprise server
    #[value(name = "github")]
    GitHub,
    /// Pages in this repository
    Local,
}

/// Whether branches are pushed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PushChoice {
    /// To GitHub with the GitHub forge; with the local forge only to a remote that is a folder on this machine.
    #[default]
    Auto,
    Always,
    Never,
}

/// Who is asked for a review beside those who are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ReviewersFrom {
    /// The owners of the unit's files, those of most files first
    Codeowners,
}

/// Whose caches the programs that agents and checks start make use of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Caches {
    /// The user's, all units alike: nothing is downloaded or compiled twice.
    #[default]
    Shared,
    /// Empty ones for each unit, gone with its end: for tools that do not bear company in theirs.
    Own,
}
