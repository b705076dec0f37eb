//! Looks at the base before a plan is made: a base that is no branch, or that the remote does not have, would make
//! every pull request of the run wrong.

use crate::config::{Config, PushChoice};
use crate::git::{Base, BranchName, Repo};
use crate::run::delivery::error::DeliveryError;
use crate::run::delivery::remotes::Remote;
use crate::run::delivery::{Place, find_token, place};
use crate::words;

/// The name under which git knows the place of pushes for one call.
const PUSHED_TO: &str = "batch-pushed-to";

/// Refuses a base that no pull request can go to. Returns sentences about what the user should know of it.
pub fn check_base(repo: &Repo, config: &Config, base: &Base) -> Result<Vec<String>, DeliveryError> {
    let remote = Remote::find(repo, config)?;
    let Some(branch) = &base.branch else {
        let base = base.name.clone();
        return Err(match remote {
            Some(remote) => DeliveryError::BaseIsNoBranch {
                base,
                remote: remote.name,
            },
            None => DeliveryError::BaseIsNoBranchHere { base },
        });
    };
    // Pull requests to another repository than the remote's need not hold what the remote lacks.
    let goes_there = config.publish.push.unwrap_or_default() != PushChoice::Never
        && config.publish.repo.is_none();
    let Some(remote) = remote.filter(|_| goes_there) else {
        return Ok(Vec::new());
    };
    let tracked = repo.tracked_tip(&remote.name, branch)?;
    if let Some(tip) = &tracked
        && repo.contains(tip, &base.id)?
    {
        return Ok(Vec::new());
    }
    // What is known here may be old.
    let Ok(tip) = repo.remote_branch(&remote.name, branch) else {
        return Ok(Vec::new());
    };
    let Some(tip) = tip else {
        let remote = remote.name;
        return Ok(vec![format!(
            "remote {remote} has no branch {branch}, which the pull requests would go to: push it with git push \
             {remote} {branch}, or name another with --base"
        )]);
    };
    if !repo.has_commit(&tip)? || repo.contains(&tip, &base.id)? {
        return Ok(Vec::new());
    }
    let (ahead, _) = repo.ahead_behind(&base.id, &tip)?;
    let unpushed = DeliveryError::Unpushed {
        base: base.name.clone(),
        commits: words::count(ahead, "commit"),
        remote: remote.name.clone(),
        branch: branch.clone(),
    };
    match place(config, Some(&remote), find_token) {
        Ok(Place::GitHub { .. }) => Err(unpushed),
        _ => Ok(vec![unpushed.to_string()]),
    }
}

/// Refuses names of branches that the remote cannot take, because a part of them is a branch there. The place that
/// pushes go to is asked; where it does not answer, the push tells.
pub(crate) fn check_names(
    repo: &Repo,
    remote: &str,
    branches: impl Iterator<Item = BranchName>,
) -> Result<(), DeliveryError> {
    let mut above: Vec<String> = branches
        .flat_map(|branch| {
            let name = branch.as_str().to_owned();
            let slashes: Vec<usize> = name.match_indices('/').map(|(at, _)| at).collect();
            slashes.into_iter().map(move |at| name[..at].to_owned())
        })
        .collect();
    above.sort_unstable();
    above.dedup();
    let urls = repo.push_urls(remote).unwrap_or_default();
    let asked = match urls.into_iter().next() {
        Some(url) => repo
            .clone()
            .with_remote(PUSHED_TO.to_owned(), url)
            .first_remote_branch(PUSHED_TO, &above),
        None => repo.first_remote_branch(remote, &above),
    };
    match asked {
        Ok(Some(blocker)) => Err(DeliveryError::NameTaken {
            remote: remote.to_owned(),
            blocker,
        }),
        Ok(None) | Err(_) => Ok(()),
    }
}
