//! The step of a unit that runs its checks: a check that fails is run again, and on the untouched base, so that only a
//! new failure fails the unit.
//!
//! Both wait for a failure: a unit whose checks pass neither pays for the base nor waits for it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use crate::check::{self, Against, Check, CheckOutput, NoProof, Verdict};
use crate::git::{Change, ChangeKind, TreeId};
use crate::process::Ending;
use crate::run::log::check_result::{BaseCheck, CheckResult};
use crate::run::log::outcome::Step;
use crate::run::log::unit_fact::UnitFact;
use crate::run::unit::base_checks::check_on_base;
use crate::run::unit::bench::Bench;
use crate::run::unit::context::{Failure, Halt, UnitContext, failure, milliseconds};
use crate::run::workspace::checkout::KeptTree;
use crate::words;

/// A reason names at most so many of the tests that fail, and of the files that a check complains about.
const NAMES_SHOWN: usize = 10;

/// One run of a check.
struct Ran {
    output: CheckOutput,
    /// The files that it changed or deleted, which are put right.
    changed: Vec<String>,
}

/// Runs the unit's checks; a check whose result is known for this attempt is not run again.
pub(crate) async fn checks(unit: &UnitContext) -> Result<Vec<CheckResult>, Halt> {
    let step = Step::Check;
    let attempt = unit.state().attempt;
    let mut results = Vec::new();
    // The content that every check is to see.
    let mut before = None;
    for (index, check) in unit.job.units[unit.number].checks.iter().enumerate() {
        let log = check_log(unit, index, attempt.number());
        // The repository may have been moved since, but a log keeps its name.
        let is_of_this = |result: &&CheckResult| result.log.file_name() == log.file_name();
        let done = attempt.checks.iter().find(is_of_this);
        let (result, doubt, tree) = if let Some(done) = done {
            (done.clone(), None, before)
        } else {
            unit.begin(step, Some(check.name.clone())).await?;
            let before = match before {
                Some(tree) => tree,
                None => content(unit).await?,
            };
            let first = check_once(unit, check, &before, log.clone()).await?;
            let (result, doubt) = judge(unit, check, &before, first, log).await?;
            unit.say(UnitFact::CheckFinished(result.clone())).await?;
            (result, doubt, Some(before))
        };
        if let Verdict::Fail {
            ending,
            tests,
            places,
        } = &result.verdict
        {
            let reason = reason(&result.name, *ending, tests, places, doubt);
            return Err(Halt::Failed(Failure {
                feedback: Some(feedback(&reason, &result.tail)),
                tail: Some(result.tail),
                log: Some(result.log),
                ..Failure::new(step, reason)
            }));
        }
        before = tree;
        results.push(result);
    }
    Ok(results)
}

/// Returns the content that every check is to see, and records it. Where a process was killed while a check ran, what
/// the check had changed by then is put right.
async fn content(unit: &UnitContext) -> Result<TreeId, Halt> {
    if let Some(tree) = unit.state().attempt.checked {
        put_right(unit, &tree).await?;
        return Ok(tree);
    }
    let tree = unit.snapshot(Step::Check).await?;
    let (checkout, kept) = (unit.checkout.clone(), tree.clone());
    unit.git(Step::Check, move |_| {
        checkout.keep_tree(KeptTree::Checked, &kept)
    })
    .await?;
    let begun = UnitFact::ChecksBegun { tree: tree.clone() };
    unit.say(begun).await?;
    Ok(tree)
}

/// Each attempt has logs of its own, so that a result says which attempt it belongs to.
fn check_log(unit: &UnitContext, index: usize, attempt: u32) -> PathBuf {
    let name = match attempt {
        1 => format!("check-{}.log", index + 1),
        attempt => format!("check-{}.{attempt}.log", index + 1),
    };
    unit.folder().join(name)
}

