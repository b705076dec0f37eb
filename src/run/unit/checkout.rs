//! What a unit's agent finds when it begins: a worktree of the right commit, with the files brought along and set up.

use std::path::PathBuf;

use crate::git::{GitError, NewWorktree, Repo, free_name};
use crate::process::{self, Command, Ending, Environment};
use crate::run::job::spec::Job;
use crate::run::log::event::{Step, UnitFact};
use crate::run::log::state::UnitState;
use crate::run::unit::context::{Checkout, Failure, Halt, Pipeline, failure};
use crate::run::workspace::environment::make_scratch;
use crate::run::workspace::places::worktree_name;
use crate::run::workspace::trash::trash;
use crate::words;

type ForWorktree = fn(&Repo, &NewWorktree<'_>) -> Result<(), GitError>;

impl Pipeline {
    /// The ground to go on from, with what is known to be done on it: what an earlier process left, if its agent was
    /// done, else everything new.
    pub(crate) async fn ground(&self, known: &UnitState) -> Result<(Checkout, UnitState), Halt> {
        if let Some(ground) = self.left_ground(known) {
            make_scratch(&self.job, &self.unit().id).await?;
            return Ok((ground, known.clone()));
        }
        if self.folder().exists() {
            self.clear(known).await?;
        }
        let ground = match self.worktree().await {
            Ok(ground) => ground,
            Err(halt) => {
                self.put_branch_back(known).await;
                return Err(halt);
            }
        };
        make_scratch(&self.job, &self.unit().id).await?;
        let ground = self.setup(ground).await?;
        self.say(UnitFact::Prepared {
            tree: ground.prepared.clone(),
        })
        .await?;
        let anew = UnitState {
            rivals: known.rivals.clone(),
            worktree: Some(ground.path.clone()),
            branch: Some(ground.branch.clone()),
            start: Some(ground.start.clone()),
            prepared: Some(ground.prepared.clone()),
            round: known.round.clone(),
            ..UnitState::new(known.header.clone())
        };
        Ok((ground, anew))
    }

    /// What an earlier process left, when nothing of it has to be made again.
    fn left_ground(&self, known: &UnitState) -> Option<Checkout> {
        // Before its first attempt has ended, an agent leaves nothing to go on from.
        known
            .agent_took_ms
            .map(drop)
            .or_else(|| known.sent_back.first().map(drop))?;
        let ground = Checkout {
            path: known.worktree.clone()?,
            branch: known.branch.clone()?,
            start: known.start.clone()?,
            prepared: known.prepared.clone()?,
        };
        let index = self.job.places.index(&self.job.id, &self.unit().id);
        let stands = known.commit.is_some() || (ground.path.exists() && index.exists());
        stands.then_some(ground)
    }

    /// Takes an earlier attempt out of the way: its worktree goes to the trash, a branch that somebody committed to is
    /// kept under another name, and its logs in another folder.
    async fn clear(&self, known: &UnitState) -> Result<(), Halt> {
        let unit = self.unit().id.clone();
        let start = known.start.clone();
        // With a branch git deletes the folders it stood in, which another unit may just be making for its own.
        let alone = self.registration.lock().await;
        let (worktree, branch) = self
            .git(Step::Worktree, move |job| {
                let path = job.naming.folder(&job.id, &unit);
                let start = start.unwrap_or_else(|| job.plan.base.clone());
                let trashed = trash(&job.repo, &job.places, (&job.id, &unit), &path, &start)?;
                let aside = format!("refs/batch/left/{}/{unit}", job.id);
                let branch = job.repo.set_branch_aside(
                    &job.naming.branch(&job.id, &unit),
                    &start,
                    &aside,
                )?;
                Ok((trashed.map(|trashed| trashed.at), branch))
            })
            .await?;
        drop(alone);
        // Last, because it is by this folder that there is something to clear.
        let logs = self.keep_logs()?;
        self.say(UnitFact::SetAside {
            worktree,
            branch,
            logs,
        })
        .await
    }

    /// What is published stays on its branch, also where a round that was to go on from it could not begin.
    async fn put_branch_back(&self, known: &UnitState) {
        let before = known.round.as_ref().map(|round| &round.before);
        let Some(commit) = before.and_then(|before| before.commit.clone()) else {
            return;
        };
        let branch = self.job.naming.branch(&self.job.id, &self.unit().id);
        let put_back = self.git(Step::Worktree, move |job| {
            if job.repo.branch_tip(&branch)?.is_none() {
                job.repo.move_branch(&branch, None, &commit)?;
            }
            Ok(())
        });
        if put_back.await.is_err() {
            tracing::warn!("the branch of {} could not be put back", self.unit().id);
        }
    }

    fn keep_logs(&self) -> Result<PathBuf, Halt> {
        let (folder, earlier) = (self.folder(), self.job.places.earlier(&self.job.id));
        let kept = free_name(&earlier, self.unit().id.as_str());
        let rename = || {
            std::fs::create_dir_all(&earlier)?;
            std::fs::rename(&folder, &kept)
        };
        rename().map_err(|error| {
            failure(
                Step::Worktree,
                format!("{} cannot be set aside: {error}", folder.display()),
            )
        })?;
        Ok(kept)
    }

    async fn worktree(&self) -> Result<Checkout, Halt> {
        // The engine has said already that this step begins.
        let step = Step::Worktree;
        let job = &self.job;
        let unit = &self.unit().id;
        let folder = job.places.unit(&job.id, unit);
        std::fs::create_dir_all(&folder).map_err(|error| {
            failure(
                step,
                format!("{} cannot be made: {error}", folder.display()),
            )
        })?;
        if let Err(error) = self.job.room.check_one() {
            return Err(failure(step, error.to_string()));
        }
        let start = self.start().await?;
        let path = job.naming.folder(&job.id, unit);
        let branch = job.naming.branch(&job.id, unit);
        self.alone(&start, Repo::register_worktree).await?;
        if let Err(halt) = self.new_worktree(&start, Repo::fill_worktree).await {
            let taken_back = |repo: &Repo, new: &NewWorktree<'_>| {
                repo.take_back(new);
                Ok(())
            };
            self.alone(&start, taken_back).await?;
            return Err(halt);
        }
        self.say(UnitFact::WorktreeReady {
            path: path.clone(),
            branch: branch.clone(),
            start: start.clone(),
        })
        .await?;
        if !job.included.is_empty() {
            let path = path.clone();
            self.git(step, move |job| job.repo.bring(&job.included, &path))
                .await?;
        }
        let commit = start.clone();
        let prepared = self.git(step, move |job| job.repo.tree(&commit)).await?;
        Ok(Checkout {
            path,
            branch,
            start,
            prepared,
        })
    }

    /// Does something with the worktree to be made while no other unit does the like.
    async fn alone(&self, start: &str, work: ForWorktree) -> Result<(), Halt> {
        let _alone = self.registration.lock().await;
        self.new_worktree(start, work).await
    }

    async fn new_worktree(&self, start: &str, work: ForWorktree) -> Result<(), Halt> {
        let (unit, start) = (self.unit().id.clone(), start.to_owned());
        self.git(Step::Worktree, move |job| {
            let new = NewWorktree {
                name: &worktree_name(&job.id, &unit),
                path: &job.naming.folder(&job.id, &unit),
                branch: Some(&job.naming.branch(&job.id, &unit)),
                start: &start,
                index: &job.places.index(&job.id, &unit),
            };
            work(&job.repo, &new)
        })
        .await
    }

    /// The commit to start from: where its pull request stands, or the base, or the work of the units that are needed.
    async fn start(&self) -> Result<String, Halt> {
        if let Some(round) = &self.known.round {
            return Ok(round.mending.head.clone());
        }
        let commits: Vec<String> = self
            .needs
            .iter()
            .filter_map(|need| need.work.as_ref())
            .map(|(_, commit)| commit.clone())
            .collect();
        match &commits[..] {
            [] => Ok(self.job.plan.base.clone()),
            [one] => Ok(one.clone()),
            _ => {
                let message = format!("Join what unit {} needs", self.unit().id);
                self.git(Step::Worktree, move |job| {
                    job.repo.join(&job.plan.base, &commits, &message)
                })
                .await
            }
        }
    }

    async fn setup(&self, mut ground: Checkout) -> Result<Checkout, Halt> {
        let step = Step::Setup;
        if let Some(line) = &self.job.setup {
            self.begin(step, None).await?;
            let log = self.folder().join("setup.log");
            let (path, env) = (ground.path.clone(), self.environment());
            let command = setup_command(&self.job, line, path, env, log.clone());
            let finished = process::run(&command, &self.cancel)
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
        // What setup or the files brought along changed is not the agent's doing.
        if self.job.setup.is_some() || !self.job.included.is_empty() {
            ground.prepared = self.snapshot(step, &ground).await?;
        }
        Ok(ground)
    }
}

/// The setup command in the worktree at `path`.
pub(crate) fn setup_command(
    job: &Job,
    line: &str,
    path: PathBuf,
    env: Environment,
    log: PathBuf,
) -> Command {
    Command {
        program: "sh".into(),
        args: vec!["-c".into(), line.into()],
        dir: path,
        env,
        input: None,
        limit: Some(job.setup_limit),
        idle: None,
        log,
    }
}
