//! Names that git gives to things: commits, trees and branches, each of its own type, so that none is taken for
//! another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! git_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text that git, the journal or a forge gave.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Returns the name as git writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

git_name! {
    /// The full hexadecimal id of a commit.
    CommitId
}
git_name! {
    /// The full hexadecimal id of a tree.
    TreeId
}
git_name! {
    /// The short name of a branch, such as `batch/20261121-k3f9/03-cart`.
    BranchName
}

impl CommitId {
    /// Returns the first ten digits, which are enough for people to tell commits apart.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }
}

/// An id that leads to a tree: the tree's own id, or the id of its commit (gitglossary(7), "tree-ish").
pub(crate) trait TreeIsh {
    /// Returns the id as git writes it.
    fn id(&self) -> &str;
}

impl TreeIsh for CommitId {
    fn id(&self) -> &str {
        self.as_str()
    }
}

impl TreeIsh for TreeId {
    fn id(&self) -> &str {
        self.as_str()
    }
}
