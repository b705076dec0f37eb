//! What the gate on content looks for: the rules of batch and those of a repository.

use serde::{Deserialize, Serialize};

use super::allow::FindingKind;

/// `[content]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct ContentConfig {
    /// Further rules, each a table `[[content.rules]]`.
    pub rules: Vec<ContentRule>,
    /// Rules as in a `.gitignore` for further files that agents leave behind.
    pub scratch: Vec<String>,
}

/// A rule about lines that a unit adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ContentRule {
    pub kind: FindingKind,
    /// The languages of the files; all files when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// Globs of the files' paths, beside the languages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Globs of paths where the rule does not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_in: Vec<String>,
    /// A regular expression for a line.
    pub pattern: String,
    /// What such a line is, in words.
    pub says: String,
    /// Whether a file that has such a line already may get more of them, and a new file may have them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unless_usual: bool,
}
