//! The step of a unit in which its checks run: a check that fails is run once more, and on the untouched base, so that
//! only what is new fails the unit.
//!
//! Both wait for a failure: a unit whose checks pass never pays for the base, nor waits for it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::check::{self, Check, Ran, Verdict};
use crate::process::Ending;
use crate::run::log::event::{CheckResult, Step, UnitFact};
use crate::run::log::state::UnitState;
use crate::run::unit::context::{Checkout, Failure, Halt, Pipeline, failure, milliseconds};
use crate::words;

/// Of the tests that fail only so many are named in a reason.
const TESTS_SHOWN: usize = 10;

impl Pipeline {
    pub(crate) async fn checks(
        &self,
        ground: &Checkout,
        known: &UnitState,
    ) -> Result<Vec<CheckResult>, Halt> {
        let step = Step::Check;
        let mut results = Vec::new();
        for (index, check) in self.job.checks[self.number].iter().enumerate() {
            let log = self.check_log(index, known);
            let done = known.checks.iter().find(|result| result.log == log);
            let (result, doubt) = if let Some(done) = done {
                (done.clone(), None)
            } else {
                self.begin(step, Some(check.name.clone())).await?;
                let first = self.check_once(check, &ground.path, log.clone()).await?;
                let judged = self.judge(check, &ground.path, first, log).await?;
                self.say(UnitFact::CheckFinished(judged.0.clone())).await?;
                judged
            };
            if let Verdict::Fail { ending, tests } = &result.verdict {
                let reason = reason(&result.name, *ending, tests, doubt);
                return Err(Halt::Failed(Failure {
                    feedback: Some(feedback(&reason, &result.tail)),
                    tail: Some(result.tail),
                    log: Some(result.log),
                    ..Failure::new(step, reason)
                }));
            }
            results.push(result);
        }
        Ok(results)
    }

    /// Each attempt has logs of its own, so that a result tells of which it is.
    fn check_log(&self, index: usize, known: &UnitState) -> PathBuf {
        let name = match known.attempt() {
            1 => format!("check-{}.log", index + 1),
            attempt => format!("check-{}.{attempt}.log", index + 1),
        };
        self.folder().join(name)
    }

    /// Holds a run of a check against the base and against a second run. Where the base cannot be asked, everything that
    /// fails counts as new, and the words say why.
    async fn judge(
        &self,
        check: &Check,
        worktree: &Path,
        first: Ran,
        log: PathBuf,
    ) -> Result<(CheckResult, Option<String>), Halt> {
        let told = |verdict, ran: Ran, log| CheckResult {
            name: check.name.clone(),
            verdict,
            took_ms: milliseconds(ran.took),
            log,
            tail: ran.tail,
        };
        let Some(failed) = first.failure() else {
            return Ok((told(Verdict::Pass, first, log), None));
        };
        if let Some(base) = self.base.known(check)
            && failed.is_old(base.failure().as_ref())
        {
            let verdict = failed.verdict(None, base.failure().as_ref());
            return Ok((told(verdict, first, log), None));
        }
        let again_log = log.with_extension("again.log");
        let again = async {
            // Once more would take as long again, for a time that was ample.
            if matches!(failed.ending, Ending::TimedOut(_)) {
                return Ok(None);
            }
            let again = format!("{}, again", check.name);
            self.begin(Step::Check, Some(again)).await?;
            let ran = self.check_once(check, worktree, again_log.clone()).await?;
            Ok(Some(ran))
        };
        let (again, base) = tokio::join!(again, self.on_base(check));
        let (base, doubt) = match base {
            Ok(base) => (base.failure(), None),
            Err(halt @ (Halt::Stopped | Halt::Refused(_))) => return Err(halt),
            Err(Halt::Failed(failure)) => (None, Some(failure.reason)),
        };
        Ok(match again? {
            None => {
                let verdict = failed.verdict(Some(&failed), base.as_ref());
                (told(verdict, first, log), doubt)
            }
            Some(again) => {
                let verdict = failed.verdict(again.failure().as_ref(), base.as_ref());
                // Of a flaky check, the run that failed is the one to look into.
                let shown = if again.failure().is_some() {
                    (again, again_log)
                } else {
                    (first, log.clone())
                };
                let result = told(verdict, shown.0, shown.1);
                // Resuming knows a check by its first log.
                (CheckResult { log, ..result }, doubt)
            }
        })
    }

    async fn check_once(&self, check: &Check, worktree: &Path, log: PathBuf) -> Result<Ran, Halt> {
        let ran = check::run(
            check,
            worktree,
            self.environment(),
            self.job.check_limit,
            log,
            &self.cancel,
        )
        .await
        .map_err(|error| failure(Step::Check, words::chain(&error)))?;
        match ran.ending {
            Ending::Cancelled => Err(Halt::Stopped),
            _ => Ok(ran),
        }
    }
}

/// What the agent is told to mend.
fn feedback(reason: &str, tail: &str) -> String {
    let tail = words::fence("text", &words::block(tail));
    format!(
        "A check that must pass does not pass with your change: {reason}\n\nIts output ends like this:\n\n{tail}\n\n\
         Mend your change so that it passes. What the task says of your files and of the rules still holds.\n"
    )
}

/// Why a unit fails at a check.
fn reason(check: &str, ending: Ending, tests: &[String], doubt: Option<String>) -> String {
    let mut reason = format!("`{check}` failed: {ending}");
    if !tests.is_empty() {
        let shown: Vec<String> = tests
            .iter()
            .take(TESTS_SHOWN)
            .map(|name| format!("\n  {}", words::line(name)))
            .collect();
        reason.push_str("\nfailing, and not before:");
        reason.push_str(&shown.concat());
        if let Some(more @ 1..) = tests.len().checked_sub(TESTS_SHOWN) {
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
