//! The step of a unit that compares the tests of its checks with those of the base: work after which fewer tests run or
//! more are skipped, and work that changes a check where no number shows that it proves as much, goes back to the agent
//! and is held where it stays so.
//!
//! The base is asked only where the change gives a reason, or where its numbers are known anyway.

use crate::agent::FurtherAttempts;
use crate::check::{self, ChangedFile, Check, CountedRun, Finding, LostTests};
use crate::run::job::content::{Hold, feedback, reason};
use crate::run::log::check_result::{BaseCheck, CheckResult};
use crate::run::log::outcome::Step;
use crate::run::log::unit_fact::UnitFact;
use crate::run::unit::base_checks::check_on_base;
use crate::run::unit::bench::Bench;
use crate::run::unit::changed_file::changed_file;
use crate::run::unit::context::{Failure, Halt, Prepared, ProvenChange, UnitContext};

/// Variables that are other ones in each unit begin so: a check that names one does other things on the base.
const OWN_VARIABLES: &str = "BATCH_";

/// Compares the tests of each check with those of the base.
pub(crate) async fn lost_tests(
    unit: &UnitContext,
    prepared: &Prepared,
    proven: &ProvenChange,
    results: &[CheckResult],
) -> Result<(), Halt> {
    let checks = &unit.job.units[unit.number].checks;
    if checks.is_empty() {
        return Ok(());
    }
    let (start, tree, all) = (prepared.start.clone(), proven.tree.clone(), checks.clone());
    let (files, definitions) = unit
        .git(Step::Check, move |job| {
            let repo = &job.workspace.repo;
            let files = repo.changed_contents(&start, &tree)?.into_iter();
            let files: Vec<ChangedFile> = files.map(changed_file).collect();
            let reader = repo.reader(&start)?;
            let read = |path: &str| reader.text(path);
            let of_check = |check| check::changed_definitions(check, &files, &read);
            let definitions: Vec<_> = all.iter().map(of_check).collect();
            Ok((files, definitions))
        })
        .await?;
    // A pattern that a person wrote takes no tests away by the way, and its units are many.
    let is_pattern = unit.assignment().agent.further_attempts() == FurtherAttempts::Pointless;
    let may_lose = check::loses_tests(&files) || !is_pattern && check::touches_tests(&files);
    let mut found = LostTests::default();
    for ((check, result), changed) in checks.iter().zip(results).zip(&definitions) {
        let now = result.counted();
        let is_silent = now.counts.is_some_and(|counts| counts.ran == 0);
        let is_worth_it = now.counts.is_some() && (may_lose || is_silent || !changed.is_empty());
        let base = base(unit, check, is_worth_it).await?;
        let lost = check::lost_tests(&check.name, changed, &files, now, base);
        add(&mut found.held, lost.held);
        add(&mut found.told, lost.told);
    }
    decide(unit, found).await
}

/// Returns what the check says of its tests on the base, where that is known or is worth a run.
async fn base(
    unit: &UnitContext,
    check: &Check,
    is_worth_it: bool,
) -> Result<Option<CountedRun>, Halt> {
    if check.name.contains(OWN_VARIABLES) {
        return Ok(None);
    }
    if let Some(known) = unit.base_checks.known(check) {
        return Ok(Some(known.counted()));
    }
    if !is_worth_it {
        return Ok(None);
    }
    unit.begin(Step::Check, Some(format!("{}, on the base", check.name)))
        .await?;
    match check_on_base(&Bench::of(unit), check).await {
        Ok(base) => Ok(Some(BaseCheck::counted(&base))),
        // Where the base cannot be checked, its tests are not known.
        Err(Halt::Failed(_)) => Ok(None),
        Err(halt) => Err(halt),
    }
}

/// Holds the work, or tells what was found and lets it go on.
async fn decide(unit: &UnitContext, found: LostTests) -> Result<(), Halt> {
    let LostTests { held, mut told } = found;
    let allow = &unit.job.spec.settings.run.allow;
    let is_allowed = |it: &Finding| allow.iter().any(|allow| allow.covers(it.kind, &it.path));
    let (allowed, wrong): (Vec<_>, Vec<_>) = held.into_iter().partition(is_allowed);
    if !wrong.is_empty() {
        let command = match unit.state().follow_up {
            Some(_) => "batch prs fix".to_owned(),
            None => format!("batch resume {}", unit.job.id()),
        };
        let hold = Hold::LostTests;
        return Err(Halt::Failed(Failure {
            feedback: Some(feedback(&wrong, hold)),
            ..Failure::new(Step::Content, reason(&wrong, hold, &command))
        }));
    }
    add(&mut told, allowed);
    let known = unit.state().attempt.content;
    told.retain(|it| !known.findings().contains(it));
    if told.is_empty() {
        return Ok(());
    }
    unit.say(UnitFact::ContentTold { findings: told }).await
}

/// Adds what another check has not found.
fn add(all: &mut Vec<Finding>, more: Vec<Finding>) {
    for finding in more {
        if !all.contains(&finding) {
            all.push(finding);
        }
    }
}
