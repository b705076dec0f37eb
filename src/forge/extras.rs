//! What a pull request is furnished with once it is open: labels, reviewers, assignees, a milestone.
//!
//! Data only; what a forge makes of it is the forge's. Knows nothing of where the names come from.

use std::fmt;

use crate::config::MergeMethod;

/// What is asked for beyond the pull request itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullRequestOptions {
    pub labels: Vec<String>,
    pub reviewers: Vec<Reviewer>,
    pub assignees: Vec<String>,
    /// A title, or a number.
    pub milestone: Option<String>,
    /// The forge merges it by itself, in this way, once it may be merged.
    pub auto_merge: Option<MergeMethod>,
}

/// Somebody who is asked for a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reviewer {
    User(String),
    Team {
        /// Whose team it is, where that was said.
        owner: Option<String>,
        slug: String,
    },
}

impl Reviewer {
    /// A person's name, or a team's as `owner/team`; an `@` before it is left out.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let name = bare(name);
        match name.split_once('/') {
            Some(_) => Self::team(name),
            None => Self::User(name.to_owned()),
        }
    }

    /// A team, as `team` or `owner/team`.
    #[must_use]
    pub fn team(name: &str) -> Self {
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

    /// An owner as CODEOWNERS names it; nobody can be asked by a mail address.
    #[must_use]
    pub fn of_owner(owner: &str) -> Option<Self> {
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
    fn people_teams_and_addresses_are_told_apart() {
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
