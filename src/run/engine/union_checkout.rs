//! The scratch checkout of a union: puts commits of units together in it, and runs the checks of the run there. It
//! knows nothing of which sets are worth a check.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use crate::check::{self, Against, Check, CheckOutput, Verdict};
use crate::git::{CommitId, GitError, TreeId};
use crate::plan::UnitId;
use crate::process::Ending;
use crate::run::job::job::Job;
use crate::run::log::check_result::BaseCheck;
use crate::run::log::outcome::Step;
use crate::run::log::union::{UnionCheck, UnionVerdict};
use crate::run::unit::base_checks::{
    check_on_base, environment, make_checkout, release, take_away,
};
use crate::run::unit::bench::Bench;
use crate::run::unit::checks::reason;
use crate::run::unit::context::{Halt, failure, milliseconds};
use crate::run::workspace::checkout::Checkout;
use crate::run::workspace::regeneration::Workplace;
use crate::words;

const STEP: Step = Step::Check;

/// A reason names at most so many paths.
const PATHS_NAMED: usize = 5;

/// The scratch checkout of a union.
pub(crate) struct UnionCheckout<'a> {
    bench: &'a Bench,
    checkout: Checkout,
    /// The content after setup, once the checkout was made.
    prepared: Option<TreeId>,
}

/// Commits that are put together.
enum PutTogether {
    /// A tool has to make the files of the second list again.
    Tree(TreeId, Vec<String>),
    /// This unit's commit does not fit to those before it.
    Conflict(UnitId, Vec<String>),
}

/// The result of one check.
struct Judged {
    verdict: UnionVerdict,
    reason: Option<String>,
    tail: Option<String>,
    log: PathBuf,
}

impl<'a> UnionCheckout<'a> {
    pub(crate) fn new(bench: &'a Bench) -> Self {
        Self {
            bench,
            checkout: bench.job.union_checkout(),
            prepared: None,
        }
    }

    /// Puts these commits together and runs the checks on the result; `number` tells the logs apart.
    pub(crate) async fn check(
        &mut self,
        work: &[(UnitId, CommitId)],
        number: usize,
    ) -> Result<UnionCheck, Halt> {
        let begun = Instant::now();
        let units: Vec<UnitId> = work.iter().map(|(unit, _)| unit.clone()).collect();
        let result = |judged: Judged| UnionCheck {
            units: units.clone(),
            verdict: judged.verdict,
            reason: judged.reason,
            took_ms: milliseconds(begun.elapsed()),
            tail: judged.tail.filter(|tail| !tail.trim().is_empty()),
            log: Some(judged.log).filter(|log| !log.as_os_str().is_empty()),
        };
        let commits = work.to_vec();
        let together = self.bench.git(STEP, move |job| put_together(job, &commits));
        let (tree, stale) = match together.await? {
            PutTogether::Tree(tree, stale) => (tree, stale),
            PutTogether::Conflict(unit, paths) => {
                let paths = words::few(paths.iter().map(|path| words::line(path)), PATHS_NAMED);
                return Ok(result(Judged {
                    verdict: UnionVerdict::Red,
                    reason: Some(format!(
                        "{unit} changes the same places as the others: {paths}"
                    )),
                    tail: None,
                    log: PathBuf::new(),
                }));
            }
        };
        let tree = self.show(tree, stale).await?;
        let own = own_files(&self.bench.job, &units);
        let mut last = Judged {
            verdict: UnionVerdict::Green,
            reason: None,
            tail: None,
            log: PathBuf::new(),
        };
        for (place, check) in self.bench.job.union_checks.iter().enumerate() {
            let log = self.checkout.folder();
            let log = log.join(format!("check-{number}.{}.log", place + 1));
            let judged = self.judge(check, &tree, &own, log).await?;
            match judged.verdict {
                UnionVerdict::Green => {}
                UnionVerdict::Flaky => last = judged,
                UnionVerdict::Red => {
                    last = judged;
                    break;
                }
            }
        }
        Ok(result(last))
    }

    /// Lets the checkout have this content, with the files that tools make from it; returns it.
    async fn show(&mut self, tree: TreeId, stale: Vec<String>) -> Result<TreeId, Halt> {
        let prepared = match &self.prepared {
            Some(prepared) => prepared.clone(),
            None => self.make().await?,
        };
        self.prepared = Some(prepared.clone());
        let checkout = self.checkout.clone();
        let shown = self.bench.git(STEP, move |job| {
            let base = job.tree(&job.base())?;
            let repo = &job.workspace.repo;
            // Setup may have changed what git tracks.
            let (tree, paths) = if prepared == base {
                (tree, Vec::new())
            } else {
                repo.put_together(&prepared, &base, &tree)?
            };
            if !paths.is_empty() {
                return Err(GitError::Conflict { paths });
            }
            checkout.put_back(&tree)?;
            Ok(tree)
        });
        let tree = shown.await?;
        if stale.is_empty() {
            return Ok(tree);
        }
        self.make_again(tree, &stale).await
    }

    async fn make(&self) -> Result<TreeId, Halt> {
        make_checkout(self.bench, &self.checkout).await?;
        let checkout = self.checkout.clone();
        self.bench.git(STEP, move |_| checkout.snapshot()).await
    }

