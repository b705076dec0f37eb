//! The untouched base, to compare with: a worktree of it, prepared as the units' are, in which each check that fails in
//! some unit is run once.
//!
//! The worktree is made when the first check asks for it, and what was found stands in the journal, so that a resumed
//! run does not ask again.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Mutex, OnceCell};

use crate::check::{self, Check};
use crate::git::{GitError, NewWorktree, delete_tree};
use crate::plan::UnitId;
use crate::process::{self, Ending};
use crate::run::job::spec::Job;
use crate::run::log::event::{BaseCheck, Event, RunFact, Step};
use crate::run::unit::checkout::setup_command;
use crate::run::unit::context::{Halt, Pipeline, failure, milliseconds};
use crate::run::workspace::environment::{environment, leave, make_scratch, scratch};
use crate::run::workspace::places::worktree_name;
use crate::words;

/// What the checks say of the base, as far as somebody has asked.
pub(crate) struct Base {
    checks: Vec<(Check, OnceCell<BaseCheck>)>,
    /// Checks may disturb each other, so they run one after another here.
    worktree: Mutex<Option<PathBuf>>,
}

impl Base {
    /// `known` is what earlier processes have found.
    pub(crate) fn new(job: &Job, known: &[BaseCheck]) -> Self {
        let mut checks: Vec<(Check, OnceCell<BaseCheck>)> = Vec::new();
        for check in job.checks.iter().flatten() {
            if !checks.iter().any(|(it, _)| is_same(it, check)) {
                let found = known
                    .iter()
                    .find(|known| known.name == check.name && known.dir == check.dir);
                checks.push((check.clone(), OnceCell::new_with(found.cloned())));
            }
        }
        Self {
            checks,
            worktree: Mutex::new(None),
        }
    }

    /// What a check has said of the base already.
    pub(crate) fn known(&self, check: &Check) -> Option<&BaseCheck> {
        self.cell(check)?.get()
    }

    fn cell(&self, check: &Check) -> Option<&OnceCell<BaseCheck>> {
        let found = self.checks.iter().find(|(it, _)| is_same(it, check));
        found.map(|(_, cell)| cell)
    }
}

fn is_same(one: &Check, other: &Check) -> bool {
    one.name == other.name && one.dir == other.dir
}

impl Pipeline {
    /// What the check says of the base; found out now unless it is known, or another unit is finding it out.
    pub(crate) async fn on_base(&self, check: &Check) -> Result<BaseCheck, Halt> {
        let unknown = || {
            failure(
                Step::Check,
                format!("{} is no check of this run", check.name),
            )
        };
        let cell = self.base.cell(check).ok_or_else(unknown)?;
        cell.get_or_try_init(|| self.check_base(check))
            .await
            .cloned()
    }

    async fn check_base(&self, check: &Check) -> Result<BaseCheck, Halt> {
        let mut standing = self.base.worktree.lock().await;
        let worktree = match &*standing {
            Some(path) => path.clone(),
            None => standing.insert(self.base_worktree().await?).clone(),
        };
        let (job, id) = (&self.job, UnitId::base());
        let number = self
            .base
            .checks
            .iter()
            .position(|(it, _)| is_same(it, check));
        let log = job
            .places
            .unit(&job.id, &id)
            .join(format!("check-{}.log", number.unwrap_or_default() + 1));
        make_scratch(job, &id).await?;
        let ran = check::run(
            check,
            &worktree,
            environment(job, &id, job.plan.units.len()),
            job.check_limit,
            log.clone(),
            &self.cancel,
        )
        .await;
        leave(job, &id).await;
        let ran = ran.map_err(|error| failure(Step::Check, words::chain(&error)))?;
        if ran.ending == Ending::Cancelled {
            return Err(Halt::Stopped);
        }
        let found = BaseCheck {
            name: check.name.clone(),
            dir: check.dir.clone(),
            ending: ran.ending,
            tests: ran.tests.into_iter().collect(),
            took_ms: milliseconds(ran.took),
            log,
        };
        self.tell(Event::Run(RunFact::BaseChecked(found.clone())))
            .await?;
        Ok(found)
    }

    /// Makes the worktree. What an earlier process left of one goes: nobody knows how far it got.
    async fn base_worktree(&self) -> Result<PathBuf, Halt> {
        let step = Step::Check;
        let (job, id) = (&self.job, UnitId::base());
        let path = job.naming.folder(&job.id, &id);
        take_away(job)
            .and_then(|()| {
                let folder = job.places.unit(&job.id, &id);
                std::fs::create_dir_all(&folder).map_err(|source| GitError::Io {
                    what: "cannot make",
                    path: folder.clone(),
                    source,
                })
            })
            .map_err(|error| failure(step, words::chain(&error)))?;
        if let Err(error) = job.room.check_one() {
            return Err(failure(step, error.to_string()));
        }
        let alone = self.registration.lock().await;
        self.git(step, |job| {
            job.repo.register_worktree(&new(job, &names(job)))
        })
        .await?;
        drop(alone);
        self.git(step, |job| {
            let path = job.naming.folder(&job.id, &UnitId::base());
            job.repo.fill_worktree(&new(job, &names(job)))?;
            job.repo.bring(&job.included, &path)
        })
        .await?;
        if let Some(line) = &job.setup {
            make_scratch(job, &id).await?;
            let log = job.places.unit(&job.id, &id).join("setup.log");
            let env = environment(job, &id, job.plan.units.len());
            let command = setup_command(job, line, path.clone(), env, log);
            let finished = process::run(&command, &self.cancel).await;
            leave(job, &id).await;
            match finished
                .map_err(|error| failure(step, words::chain(&error)))?
                .ending
            {
                Ending::Cancelled => return Err(Halt::Stopped),
                ending if ending.is_success() => {}
                ending => {
                    let reason = format!("the setup command failed on the base: {ending}");
                    return Err(failure(step, reason));
                }
            }
        }
        Ok(path)
    }
}

/// The names of the worktree's registration and places.
struct Names {
    name: String,
    path: PathBuf,
    index: PathBuf,
}

fn names(job: &Job) -> Names {
    let id = UnitId::base();
    Names {
        name: worktree_name(&job.id, &id),
        path: job.naming.folder(&job.id, &id),
        index: job.places.index(&job.id, &id),
    }
}

fn new<'a>(job: &'a Job, names: &'a Names) -> NewWorktree<'a> {
    NewWorktree {
        name: &names.name,
        path: &names.path,
        branch: None,
        start: &job.plan.base,
        index: &names.index,
    }
}

/// Puts the worktree away, to be deleted with those of published units: nothing in it is anybody's work.
pub(crate) fn take_away(job: &Arc<Job>) -> Result<(), GitError> {
    let Names { name, path, .. } = names(job);
    job.repo
        .discard_worktree(&name, &path, &job.places.done(&job.id))
        .map(drop)
        .or_else(|_| job.repo.remove_worktree(&name, &path))?;
    let scratch = scratch(&path);
    delete_tree(&scratch).map_err(|source| GitError::Io {
        what: "cannot remove",
        path: scratch,
        source,
    })
}
