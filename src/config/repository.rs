//! The name of a repository on a forge, as people write it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// `owner/name`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoName {
    pub owner: String,
    pub name: String,
}

impl RepoName {
    /// `None` when GitHub would not allow it; so that it can stand in a path unescaped.
    #[must_use]
    pub fn new(owner: &str, name: &str) -> Option<Self> {
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

impl Serialize for RepoName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RepoName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_owner_and_a_name_are_a_repository() {
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
}
