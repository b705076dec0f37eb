//! The first steps of a unit: a checkout of the right commit, with the files brought along and set up.

use std::path::PathBuf;

use crate::git::{CommitId, free_name};
use crate::process::Ending;
use crate::run::job::pull_request::FinishedNeed;
use crate::run::log::outcome::Step;
use crate::run::log::unit_fact::UnitFact;
use crate::run::log::unit_state::UnitState;
use crate::run::unit::context::{Failure, Halt, Prepared, UnitContext, failure};
use crate::run::unit::regenerate::regenerate_start;
use crate::run::unit::turn::begin_again;
use crate::run::workspace::checkout::KeptTree;
use crate::run::workspace::naming::set_aside_ref;
use crate::words;

/// A message names at most so many of the files that git ignores.
const IGNORED_SHOWN: usize = 5;

/// Returns the checkout that the unit continues in: the one that an earlier process left, if its agent had finished, or
/// a new one.
pub(crate) async fn prepared_checkout(unit: &UnitContext) -> Result<Prepared, Halt> {
    let known = unit.state();
    if let Some(prepared) = left_checkout(unit, &known) {
        let (checkout, start) = (unit.checkout.clone(), prepared.start.clone());
        unit.git(Step::Checkout, move |_| checkout.reopen(&start))
            .await?;
        make_temp_dir(unit).await?;
        if known.attempt.agent_took_ms.is_none() {
            begin_again(unit, &prepared).await?;
        }
        return Ok(prepared);
    }
    if unit.folder().exists() {
        set_aside(unit, &known).await?;
    }
    let start = match new_checkout(unit).await {
        Ok(start) => start,
        Err(halt) => {
            put_branch_back(unit, &known).await;
            return Err(halt);
        }
    };
    make_temp_dir(unit).await?;
    let prepared = set_up(unit, start).await?;
    unit.say(UnitFact::Prepared {
        tree: prepared.tree.clone(),
    })
    .await?;
    Ok(prepared)
}

async fn make_temp_dir(unit: &UnitContext) -> Result<(), Halt> {
    let checkout = unit.checkout.clone();
    unit.git(Step::Checkout, move |_| checkout.make_temp_dir())
        .await
}

/// Returns the checkout of an earlier process, when nothing of it has to be made again.
fn left_checkout(unit: &UnitContext, known: &UnitState) -> Option<Prepared> {
    let attempt = &known.attempt;
    // Before its first attempt has ended, an agent leaves nothing to continue from.
    if attempt.agent_took_ms.is_none() && attempt.sent_back.is_empty() {
        return None;
    }
    let prepared = Prepared {
        start: attempt.start()?.clone(),
        tree: attempt.prepared.clone()?,
    };
    let is_there = attempt.commit.is_some() || unit.checkout.exists();
    is_there.then_some(prepared)
}

/// Puts an earlier attempt out of the way: its checkout goes to the trash, a branch with other people's commits gets
/// another name, and its logs go to another folder.
async fn set_aside(unit: &UnitContext, known: &UnitState) -> Result<(), Halt> {
    let checkout = unit.checkout.clone();
    let id = unit.unit().id.clone();
    let start = known.attempt.start().cloned();
    let is_carried = !known.carried.is_empty();
    let (worktree, branch) = unit
        .git(Step::Checkout, move |job| {
            let start = start.unwrap_or_else(|| job.base());
            let trashed = if is_carried {
                // Its work is kept as trees, and the trash would only hold it once more.
                checkout.remove()?;
                None
            } else {
                checkout.trash(&start)?
            };
            let aside = set_aside_ref(job.id(), &id);
            let branch = checkout.set_branch_aside(&start, &aside)?;
            Ok((trashed.map(|trashed| trashed.at), branch))
        })
        .await?;
    // The folder of logs says that there is something to put away, so it goes last.
    let logs = keep_logs(unit)?;
    unit.say(UnitFact::SetAside {
        worktree,
        branch,
        logs,
    })
    .await
}

/// Makes the branch of published work again, where a follow-up on it could not start.
async fn put_branch_back(unit: &UnitContext, known: &UnitState) {
    let open = known.follow_up.as_ref();
    let Some(commit) = open.and_then(|open| open.before.attempt.commit.clone()) else {
        return;
    };
    let branch = unit.job.workspace.branch(&unit.unit().id);
    let put_back = unit.git(Step::Checkout, move |job| {
        let repo = &job.workspace.repo;
        if repo.branch_tip(&branch)?.is_none() {
            repo.move_branch(&branch, None, &commit)?;
        }
        Ok(())
    });
    if put_back.await.is_err() {
        tracing::warn!("the branch of {} could not be put back", unit.unit().id);
    }
}

fn keep_logs(unit: &UnitContext) -> Result<PathBuf, Halt> {
    let folder = unit.folder();
    let earlier = unit.job.workspace.places.earlier(unit.job.id());
    let kept = free_name(&earlier, unit.unit().id.as_str());
    let rename = || {
        std::fs::create_dir_all(&earlier)?;
        std::fs::rename(&folder, &kept)
    };
    rename().map_err(|error| {
        failure(
            Step::Checkout,
            format!("{} cannot be set aside: {error}", folder.display()),
        )
    })?;
    Ok(kept)
}

