//! One change in the user's git folder, as people and programs read it.

use serde::{Deserialize, Serialize};

use crate::words;

/// A change in the user's git folder that batch did not make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitFolderChange {
    /// The change in words, without any secret.
    pub what: String,
    /// The command that undoes it, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
    /// Settings and hooks decide what a push does, so nothing is pushed after this change.
    #[serde(default)]
    pub holds_publishing: bool,
}

impl GitFolderChange {
    /// Describes a change of what decides what a push does.
    pub(super) fn holding(what: String, undo: Option<String>) -> Self {
        Self {
            what,
            undo,
            holds_publishing: true,
        }
    }

    /// Describes a change that pushing does not depend on.
    pub(super) fn harmless(what: String, undo: Option<String>) -> Self {
        Self {
            what,
            undo,
            holds_publishing: false,
        }
    }
}

/// Quotes a word for the shell; `None` where a person could not copy it from a terminal.
pub(super) fn quoted(word: &str) -> Option<String> {
    if words::line(word) != word || word.contains(char::REPLACEMENT_CHARACTER) {
        return None;
    }
    shlex::try_quote(word)
        .ok()
        .map(std::borrow::Cow::into_owned)
}
