//! The step of a unit in which commands make files again: those that follow from what the unit changed, before its
//! checks, and those of the commit that it starts from, where several units that it needs had changed their sources.

use std::collections::BTreeSet;

use crate::git::{CommitId, TreeId};
use crate::regenerate::Rule;
use crate::run::log::outcome::Step;
use crate::run::log::unit_fact::{Regenerated, UnitFact};
use crate::run::unit::context::{Halt, UnitContext, failure};
use crate::run::unit::work::Work;
use crate::run::workspace::checkout::KeptTree;
use crate::run::workspace::regeneration::{Remade, Workplace};
use crate::words;

/// Runs the commands whose sources the work changes, also where another command changed them. The checkout holds the
/// work.
pub(crate) async fn regenerate(
    unit: &UnitContext,
    mut work: Work,
) -> Result<(Work, Vec<Regenerated>), Halt> {
    let rules = &unit.job.found.rules;
    let (mut done, mut results, mut ran) = (BTreeSet::new(), Vec::new(), Vec::new());
    while let Some((place, rule)) = rules.due_beside(&work.changes, &done) {
        done.insert(place);
        let changed: BTreeSet<String> = work.paths().map(str::to_owned).collect();
        let result = match make_again(unit, rule, place, &work.tree, changed).await? {
            Ok(tree) => {
                work = Work::of(unit, work.before, tree).await?;
                None
            }
            Err(reason) => Some(reason),
        };
        ran.push((rule, result));
    }
    for (rule, failed) in ran {
        let files = work.paths().filter(|path| rule.makes(path));
        let mut files: Vec<String> = files.map(str::to_owned).collect();
        if failed.is_some() && files.is_empty() {
            files.extend(rule.file().map(str::to_owned));
        }
        if failed.is_some() || !files.is_empty() {
            results.push(Regenerated {
                run: rule.run.clone(),
                files,
                failed,
            });
        }
    }
    Ok((work, results))
}

/// Keeps and records what the agent left, so that a later process does not take a half of what commands make for the
/// agent's work.
pub(crate) async fn begin(unit: &UnitContext, left: &TreeId) -> Result<(), Halt> {
    if unit.state().attempt.left_by_agent.is_some() {
        return Ok(());
    }
    let (checkout, tree) = (unit.checkout.clone(), left.clone());
    unit.git(Step::Scope, move |_| {
        checkout.keep_tree(KeptTree::LeftByAgent, &tree)
    })
    .await?;
    let tree = left.clone();
    unit.say(UnitFact::RegenerationBegun { tree }).await
}

/// Makes files of a joined commit again in the new checkout, where several of the joined commits changed them. Returns
/// the commit with them, which the branch of the unit then leads to.
pub(crate) async fn regenerate_start(
    unit: &UnitContext,
    start: CommitId,
    stale: &[String],
) -> Result<(CommitId, Vec<Regenerated>), Halt> {
    let step = Step::Checkout;
    unit.begin(step, Some("makes files again".to_owned()))
        .await?;
    let (checkout, commit) = (unit.checkout.clone(), start.clone());
    let tree = unit
        .git(step, move |job| {
            checkout.make_temp_dir()?;
            job.tree(&commit)
        })
        .await?;
    let rules = unit.job.found.rules.of(stale);
    let setup = unit.job.spec.setup();
    let made = workplace(unit)
        .make_stale(&rules, setup.as_ref(), &tree, stale, &unit.folder())
        .await
        .map_err(|error| failure(step, words::chain(&error)))?;
    let Some((made, results)) = made else {
        return Err(Halt::Stopped);
    };
    let checkout = unit.checkout.clone();
    let commit = unit
        .git(step, move |_| {
            checkout.put_back(&made)?;
            checkout.start_from(&start, &made)
        })
        .await?;
    Ok((commit, results))
}

fn workplace(unit: &UnitContext) -> Workplace<'_> {
    Workplace {
        repo: &unit.job.workspace.repo,
        checkout: &unit.checkout,
        environment: unit.environment(),
        limit: unit.job.spec.setup_limit(),
        cancel: &unit.cancel,
    }
}

/// Runs the command of one rule; the error is the reason why it made nothing.
async fn make_again(
    unit: &UnitContext,
    rule: &Rule,
    place: usize,
    before: &TreeId,
    changed: BTreeSet<String>,
) -> Result<Result<TreeId, String>, Halt> {
    unit.begin(Step::Scope, Some(rule.run.clone())).await?;
    let log = unit.folder().join(format!("regenerate-{}.log", place + 1));
    let changed = move |path: &str| changed.contains(path);
    let made = workplace(unit).make_again(rule, before, changed, log).await;
    match made.map_err(|error| failure(Step::Scope, words::chain(&error)))? {
        Remade::Tree(tree) => Ok(Ok(tree)),
        Remade::Failed(reason) => Ok(Err(reason)),
        Remade::Cancelled => Err(Halt::Stopped),
    }
}