/// Makes a new checkout and returns the commit that it starts from. The engine has recorded that the step starts.
async fn new_checkout(unit: &UnitContext) -> Result<CommitId, Halt> {
    let step = Step::Checkout;
    let folder = unit.folder();
    std::fs::create_dir_all(&folder).map_err(|error| {
        failure(
            step,
            format!("{} cannot be made: {error}", folder.display()),
        )
    })?;
    if let Err(error) = unit.job.found.disk_space.check_one() {
        return Err(failure(step, error.to_string()));
    }
    let (start, stale) = start(unit).await?;
    let (checkout, from) = (unit.checkout.clone(), start.clone());
    unit.git(step, move |job| {
        checkout.make(&from)?;
        if job.found.included.is_empty() {
            return Ok(());
        }
        checkout.bring(&job.found.included)
    })
    .await?;
    let (start, regenerated) = if stale.is_empty() {
        (start, Vec::new())
    } else {
        regenerate_start(unit, start, &stale).await?
    };
    unit.say(UnitFact::CheckoutReady {
        path: unit.checkout.path().to_path_buf(),
        branch: unit.job.workspace.branch(&unit.unit().id),
        start: start.clone(),
        regenerated,
    })
    .await?;
    Ok(start)
}

/// Returns the commit to start from: the head of its pull request, or the work of the units that it needs, or the base.
/// Commands have to make the files again that are returned with it.
async fn start(unit: &UnitContext) -> Result<(CommitId, Vec<String>), Halt> {
    if let Some(open) = unit.state().follow_up {
        return Ok((open.follow_up.head, Vec::new()));
    }
    let commits: Vec<CommitId> = unit
        .needs
        .iter()
        .filter_map(FinishedNeed::commit)
        .cloned()
        .collect();
    match &commits[..] {
        [] => Ok((unit.job.base(), Vec::new())),
        [one] => Ok((one.clone(), Vec::new())),
        _ => {
            let message = format!("Join what unit {} needs", unit.unit().id);
            unit.git(Step::Checkout, move |job| {
                // What one of them stands on is in it already.
                let commits = job.workspace.repo.independent(&commits)?;
                job.join(&commits, &message)
            })
            .await
        }
    }
}

/// Runs the setup command, and returns the content with which the agent starts.
async fn set_up(unit: &UnitContext, start: CommitId) -> Result<Prepared, Halt> {
    let step = Step::Setup;
    let setup = unit.job.spec.setup();
    if let Some(setup) = &setup {
        unit.begin(step, None).await?;
        let log = unit.folder().join("setup.log");
        let finished = unit
            .checkout
            .set_up(setup, unit.environment(), log.clone(), &unit.cancel)
            .await
            .map_err(|error| failure(step, words::chain(&error)))?;
        match finished.ending {
            Ending::Cancelled => return Err(Halt::Stopped),
            ending if ending.is_success() => {}
            ending => {
                return Err(Halt::Failed(Failure {
                    tail: Some(finished.tail),
                    log: Some(log),
                    ..Failure::new(step, format!("the setup command failed: {ending}"))
                }));
            }
        }
    }
    // The agent did not make the changes of setup and of the files brought along.
    let tree = if setup.is_some() || !unit.job.found.included.is_empty() {
        let tree = unit.snapshot(step).await?;
        let (checkout, kept) = (unit.checkout.clone(), tree.clone());
        unit.git(step, move |_| checkout.keep_tree(KeptTree::Prepared, &kept))
            .await?;
        tree
    } else {
        let commit = start.clone();
        unit.git(Step::Checkout, move |job| job.tree(&commit))
            .await?
    };
    Ok(Prepared { start, tree })
}

/// Keeps the files that the agent wrote where git ignores them: no pull request would show them, and they would be
/// deleted with the checkout. Returns a sentence that names them.
pub(crate) async fn keep_ignored(
    unit: &UnitContext,
    prepared: &Prepared,
) -> Result<Option<String>, Halt> {
    if unit.job.spec.setup().is_some() || !unit.job.found.included.is_empty() {
        // Files that setup made cannot be distinguished from files that the agent made.
        return Ok(None);
    }
    let (checkout, start) = (unit.checkout.clone(), prepared.start.clone());
    unit.git(Step::Scope, move |_| {
        let ignored = checkout.ignored()?;
        if ignored.is_empty() {
            return Ok(None);
        }
        let kept = checkout.trash(&start)?;
        let names = ignored
            .iter()
            .map(|path| words::line(&String::from_utf8_lossy(path)));
        let names = words::few(names, IGNORED_SHOWN);
        Ok(kept.map(|kept| {
            format!(
                "it wrote what git ignores, which is kept in {}: {names}",
                kept.at.display()
            )
        }))
    })
    .await
}
