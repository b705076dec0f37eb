//! Runs a command that makes files again in a checkout. What it changes beside these files is undone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::git::{GitError, Repo, TreeId};
use crate::process::{self, Command, Ending, Environment};
use crate::regenerate::{Origin, Rule};
use crate::run::log::unit_fact::Regenerated;
use crate::run::workspace::checkout::{Checkout, Setup};
use crate::words;

/// Where and how the commands run.
pub(crate) struct Workplace<'a> {
    pub(crate) repo: &'a Repo,
    pub(crate) checkout: &'a Checkout,
    pub(crate) environment: Environment,
    /// How long a command may take.
    pub(crate) limit: Duration,
    pub(crate) cancel: &'a CancellationToken,
}

/// What came of a command.
pub(crate) enum Remade {
    /// The content of the checkout, in which only files of the rule differ from before.
    Tree(TreeId),
    /// The reason; the content of the checkout is as it was before.
    Failed(String),
    Cancelled,
}

impl Workplace<'_> {
    /// Makes the files `stale` again that a merge left as one side had them, by these rules; the content of the
    /// checkout is `tree`. Returns the tree with them, which differs in nothing else, and `None` where the program is
    /// to stop. What rules of the settings need, the setup command may have to make.
    pub(crate) async fn make_stale(
        &self,
        rules: &[&Rule],
        setup: Option<&Setup>,
        tree: &TreeId,
        stale: &[String],
        logs: &Path,
    ) -> Result<Option<(TreeId, Vec<Regenerated>)>, GitError> {
        let mut now = tree.clone();
        let mut results = Vec::new();
        let mut setup = setup;
        for (place, rule) in rules.iter().enumerate() {
            if rule.origin == Origin::Settings
                && let Some(setup) = setup.take()
            {
                match self.set_up(setup, logs).await? {
                    Some(prepared) => now = prepared,
                    None => return Ok(None),
                }
            }
            let log = logs.join(format!("regenerate-{}.log", place + 1));
            let failed = match self.make_again(rule, &now, |_| false, log).await? {
                Remade::Tree(made) => {
                    now = made;
                    None
                }
                Remade::Failed(reason) => Some(reason),
                Remade::Cancelled => return Ok(None),
            };
            let files = stale.iter().filter(|path| rule.makes(path)).cloned();
            results.push(Regenerated {
                run: rule.run.clone(),
                files: files.collect(),
                failed,
            });
        }
        let is_made = |path: &str| rules.iter().any(|rule| rule.makes(path));
        let made = self.repo.with_some_changes(tree, &now, &is_made)?;
        Ok(Some((made, results)))
    }

    /// Runs the setup command, and returns the content after it. Where it fails, the commands that need it fail too.
    async fn set_up(&self, setup: &Setup, logs: &Path) -> Result<Option<TreeId>, GitError> {
        let log = logs.join("setup.log");
        let environment = self.environment.clone();
        let finished = self
            .checkout
            .set_up(setup, environment, log, self.cancel)
            .await;
        if finished.is_ok_and(|finished| finished.ending == Ending::Cancelled) {
            return Ok(None);
        }
        let checkout = self.checkout.clone();
        let content = blocking(move || {
            checkout.end_processes();
            checkout.snapshot()
        });
        content.await.transpose()
    }

    /// Runs the command of a rule in the checkout, whose content is the tree `before`. Of what it changes, the files of
    /// the rule are kept, and those of its sources that `changed` names: `go mod tidy` writes `go.mod` too.
    pub(crate) async fn make_again(
        &self,
        rule: &Rule,
        before: &TreeId,
        changed: impl Fn(&str) -> bool + Send + 'static,
        log: PathBuf,
    ) -> Result<Remade, GitError> {
        if let Some(obstacle) = &rule.obstacle {
            return Ok(Remade::Failed(obstacle.clone()));
        }
        let checkout = self.checkout.clone();
        let led = blocking(move || checkout.lead_to_private()).await;
        let Some(led) = led else {
            return Ok(Remade::Cancelled);
        };
        led?;
        let command = Command {
            dir: self.checkout.path().join(&rule.dir),
            ..self
                .checkout
                .shell(&rule.run, self.environment.clone(), self.limit, log.clone())
        };
        let finished = process::run(&command, self.cancel).await;
        let failed = match finished {
            Ok(finished) if finished.ending == Ending::Cancelled => return Ok(Remade::Cancelled),
            Ok(finished) if finished.ending.is_success() => None,
            Ok(finished) => Some(format!(
                "{}; its output is in {}",
                finished.ending,
                log.display()
            )),
            Err(error) => Some(words::chain(&error)),
        };
        let (checkout, repo) = (self.checkout.clone(), self.repo.clone());
        let (before, rule) = (before.clone(), rule.clone());
        let remade = blocking(move || {
            // What the command left running must not change files while batch looks at them.
            checkout.end_processes();
            if let Some(reason) = failed {
                checkout.put_back(&before)?;
                return Ok(Remade::Failed(reason));
            }
            let after = checkout.snapshot()?;
            let keeps = |path: &str| rule.makes(path) || (rule.follows(path) && changed(path));
            let kept = repo.with_some_changes(&before, &after, &keeps)?;
            if kept != after {
                checkout.put_back(&kept)?;
            }
            Ok(Remade::Tree(kept))
        });
        remade.await.unwrap_or(Ok(Remade::Cancelled))
    }
}

/// Runs work that blocks on a thread for it; `None` when the program ends.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Some(done),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => None,
    }
}
