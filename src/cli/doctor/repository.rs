//! Examines git itself, the repository, its base, its remote, and the identity for commits.

use std::time::Duration;

use super::finding::Finding;
use crate::git::{Base, GitError, Repo};
use crate::plan::code_owners::CodeOwners;
use crate::process::Capture;
use crate::words;

/// The first git in which variables alone can take the credential helpers from agents and checks (`GIT_CONFIG_COUNT`).
const OLDEST: (u32, u32) = (2, 31);

const LIMIT: Duration = Duration::from_secs(10);

pub(super) fn program() -> Finding {
    let out = match Capture::new("git").args(["--version"]).limit(LIMIT).run() {
        Ok(out) => out,
        Err(error) => return Finding::error("git", error),
    };
    judge_version(&String::from_utf8_lossy(&out.stdout))
}

pub(super) fn judge_version(said: &str) -> Finding {
    let said = said.trim();
    let version = said
        .split_whitespace()
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    let numbers = version.and_then(|version| {
        let mut parts = version.split('.').map(str::parse::<u32>);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    });
    let (major, minor) = OLDEST;
    match (version, numbers) {
        (Some(version), Some(found)) if found >= OLDEST => Finding::ok("git", version),
        (Some(version), Some(_)) => Finding::problem(
            "git",
            format!("{version} is too old: install git {major}.{minor} or newer"),
        ),
        _ => Finding::warning(
            "git",
            format!(
                "its version cannot be read from {said:?}: make sure it is {major}.{minor} or newer"
            ),
        ),
    }
}

pub(super) fn place(repo: &Repo) -> Finding {
    let (root, common) = (repo.root(), repo.common_dir());
    let words = if common.starts_with(root) {
        root.display().to_string()
    } else {
        format!("{}, a checkout of {}", root.display(), common.display())
    };
    Finding::ok("repository", words)
}

pub(super) fn remote(repo: &Repo, wanted: Option<&str>) -> (Option<String>, Finding) {
    match repo.remote(wanted) {
        Ok(Some(name)) => (Some(name.clone()), Finding::ok("remote", name)),
        Ok(None) => (
            None,
            Finding::ok(
                "remote",
                "none, so branches stay in this repository (of several, name one with --remote)",
            ),
        ),
        Err(error) => (None, Finding::error("remote", error)),
    }
}

pub(super) fn base(
    repo: &Repo,
    wanted: Option<&str>,
    remote: Option<&str>,
) -> (Option<Base>, Finding) {
    match repo.base(wanted, remote) {
        Ok(base) => {
            let said = judge_base(&base);
            (Some(base), said)
        }
        Err(error) => (None, Finding::error("base", error)),
    }
}

fn judge_base(base: &Base) -> Finding {
    let known = format!("{} ({})", base.name, base.id.short());
    match &base.branch {
        Some(branch) => Finding::ok("base", format!("{known}, for pull requests into {branch}")),
        None => Finding::warning(
            "base",
            format!(
                "{known} is on no branch that pull requests could go into: name a branch with --base"
            ),
        ),
    }
}

pub(super) fn history(repo: &Repo) -> Finding {
    match repo.is_shallow() {
        Ok(false) => Finding::ok("history", "complete"),
        Ok(true) => Finding::warning(
            "history",
            "this is a shallow clone, so a remote may refuse its branches: run git fetch --unshallow",
        ),
        Err(error) => Finding::error("history", error),
    }
}

/// Warns of uncommitted changes; `None` where there are none.
pub(super) fn uncommitted(repo: &Repo) -> Option<Finding> {
    match repo.has_uncommitted_changes() {
        Ok(false) => None,
        Ok(true) => Some(Finding::warning(
            "changes",
            "the checkout has uncommitted changes, which are not part of the base: commit them first if the work \
             depends on them",
        )),
        Err(error) => Some(Finding::error("changes", error)),
    }
}

/// Examines CODEOWNERS; `None` where the base has none.
pub(super) fn owners(repo: &Repo, base: &Base) -> Option<Finding> {
    let owners = repo
        .entries(&base.id)
        .and_then(|entries| CodeOwners::of_tree(repo, &entries));
    match owners {
        Ok(owners) if owners.path().is_empty() => None,
        Ok(owners) => {
            let known = format!(
                "{} ({})",
                owners.path(),
                words::count(owners.rules(), "rule")
            );
            Some(match owners.faults() {
                [] => Finding::ok("owners", known),
                [first, others @ ..] => {
                    let more = match others.len() {
                        0 => String::new(),
                        more => format!(", and {more} more"),
                    };
                    Finding::warning(
                        "owners",
                        format!("{known}; not understood, as by GitHub: {first}{more}"),
                    )
                }
            })
        }
        Err(error) => Some(Finding::error("owners", error)),
    }
}

pub(super) fn identity(repo: &Repo) -> Finding {
    match repo.check_identity() {
        Ok(()) => Finding::ok("identity", "git knows who commits"),
        Err(error @ GitError::NoIdentity) => Finding::problem("identity", error.to_string()),
        Err(error) => Finding::error("identity", error),
    }
}
