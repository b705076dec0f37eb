//! Opens pull requests that undo merged ones. The work of a unit is undone only after the work of the units that need
//! it.
//!
//! A revert is one commit on the present tip of the base branch, on a branch of its own. The commit is made of objects
//! alone and recorded before any branch moves. A repeated call finds the commit, the branch and the pull request of an
//! earlier call, so nothing is opened twice.

use super::action::{Mode, NotDone};
use super::made_files::MadeFiles;
use super::selection::Selection;
use super::session::{Location, pull_request};
use crate::config::PublishConfig;
use crate::forge::{
    Need, PullRequest, PullRequestRef, PullRequestState, RevertFacts, repository_template_path,
};
use crate::git::{Authorship, BranchName, CommitId, GitError, Landed, TreeId, digest};
use crate::plan::{self, UnitId};
use crate::run::{self, Afterwards, Naming, PullRequestLink, RevertCommit, UnitFact, UnitState};
use crate::words;

/// An error names at most this many files of a conflict.
const NAMED: usize = 5;

/// How merged pull requests are undone.
#[derive(Debug, Clone)]
pub(crate) struct RevertOptions {
    pub(crate) draft: bool,
    /// The reason, in the user's words.
    pub(crate) why: Option<String>,
    /// The labels, reviewers and other options of the run's pull requests.
    pub(crate) publish: PublishConfig,
    pub(crate) naming: Naming,
}

/// The branch that the work is removed from.
#[derive(Debug, Clone)]
struct RevertBase {
    branch: BranchName,
    tip: CommitId,
    /// The repository's own template for pull requests.
    form: Option<String>,
}

/// The tree of a revert, before its commit is made.
struct RevertTree {
    tree: TreeId,
    files: Vec<String>,
    last: CommitId,
    before: CommitId,
}

