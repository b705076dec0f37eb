//! Where pull requests would go, and why there.

use super::{Finding, Surroundings};
use crate::config::{Config, ForgeChoice};
use crate::forge::{GitHubRepo, Token};
use crate::git::Repo;

const SUBJECT: &str = "forge";

/// Addresses of remotes are never shown: people keep passwords in them.
pub(super) fn choice(
    repo: &Repo,
    config: &Config,
    remote: Option<&str>,
    around: &Surroundings<'_>,
) -> Finding {
    let wanted = config.publish.forge.unwrap_or_default();
    if wanted == ForgeChoice::Local {
        return Finding::ok(SUBJECT, local("batch.toml says so"));
    }
    let Some(remote) = remote else {
        return without_github(wanted, "there is no remote", "add one with git remote add");
    };
    let url = match repo.push_url(remote) {
        Ok(url) => url,
        Err(error) => return Finding::error(SUBJECT, error),
    };
    let Some(place) = GitHubRepo::parse(&url, config.github.api_url.as_deref()) else {
        return without_github(
            wanted,
            &format!("the remote {remote} is not on GitHub"),
            "for a GitHub Enterprise Server set api-url in [github] of batch.toml",
        );
    };
    let name = format!("{}/{}", place.host, place.full_name());
    let variable = |name: &str| Some(around.variable(name)?.to_str()?.to_owned());
    match (Token::find(&place.host, variable, around.gh), wanted) {
        (Some(token), _) => Finding::ok(
            SUBJECT,
            format!("{name}, with the token from {}", token.source()),
        ),
        (None, ForgeChoice::GitHub) => Finding::problem(
            SUBJECT,
            format!("there is no token for {name}: set GITHUB_TOKEN, or run gh auth login"),
        ),
        (None, _) => Finding::warning(
            SUBJECT,
            format!(
                "{}: for pull requests on {name} set GITHUB_TOKEN, or run gh auth login",
                local("no GitHub token was found")
            ),
        ),
    }
}

fn without_github(wanted: ForgeChoice, why: &str, remedy: &str) -> Finding {
    if wanted == ForgeChoice::GitHub {
        Finding::problem(
            SUBJECT,
            format!("batch.toml asks for GitHub, but {why}: {remedy}"),
        )
    } else {
        Finding::ok(SUBJECT, local(why))
    }
}

fn local(why: &str) -> String {
    format!("pull requests are pages in this repository, because {why}")
}
