//! Names of repositories on a forge.

use std::fmt;
use std::str::FromStr;

use super::as_text::as_text;

/// `owner/name`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RepoName {
    pub owner: String,
    pub name: String,
}

impl RepoName {
    /// Makes a name; `None` where GitHub would not allow it. Every name can be part of a path without escaping.
    #[must_use]
    pub(crate) fn new(owner: &str, name: &str) -> Option<Self> {
        (is_name(owner) && is_name(name)).then(|| Self {
            owner: owner.to_owned(),
            name: name.to_owned(),
        })
    }
}

fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !matches!(text, "" | "." | "..") && text.chars().all(fits)
}

impl FromStr for RepoName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split_once('/')
            .and_then(|(owner, name)| Self::new(owner, name))
            .ok_or_else(|| {
                format!("{text:?} names no repository: write it like acme/shop, without a server")
            })
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// Whether branches are pushed to a fork, written `never`, `auto`, `always`, or as the fork's name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum ForkChoice {
    #[default]
    Never,
    /// To the user's own fork, where they may not push to the repository itself.
    Auto,
    /// To the user's own fork.
    Always,
    Named(RepoName),
}

impl FromStr for ForkChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "never" => Ok(Self::Never),
            "auto" => Ok(Self::Auto),
            "always" => Ok(Self::Always),
            name => name.parse().map(Self::Named).map_err(|_| {
                format!("{text:?} is not a fork: write auto, always, never, or the name of the fork, like you/shop")
            }),
        }
    }
}

impl fmt::Display for ForkChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => write!(f, "never"),
            Self::Auto => write!(f, "auto"),
            Self::Always => write!(f, "always"),
            Self::Named(name) => write!(f, "{name}"),
        }
    }
}

as_text!(RepoName, ForkChoice);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_an_owner_and_a_name() {
        let name: RepoName = "acme/shop.js".parse().expect("a name");
        assert_eq!((&*name.owner, &*name.name), ("acme", "shop.js"));
        assert_eq!(name.to_string(), "acme/shop.js");
        for bad in [
            "",
            "acme",
            "acme/",
            "/shop",
            "acme/..",
            "acme/shop/tree",
            "https://github.com/acme/shop",
            "git@github.com:acme/shop",
            "ac me/shop",
        ] {
            assert!(bad.parse::<RepoName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_fork_is_chosen_by_a_word_or_by_its_name() {
        for text in ["never", "auto", "always", "ada/shop"] {
            let choice: ForkChoice = text.parse().expect("a choice");
            assert_eq!(choice.to_string(), text);
        }
        assert!("yes".parse::<ForkChoice>().is_err());
    }
}