impl Selection<'_> {
    /// Opens a pull request for each chosen one that is merged, which undoes it.
    pub(crate) async fn revert(&mut self, options: &RevertOptions) {
        let mut undone: Vec<UnitId> = Vec::new();
        let mut onto: Option<RevertBase> = None;
        for (unit, pr) in self.chosen_units().into_iter().rev() {
            let done = self
                .revert_one(&unit, &pr, options, &undone, &mut onto)
                .await;
            if done.is_ok() {
                undone.push(unit.header.id.clone());
            }
            self.conclude(&unit, &pr, done);
        }
    }

    async fn revert_one(
        &mut self,
        unit: &UnitState,
        pr: &PullRequestRef,
        options: &RevertOptions,
        undone: &[UnitId],
        onto: &mut Option<RevertBase>,
    ) -> Result<String, NotDone> {
        let standing = self.session.status(unit, pr).await?.standing;
        if standing.state != PullRequestState::Merged {
            let words = standing.state.words();
            return Err(NotDone::Unchanged(format!(
                "is {words}, so there is nothing to undo"
            )));
        }
        if let Some((number, state)) = self.undone_by(unit).await? {
            return Err(NotDone::Unchanged(match state {
                PullRequestState::Merged => format!("is already undone by #{number}"),
                PullRequestState::Closed => {
                    format!("has the revert #{number}, which somebody closed")
                }
                PullRequestState::Open | PullRequestState::Draft => {
                    format!("already has the open revert #{number}")
                }
            }));
        }
        let above = self.dependents_of(unit, undone).await?;
        let branch = match self.session.location {
            Location::Repository => BranchName::new(&standing.base),
            Location::Server => self.session.base_branch.clone(),
        };
        if onto.as_ref().is_none_or(|known| known.branch != branch) {
            *onto = Some(self.revert_base(&branch)?);
        }
        let Some(onto) = onto.as_ref() else {
            return Err(NotDone::Failed(format!("branch {branch} is gone")));
        };
        let revert = self.revert_tree(unit, pr, onto).await?;
        let files = words::count(revert.files.len(), "file");
        let above = above.map_or(String::new(), |number| {
            format!("; #{number} is open and depends on it")
        });
        if self.mode == Mode::DryRun {
            return Ok(format!("undone in {}: {files}{above}", onto.branch));
        }
        let link = self
            .open_revert(unit, pr, &standing.title, options, onto, &revert)
            .await?;
        let notes: Vec<String> = link.notes.iter().map(|note| format!("; {note}")).collect();
        Ok(format!(
            "to be undone by #{}: {files}, {}{above}{}",
            link.number,
            link.url,
            notes.concat()
        ))
    }

    /// Returns the number and state of the pull request that reverts the unit, where there is one.
    async fn undone_by(
        &self,
        unit: &UnitState,
    ) -> Result<Option<(u64, PullRequestState)>, NotDone> {
        let inverse = self.session.state.revert_of(unit);
        let Some((inverse, pr)) = inverse.and_then(|it| pull_request(&it).map(|pr| (it, pr)))
        else {
            return Ok(None);
        };
        let standing = self.session.status(&inverse, &pr).await?.standing;
        Ok(Some((pr.number, standing.state)))
    }

    /// Refuses where a merged pull request needs the unit's work and is not undone. Returns an open one that needs it.
    async fn dependents_of(
        &self,
        unit: &UnitState,
        undone: &[UnitId],
    ) -> Result<Option<u64>, NotDone> {
        let mut open = None;
        for other in self.session.state.dependents(&unit.header.id) {
            let Some(pr) = pull_request(other) else {
                continue;
            };
            if undone.contains(&other.header.id) {
                continue;
            }
            let state = self.session.status(other, &pr).await?.standing.state;
            if state.is_open() {
                open = Some(pr.number);
            }
            let is_undone = matches!(
                self.undone_by(other).await?,
                Some((
                    _,
                    PullRequestState::Open | PullRequestState::Draft | PullRequestState::Merged
                ))
            );
            if state == PullRequestState::Merged && !is_undone {
                let (number, id) = (pr.number, &other.header.id);
                return Err(NotDone::Unchanged(format!(
                    "is needed by #{number} ({id}), which is merged: undo that one as well"
                )));
            }
        }
        Ok(open)
    }

    fn revert_base(&self, branch: &BranchName) -> Result<RevertBase, NotDone> {
        let repo = &self.session.repo;
        let gone = || NotDone::Failed(format!("branch {branch} is gone"));
        let tip = self.session.tip(branch)?.ok_or_else(gone)?;
        let tracked = plan::tracked(repo, &tip)?;
        let form = match repository_template_path(tracked.iter().map(String::as_str)) {
            Some(path) => repo.reader(&tip)?.text(path),
            None => None,
        };
        Ok(RevertBase {
            branch: branch.clone(),
            tip,
            form,
        })
    }

    /// Returns the tree of the branch without the unit's work.
    async fn revert_tree(
        &self,
        unit: &UnitState,
        pr: &PullRequestRef,
        onto: &RevertBase,
    ) -> Result<RevertTree, NotDone> {
        let (repo, RevertBase { branch, tip, .. }) = (&self.session.repo, onto);
        let (before, last) = match self.session.location {
            Location::Server => self.merged_on_server(pr, onto).await?,
            Location::Repository => self.merged_here(unit, branch)?,
        };
        let made = MadeFiles::of(self.session, unit, tip)?;
        let is_made = |path: &str| made.has(path);
        let without = match repo.tree_without(tip, &before, &last, &is_made) {
            Err(GitError::Conflict { paths }) => return Err(conflict(branch, &paths)),
            without => without?,
        };
        let tree = match self.mode {
            Mode::Real => made.make_again(self.session, tip, &without).await?.0,
            Mode::DryRun => without.tree,
        };
        let changes = repo.changes(tip, &tree)?;
        if changes.list.is_empty() {
            return Err(NotDone::Unchanged(format!("is already undone in {branch}")));
        }
        let paths = changes.list.iter();
        let paths = paths.map(|change| String::from_utf8_lossy(&change.path).into_owned());
        Ok(RevertTree {
            tree,
            files: paths.collect(),
            last,
            before,
        })
    }

    /// Returns the commits before and after the unit's work came in, as the server tells it.
    async fn merged_on_server(
        &self,
        pr: &PullRequestRef,
        onto: &RevertBase,
    ) -> Result<(CommitId, CommitId), NotDone> {
        let (session, RevertBase { branch, tip, .. }) = (&self.session, onto);
        let Some(info) = session.forge.merge_info(pr).await? else {
            return Err(not_merged_alone(branch));
        };
        let last = CommitId::new(info.commit);
        if !session.repo.has_commit(&last)? || !session.repo.contains(tip, &last)? {
            return Err(NotDone::Unchanged(format!(
                "was merged as {last}, which is not in {branch}: undo the pull request that brought it there"
            )));
        }
        let brought: Vec<Authorship> = info
            .commits
            .into_iter()
            .map(|it| Authorship {
                name: it.name,
                email: it.email,
                at: it.at,
                message: it.message,
            })
            .collect();
        let before = session.repo.commit_before(&last, &brought)?;
        Ok((before, last))
    }

    /// Returns the commits before and after the unit's work came into a branch of this repository, or the work's own
    /// start and end where no single commit brought it there.
    fn merged_here(
        &self,
        unit: &UnitState,
        branch: &BranchName,
    ) -> Result<(CommitId, CommitId), NotDone> {
        let session = &self.session;
        let trailers = [
            ("Batch-Run", session.state.id.as_str()),
            ("Batch-Unit", unit.header.id.as_str()),
        ];
        let commit = match session.repo.find_by_trailers(branch, &trailers)? {
            Some(commit) => Some(commit),
            None => match session.landed(unit, branch)? {
                Some(Landed::As(commit)) => Some(commit),
                Some(Landed::Merged | Landed::Content) => None,
                None => return Err(not_merged_alone(branch)),
            },
        };
        let work = unit.attempt.start().zip(unit.attempt.commit.as_ref());
        match (commit, work) {
            (Some(commit), _) => Ok((session.repo.commit_before(&commit, &[])?, commit)),
            (None, Some((start, work))) => Ok((start.clone(), work.clone())),
            (None, None) => Err(not_merged_alone(branch)),
        }
    }

    async fn open_revert(
        &mut self,
        unit: &UnitState,
        pr: &PullRequestRef,
        title: &str,
        options: &RevertOptions,
        onto: &RevertBase,
        revert: &RevertTree,
    ) -> Result<PullRequestLink, NotDone> {
        let state = &self.session.state;
        let id = state.revert_id(&unit.header.id);
        let mut inverse = RevertFacts {
            run: state.id.to_string(),
            unit: id.to_string(),
            undoes: pr.number,
            title: title.to_owned(),
            last: revert.last.to_string(),
            before: revert.before.to_string(),
            base: onto.tip.to_string(),
            base_name: onto.branch.to_string(),
            why: options.why.clone(),
            files: revert.files.clone(),
            needs: Vec::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            claim_digest: digest(revert.files.join("\0").as_bytes()),
            repository_template: onto.form.clone(),
        };
        if state.revert_of(unit).is_none() {
            let message = inverse.commit(&options.publish);
            let (repo, tip) = (&self.session.repo, &onto.tip);
            let made = RevertCommit {
                undoes: pr.number,
                commit: repo.commit_on_top(tip, &revert.tree, &message)?,
                start: tip.clone(),
                branch: options.naming.branch(&state.id, &id),
                remote: unit.publication.pushed_to.clone(),
            };
            // The fact is recorded before any branch moves, so that a resumed call knows every commit.
            self.record(unit, UnitFact::RevertCommitted(made))?;
        }
        let known = self.session.state.unit(&unit.header.id);
        let Some(made) = known.and_then(|unit| self.session.state.revert_of(unit)) else {
            return Err(NotDone::Failed("what undoes it is not known".to_owned()));
        };
        let head = self.update_branch_of(&made)?;
        inverse.needs = self.needs_of_revert(&made);
        let position = self.session.state.units.iter();
        let position = position.take_while(|other| other.header.id != unit.header.id);
        let mut extras = run::pull_request_options(&options.publish, &unit.header.owners);
        // Reverts have to be merged in an order that the forge does not know.
        extras.auto_merge = None;
        let request = PullRequest {
            run: inverse.run.clone(),
            unit: inverse.unit.clone(),
            ordinal: (self.session.state.units.len() + position.count() + 1) as u64,
            title: inverse.title(),
            body: inverse.body()?,
            head,
            base: onto.branch.to_string(),
            draft: options.draft,
            options: extras,
        };
        let opened = self.session.forge.open(&request).await?;
        let link = PullRequestLink {
            number: opened.number,
            url: opened.url,
            existed: opened.existed,
            notes: opened.notes,
        };
        self.record(unit, UnitFact::RevertOpened(link.clone()))?;
        Ok(link)
    }

    /// Moves the branch of the revert, here and on the remote, to its commit. Returns its name.
    fn update_branch_of(&self, made: &UnitState) -> Result<String, NotDone> {
        let (Some(branch), Some(commit)) = (made.attempt.branch_name(), &made.attempt.commit)
        else {
            return Err(NotDone::Failed("what undoes it has no branch".to_owned()));
        };
        let (repo, earlier) = (&self.session.repo, &made.ledger.earlier_commits);
        match repo.branch_tip(branch)? {
            Some(stands) if stands == *commit => {}
            Some(stands) if !earlier.contains(&stands) => {
                let branch = branch.to_string();
                return Err(GitError::BranchExists { branch }.into());
            }
            stands => repo.move_branch(branch, stands.as_ref(), commit)?,
        }
        if let Some(remote) = &made.publication.pushed_to {
            repo.set_remote_branch(remote, branch, commit, earlier)?;
        }
        Ok(branch.to_string())
    }

    /// Returns the reverts that have to be merged before this one, with their addresses.
    fn needs_of_revert(&self, made: &UnitState) -> Vec<Need> {
        let needs = self.session.needs_of(made).into_iter();
        needs
            .map(|(other, _)| Need {
                unit: other.header.id.to_string(),
                title: other.header.title.clone(),
                url: other.publication.pull_request.map(|link| link.url),
            })
            .collect()
    }

    /// Records a fact about the unit.
    fn record(&mut self, unit: &UnitState, fact: UnitFact) -> Result<(), NotDone> {
        let session = &mut *self.session;
        let recorded =
            Afterwards::of(&session.places, &session.state.id)?.say(&unit.header.id, fact)?;
        session.state.apply(&recorded);
        Ok(())
    }
}

fn not_merged_alone(branch: &BranchName) -> NotDone {
    NotDone::Unchanged(format!("was not merged into {branch} by itself"))
}

fn conflict(branch: &BranchName, paths: &[String]) -> NotDone {
    let paths = words::few(paths.iter().map(|it| words::line(it)), NAMED);
    NotDone::Failed(format!(
        "{branch} has changed since then in {paths}: undo the unit's change there by hand"
    ))
}