/// Compares a run of a check with the base and with a second run. Where the check cannot run on the base, every failure
/// counts as new, and the returned words say why.
async fn judge(
    unit: &UnitContext,
    check: &Check,
    before: &TreeId,
    first: Ran,
    log: PathBuf,
) -> Result<(CheckResult, Option<String>), Halt> {
    let Ran {
        output: first,
        changed,
    } = first;
    let result = |verdict: Verdict, ran: CheckOutput, changed, log| CheckResult {
        name: check.name.clone(),
        dir: check.dir.clone(),
        verdict: verdict.because(|ending| {
            let withheld = unit.job.found.environment.withheld();
            NoProof::find(check, ending, &ran.tail, withheld)
        }),
        took_ms: milliseconds(ran.took),
        log,
        tail: ran.tail,
        changed,
        counts: ran.counts,
    };
    let Some(failed) = first.failure() else {
        return Ok((result(Verdict::Pass, first, changed, log), None));
    };
    let own: BTreeSet<String> = unit.unit().claim.files.iter().cloned().collect();
    let known = unit.base_checks.known(check);
    let known = known.map(BaseCheck::failure);
    if let Some(base) = &known
        && failed.is_old(Against::new(base.as_ref(), &own))
    {
        let verdict = failed.verdict(None, Against::new(base.as_ref(), &own));
        return Ok((result(verdict, first, changed, log), None));
    }
    let bench = Bench::of(unit);
    let again_log = log.with_extension("again.log");
    let again = async {
        // A second run would take as long again, and the first one had ample time.
        if matches!(failed.ending, Ending::TimedOut(_)) {
            return Ok(None);
        }
        let again = format!("{}, again", check.name);
        unit.begin(Step::Check, Some(again)).await?;
        let ran = check_once(unit, check, before, again_log.clone()).await?;
        Ok(Some(ran))
    };
    let (again, base) = tokio::join!(again, check_on_base(&bench, check));
    let (base, doubt) = match base {
        Ok(base) => (base.failure(), None),
        Err(Halt::Failed(failure)) => (None, Some(failure.reason)),
        Err(halt) => return Err(halt),
    };
    Ok(match again? {
        None => {
            let verdict = failed.verdict(Some(&failed), Against::new(base.as_ref(), &own));
            (result(verdict, first, changed, log), doubt)
        }
        Some(Ran {
            output: again,
            changed: again_changed,
        }) => {
            let changed: BTreeSet<String> = changed.into_iter().chain(again_changed).collect();
            let verdict =
                failed.verdict(again.failure().as_ref(), Against::new(base.as_ref(), &own));
            let counts = again.counts;
            // For a flaky check, the run that failed is worth a look.
            let shown = if again.failure().is_some() {
                (again, again_log)
            } else {
                (first, log.clone())
            };
            let changed = changed.into_iter().collect();
            let result = result(verdict, shown.0, changed, shown.1);
            // A resumed run recognises a check by its first log.
            let result = CheckResult {
                log,
                counts,
                ..result
            };
            (result, doubt)
        }
    })
}

/// Runs the check once. Whatever the run changed is put right before anybody looks at its result: a run that mends what
/// it finds would otherwise let the next one pass.
async fn check_once(
    unit: &UnitContext,
    check: &Check,
    before: &TreeId,
    log: PathBuf,
) -> Result<Ran, Halt> {
    let checkout = unit.checkout.clone();
    unit.git(Step::Check, move |_| checkout.lead_to_private())
        .await?;
    let ran = check::run(
        check,
        unit.checkout.path(),
        (unit.environment(), unit.checkout.sandbox_of_checks()),
        unit.job.spec.check_limit(),
        log,
        &unit.cancel,
    )
    .await;
    let changed = put_right(unit, before).await?;
    let output = ran.map_err(|error| failure(Step::Check, words::chain(&error)))?;
    match output.ending {
        Ending::Cancelled => Err(Halt::Stopped),
        _ => Ok(Ran { output, changed }),
    }
}

/// Puts the files right that a check changed or deleted, and returns their paths: the next check sees what is to be
/// published. Files that a check makes stay, since a later check may need them.
async fn put_right(unit: &UnitContext, before: &TreeId) -> Result<Vec<String>, Halt> {
    let (checkout, before) = (unit.checkout.clone(), before.clone());
    unit.git(Step::Check, move |job| {
        let now = checkout.snapshot()?;
        if now == before {
            return Ok(Vec::new());
        }
        let changes = job.workspace.repo.changes(&before, &now)?;
        let is_old = |change: &&Change| change.kind != ChangeKind::Added;
        let paths = changes.list.iter().filter(is_old);
        let old: Vec<String> = paths
            .map(|change| String::from_utf8_lossy(&change.path).into_owned())
            .collect();
        if !old.is_empty() {
            let repo = &job.workspace.repo;
            checkout.show(&repo.with_paths_of(&now, &before, &old)?)?;
        }
        Ok(old)
    })
    .await
}

/// Writes the feedback for the agent.
fn feedback(reason: &str, tail: &str) -> String {
    let tail = words::fence("text", &words::block(tail));
    format!(
        "A check that must pass does not pass with your change: {reason}\n\nIts output ends like this:\n\n{tail}\n\n\
         Mend your change so that it passes. What the task says of your files and of the rules still holds.\n"
    )
}

/// Writes why a unit fails at a check.
pub(crate) fn reason(
    check: &str,
    ending: Ending,
    tests: &[String],
    places: &[String],
    doubt: Option<String>,
) -> String {
    let mut reason = format!("`{check}` failed: {ending}");
    let named = [
        ("failing, and not before:", tests),
        (
            "it complains about files of this unit, or about files that were right before:",
            places,
        ),
    ];
    for (heading, names) in named.into_iter().filter(|(_, names)| !names.is_empty()) {
        let shown: Vec<String> = names
            .iter()
            .take(NAMES_SHOWN)
            .map(|name| format!("\n  {}", words::line(name)))
            .collect();
        let _ = write!(reason, "\n{heading}{}", shown.concat());
        if let Some(more @ 1..) = names.len().checked_sub(NAMES_SHOWN) {
            let _ = write!(reason, "\n  and {more} more");
        }
    }
    if let Some(doubt) = doubt {
        let _ = write!(
            reason,
            "\nwhether it failed before could not be found out: {doubt}"
        );
    }
    reason
}
