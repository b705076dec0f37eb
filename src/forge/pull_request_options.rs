//! The options of a pull request: labels, reviewers, assignees, a milestone, auto-merge.
//!
//! Plain data, which each forge applies in its own way. Knows nothing of where the names come from.

use std::fmt;

use crate::config::MergeMethod;

/// The settings of a pull request besides its branches and its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullRequestOptions {
    pub(crate) labels: Vec<String>,
    pub(crate) reviewers: Vec<Reviewer>,
    pub(crate) assignees: Vec<String>,
    /// A title, or a number.
    pub(crate) milestone: Option<String>,
    /// The method by which the forge merges the pull request as soon as its rules allow it.
    pub(crate) auto_merge: Option<MergeMethod>,
}

/// A person or a team whose review is requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reviewer {
    User(String),
    Team {
        /// The organisation that the team belongs to, where it was named.
        owner: Option<String>,
        slug: String,
    },
}

impl Reviewer {
    /// Reads a person's name, or a team's as `owner/team`; a leading `@` does not count.
    #[must_use]
    pub(crate) fn named(name: &str) -> Self {
        let name = bare(name);
        match name.split_once('/') {
            Some(_) => Self::team(name),
            None => Self::User(name.to_owned()),
        }
    }

    /// Reads a team's name, as `team` or `owner/team`.
    #[must_use]
    pub(crate) fn team(name: &str) -> Self {
        let name = bare(name);
        let (owner, slug) = match name.split_once('/') {
            Some((owner, slug)) => (Some(owner.to_owned()), slug),
            None => (None, name),
        };
        Self::Team {
            owner,
            slug: slug.to_owned(),
        }
    }

    /// Reads an owner as CODEOWNERS names one; a mail address names no reviewer.
    #[must_use]
    pub(crate) fn of_owner(owner: &str) -> Option<Self> {
        owner.starts_with('@').then(|| Self::named(owner))
    }
}

fn bare(name: &str) -> &str {
    let name = name.trim();
    name.strip_prefix('@').unwrap_or(name)
}

impl fmt::Display for Reviewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(login) => write!(f, "@{login}"),
            Self::Team { owner: None, slug } => write!(f, "team {slug}"),
            Self::Team {
                owner: Some(owner),
                slug,
            } => write!(f, "@{owner}/{slug}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_teams_and_addresses_differ() {
        let team = |owner: Option<&str>| Reviewer::Team {
            owner: owner.map(str::to_owned),
            slug: "web".to_owned(),
        };
        assert_eq!(Reviewer::named("@ada"), Reviewer::User("ada".to_owned()));
        assert_eq!(Reviewer::named("acme/web"), team(Some("acme")));
        assert_eq!(Reviewer::team("web"), team(None));
        assert_eq!(Reviewer::of_owner("@acme/web"), Some(team(Some("acme"))));
        assert_eq!(Reviewer::of_owner("ada@example.org"), None);
        let words = [team(Some("acme")), team(None), Reviewer::named("ada")];
        assert_eq!(
            words.map(|it| it.to_string()),
            ["@acme/web", "team web", "@ada"]
        );
    }
}