    /// Makes files again that several units changed and that a tool makes from others.
    async fn make_again(&self, tree: TreeId, stale: &[String]) -> Result<TreeId, Halt> {
        let job = &self.bench.job;
        self.ready().await?;
        let place = Workplace {
            repo: &job.workspace.repo,
            checkout: &self.checkout,
            environment: environment(self.bench, &self.checkout),
            limit: job.spec.setup_limit(),
            cancel: &self.bench.cancel,
        };
        let rules = job.found.rules.of(stale);
        // The checkout is set up already.
        let logs = self.checkout.folder();
        let made = place.make_stale(&rules, None, &tree, stale, &logs).await;
        let made = made.map_err(|error| failure(STEP, words::chain(&error)))?;
        release(self.bench, &self.checkout).await?;
        let (tree, _) = made.ok_or(Halt::Stopped)?;
        let (checkout, shown) = (self.checkout.clone(), tree.clone());
        self.bench
            .git(STEP, move |_| checkout.put_back(&shown))
            .await?;
        Ok(tree)
    }

    /// Runs a check, and once more where it fails in another way than on the base.
    async fn judge(
        &self,
        check: &Check,
        tree: &TreeId,
        own: &BTreeSet<String>,
        log: PathBuf,
    ) -> Result<Judged, Halt> {
        let first = self.run(check, tree, log.clone()).await?;
        let judged = |verdict, said: Option<String>, tail: &str| Judged {
            verdict,
            reason: said,
            tail: Some(tail.to_owned()),
            log: log.clone(),
        };
        let green = judged(UnionVerdict::Green, None, "");
        let Some(failed) = first.failure() else {
            return Ok(green);
        };
        let (base, doubt) = match check_on_base(self.bench, check).await {
            Ok(base) => (BaseCheck::failure(&base), None),
            Err(Halt::Failed(failure)) => (None, Some(failure.reason)),
            Err(halt) => return Err(halt),
        };
        let against = Against::new(base.as_ref(), own);
        if failed.is_old(against) {
            return Ok(green);
        }
        // A second run would take as long again, and the first one had ample time.
        let (again, tail) = if matches!(failed.ending, Ending::TimedOut(_)) {
            (Some(failed.clone()), first.tail)
        } else {
            let again = self
                .run(check, tree, log.with_extension("again.log"))
                .await?;
            (again.failure(), again.tail)
        };
        Ok(match failed.verdict(again.as_ref(), against) {
            Verdict::Fail {
                ending,
                tests,
                places,
            } => {
                let said = reason(&check.name, ending, &tests, &places, doubt);
                judged(UnionVerdict::Red, Some(said), &tail)
            }
            Verdict::Flaky { .. } => {
                let said = format!("`{}` failed, and passed when it ran again", check.name);
                judged(UnionVerdict::Flaky, Some(said), "")
            }
            Verdict::Pass | Verdict::OldFailure { .. } | Verdict::VerifiedNothing { .. } => green,
        })
    }

    async fn ready(&self) -> Result<(), Halt> {
        let checkout = self.checkout.clone();
        let ready = self.bench.git(STEP, move |_| {
            checkout.lead_to_private()?;
            checkout.make_temp_dir()
        });
        ready.await
    }

    /// Runs a check once, and puts right what it changed.
    async fn run(&self, check: &Check, tree: &TreeId, log: PathBuf) -> Result<CheckOutput, Halt> {
        self.ready().await?;
        let ran = check::run(
            check,
            self.checkout.path(),
            (
                environment(self.bench, &self.checkout),
                self.checkout.sandbox_of_checks(),
            ),
            self.bench.job.spec.check_limit(),
            log,
            &self.bench.cancel,
        )
        .await;
        release(self.bench, &self.checkout).await?;
        let (checkout, before) = (self.checkout.clone(), tree.clone());
        let put_right = self.bench.git(STEP, move |_| {
            if checkout.snapshot()? == before {
                return Ok(());
            }
            checkout.put_back(&before)
        });
        put_right.await?;
        let ran = ran.map_err(|error| failure(STEP, words::chain(&error)))?;
        match ran.ending {
            Ending::Cancelled => Err(Halt::Stopped),
            _ => Ok(ran),
        }
    }

    /// Puts the checkout away; it holds nobody's work.
    pub(crate) async fn take_away(self) {
        if self.prepared.is_none() {
            return;
        }
        let checkout = self.checkout.clone();
        let gone = self.bench.git_result(move |_| {
            checkout.release();
            take_away(&checkout)
        });
        if let Ok(Err(error)) = gone.await {
            tracing::warn!("the worktree of the union was left behind: {error}");
        }
    }
}

/// Applies the work of the units one after another to the base.
fn put_together(job: &Job, work: &[(UnitId, CommitId)]) -> Result<PutTogether, GitError> {
    let repo = &job.workspace.repo;
    let commits: Vec<CommitId> = work.iter().map(|(_, commit)| commit.clone()).collect();
    let is_made = |path: &str| job.found.rules.make(path);
    let mut tree = job.tree(&job.base())?;
    let mut stale = BTreeSet::new();
    // What one of them stands on is in it already.
    for tip in repo.independent(&commits)? {
        match repo.apply_without_made(&tree, &job.base(), &tip, &is_made) {
            Ok(merged) => {
                tree = merged.tree;
                stale.extend(merged.stale);
            }
            Err(GitError::Conflict { paths }) => {
                let unit = work.iter().find(|(_, commit)| *commit == tip);
                let unit = unit.map_or_else(UnitId::union, |(unit, _)| unit.clone());
                return Ok(PutTogether::Conflict(unit, paths));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(PutTogether::Tree(tree, stale.into_iter().collect()))
}

/// Returns the files that these units claim: what a check complains about there must be gone.
fn own_files(job: &Job, units: &[UnitId]) -> BTreeSet<String> {
    let numbers = units.iter().filter_map(|unit| job.spec.number(unit));
    numbers
        .flat_map(|number| job.spec.unit(number).claim.files.iter().cloned())
        .collect()
}
