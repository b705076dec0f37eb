//! Makes files again after the end of a run, in a checkout of its own: where the work of a unit comes onto a base in
//! which the files changed too that a tool makes from others.
//!
//! A killed process may leave the checkout, which has the place of the base's checkout: the next process, or
//! `batch clean`, removes it.

use std::collections::BTreeSet;
use std::fs;

use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::git::{CommitId, GitError, Included, Merged, Repo, TreeId};
use crate::plan::{self, PlanError, UnitId};
use crate::regenerate::Rules;
use crate::run::engine::afterwards::{Afterwards, AfterwardsError};
use crate::run::job::error::PrepareError;
use crate::run::job::findings;
use crate::run::job::run_spec::{setup, setup_limit};
use crate::run::log::run_id::RunId;
use crate::run::log::unit_fact::Regenerated;
use crate::run::unit::base_checks::take_away;
use crate::run::workspace::checkout::Checkout;
use crate::run::workspace::disk_space::{DiskSpace, NoDiskSpace};
use crate::run::workspace::environment::{unit_environment, worker_environment};
use crate::run::workspace::naming::NamingError;
use crate::run::workspace::regeneration::Workplace;
use crate::run::workspace::workspace::Workspace;
use crate::words;

/// Makes files again that a merge left as one side had them.
pub struct Regenerator {
    workspace: Workspace,
    settings: Config,
    /// The number of the run's units.
    units: usize,
}

/// Why files could not be made again.
#[derive(Debug, thiserror::Error)]
pub enum RegeneratorError {
    #[error("{} changed on both sides, and `{run}` could not make it again: {reason}", words::few(files.iter(), 3))]
    Failed {
        files: Vec<String>,
        run: String,
        reason: String,
    },
    #[error("it was interrupted")]
    Interrupted,
    #[error("the folder for its logs cannot be made: {0}")]
    Folder(std::io::Error),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    #[error(transparent)]
    Naming(#[from] NamingError),
    #[error(transparent)]
    DiskSpace(#[from] NoDiskSpace),
    #[error(transparent)]
    Going(#[from] AfterwardsError),
}

impl Regenerator {
    /// Works for the run of this id, with these settings of it.
    pub fn new(
        repo: &Repo,
        run: &RunId,
        settings: Config,
        units: usize,
    ) -> Result<Self, RegeneratorError> {
        Ok(Self {
            workspace: Workspace::new(repo.clone(), run.clone(), &settings)?,
            settings,
            units,
        })
    }

    /// Finds the rules for a merge into `onto`.
    pub(crate) fn rules(&self, onto: &CommitId) -> Result<Rules, RegeneratorError> {
        let repo = &self.workspace.repo;
        let tracked: BTreeSet<String> = plan::tracked(repo, onto)?;
        let environment = worker_environment(std::env::vars_os(), &self.settings, repo)?;
        let settings = &self.settings;
        Ok(findings::rules(
            repo,
            onto,
            &tracked,
            settings,
            &environment,
        )?)
    }

    /// Makes the stale files of a merge into `onto` again, and returns the tree with them.
    pub(crate) async fn make_again(
        &self,
        onto: &CommitId,
        merged: &Merged,
        rules: &Rules,
    ) -> Result<TreeId, RegeneratorError> {
        let Workspace {
            repo, run, places, ..
        } = &self.workspace;
        // No process may drive the run meanwhile: it could use the same checkout.
        let alone = Afterwards::of(places, run)?;
        let commit =
            repo.commit_on_top(onto, &merged.tree, "Merge, before files are made again")?;
        let checkout = Checkout::of_base(&self.workspace);
        let logs = places.unit(run, &UnitId::base());
        fs::create_dir_all(&logs).map_err(RegeneratorError::Folder)?;
        checkout.end_processes();
        take_away(&checkout)?;
        let made = self.make_in(&checkout, &commit, merged, rules).await;
        checkout.end_processes();
        let gone = take_away(&checkout);
        checkout.remove_empty_folders_above();
        drop(alone);
        let (tree, results) = made?.ok_or(RegeneratorError::Interrupted)?;
        gone?;
        match failure(results) {
            Some(error) => Err(error),
            None => Ok(tree),
        }
    }

    async fn make_in(
        &self,
        checkout: &Checkout,
        commit: &CommitId,
        merged: &Merged,
        rules: &Rules,
    ) -> Result<Option<(TreeId, Vec<Regenerated>)>, RegeneratorError> {
        let repo = &self.workspace.repo;
        let Included { paths, .. } = repo.included()?;
        DiskSpace::measure(repo, commit, &paths, checkout.path())?.check_one()?;
        checkout.make(commit)?;
        checkout.bring(&paths)?;
        checkout.make_temp_dir()?;
        let environment = worker_environment(std::env::vars_os(), &self.settings, repo)?;
        let setup = setup(&self.settings);
        let workplace = Workplace {
            repo,
            checkout,
            environment: unit_environment(environment, &self.settings, repo, checkout, self.units),
            limit: setup_limit(&self.settings),
            cancel: &CancellationToken::new(),
        };
        let logs = self
            .workspace
            .places
            .unit(&self.workspace.run, &UnitId::base());
        let rules = rules.of(&merged.stale);
        let (tree, stale) = (&merged.tree, &merged.stale);
        let made = workplace.make_stale(&rules, setup.as_ref(), tree, stale, &logs);
        Ok(made.await?)
    }
}

fn failure(results: Vec<Regenerated>) -> Option<RegeneratorError> {
    let mut failed = results.into_iter().filter_map(|result| {
        Some(RegeneratorError::Failed {
            files: result.files,
            run: result.run,
            reason: result.failed?,
        })
    });
    failed.next()
}
