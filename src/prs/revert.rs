//! Merged pull requests undone by others: what stands on a unit's work is taken back before that work itself.
//!
//! Each is one commit on top of what the base has become, on a branch of its own. It is made of objects alone, written
//! down before any branch moves, and what is there already is found again: nothing is opened twice.

use super::desk::{Home, which};
use super::round::{Earnest, Halt, Round};
use crate::config::PublishConfig;
use crate::forge::{Inverse, Merged, Need, PullRequest, PullRequestRef, State, place_of_form};
use crate::git::{Authorship, CommitId, GitError, digest};
use crate::plan::{self, UnitId};
use crate::run::{self, Afterwards, Naming, PullRequestLink, RevertCommit, UnitFact, UnitState};
use crate::words;

/// So many files of a conflict are named.
const NAMED: usize = 5;

/// How merged pull requests are undone.
#[derive(Debug, Clone)]
pub struct Reverting {
    pub draft: bool,
    /// Why, in the words of whoever wants it.
    pub why: Option<String>,
    /// What pull requests of the run are furnished with, and how branches are called.
    pub publish: PublishConfig,
    pub naming: Naming,
}

/// The branch from which work is taken back.
#[derive(Debug, Clone)]
struct Onto {
    branch: String,
    tip: String,
    /// The repository's own template for pull requests.
    form: Option<String>,
}

/// What takes the work back, before it is a commit.
struct Draft {
    tree: String,
    files: Vec<String>,
    last: String,
    before: String,
}

impl Round<'_> {
    /// Opens a pull request that undoes it for each that is merged.
    pub async fn revert(&mut self, reverting: &Reverting) {
        let mut undone: Vec<UnitId> = Vec::new();
        let mut onto: Option<Onto> = None;
        let mut chosen = self.chosen();
        // What takes work back is not taken back by this.
        chosen.retain(|(unit, _)| self.desk.state.unit(&unit.header.id).is_some());
        for (unit, which) in chosen.into_iter().rev() {
            let done = self
                .revert_one(&unit, &which, reverting, &undone, &mut onto)
                .await;
            if done.is_ok() {
                undone.push(unit.header.id.clone());
            }
            self.conclude(&unit, &which, done);
        }
    }

    async fn revert_one(
        &mut self,
        unit: &UnitState,
        which: &PullRequestRef,
        reverting: &Reverting,
        undone: &[UnitId],
        onto: &mut Option<Onto>,
    ) -> Result<String, Halt> {
        let standing = self.desk.look(unit, which).await?.standing;
        if standing.state != State::Merged {
            let words = standing.state.words();
            return Err(Halt::Left(format!(
                "is {words}, so there is nothing to undo"
            )));
        }
        if let Some((number, state)) = self.undone_by(unit).await? {
            return Err(Halt::Left(match state {
                State::Merged => format!("is undone by #{number} already"),
                State::Closed => format!("was to be undone by #{number}, which somebody closed"),
                State::Open | State::Draft => format!("is to be undone by #{number} already"),
            }));
        }
        let above = self.what_stands_on(unit, undone).await?;
        let branch = match self.desk.home {
            Home::Here => &standing.base,
            Home::Server => &self.desk.base_branch,
        };
        if onto.as_ref().is_none_or(|known| known.branch != *branch) {
            *onto = Some(self.onto(branch)?);
        }
        let Some(onto) = onto.as_ref() else {
            return Err(Halt::Failed(format!("branch {branch} is gone")));
        };
        let draft = self.draft(unit, which, onto).await?;
        let files = words::count(draft.files.len(), "file");
        let above = above.map_or(String::new(), |number| {
            format!("; #{number} is open and stands on it")
        });
        if self.earnest == Earnest::Rehearsed {
            return Ok(format!("undone in {}: {files}{above}", onto.branch));
        }
        let link = self
            .open_inverse(unit, which, &standing.title, reverting, onto, &draft)
            .await?;
        let notes: Vec<String> = link.notes.iter().map(|note| format!("; {note}")).collect();
        Ok(format!(
            "to be undone by #{}: {files}, {}{above}{}",
            link.number,
            link.url,
            notes.concat()
        ))
    }

    /// What takes the unit's work back already, and how that stands.
    async fn undone_by(&self, unit: &UnitState) -> Result<Option<(u64, State)>, Halt> {
        let inverse = self.desk.state.revert_of(unit);
        let Some((inverse, which)) = inverse.and_then(|it| which(&it).map(|which| (it, which)))
        else {
            return Ok(None);
        };
        let standing = self.desk.look(&inverse, &which).await?.standing;
        Ok(Some((which.number, standing.state)))
    }

    /// Halts where something that is merged stands on the unit's work and is not undone; gives one that is open.
    async fn what_stands_on(
        &self,
        unit: &UnitState,
        undone: &[UnitId],
    ) -> Result<Option<u64>, Halt> {
        let mut open = None;
        for other in self.desk.state.dependents(&unit.header.id) {
            let Some(which) = which(other) else { continue };
            if undone.contains(&other.header.id) {
                continue;
            }
            let state = self.desk.look(other, &which).await?.standing.state;
            if state.is_open() {
                open = Some(which.number);
            }
            let is_undone = matches!(
                self.undone_by(other).await?,
                Some((_, State::Open | State::Draft | State::Merged))
            );
            if state == State::Merged && !is_undone {
                let (number, id) = (which.number, &other.header.id);
                return Err(Halt::Left(format!(
                    "is needed by #{number} ({id}), which is merged: that one must be undone too"
                )));
            }
        }
        Ok(open)
    }

    fn onto(&self, branch: &str) -> Result<Onto, Halt> {
        let repo = &self.desk.repo;
        let gone = || Halt::Failed(format!("branch {branch} is gone"));
        let tip = self.desk.tip(branch)?.ok_or_else(gone)?;
        let tracked = plan::tracked(repo, &tip)?;
        let form = match place_of_form(tracked.iter().map(String::as_str)) {
            Some(path) => repo.reader(&tip)?.text(path),
            None => None,
        };
        Ok(Onto {
            branch: branch.to_owned(),
            tip,
            form,
        })
    }

    /// The tree of the branch without the unit's work.
    async fn draft(
        &self,
        unit: &UnitState,
        which: &PullRequestRef,
        onto: &Onto,
    ) -> Result<Draft, Halt> {
        let (desk, Onto { branch, tip, .. }) = (&self.desk, onto);
        let repo = &desk.repo;
        let merged = match desk.home {
            Home::Server => desk.forge.merged(which).await?,
            Home::Here => {
                let trailers = [
                    ("Batch-Run", desk.state.id.as_str()),
                    ("Batch-Unit", unit.header.id.as_str()),
                ];
                let found = repo.find_by_trailers(branch, &trailers)?;
                found.map(|commit| Merged {
                    commit,
                    brought: Vec::new(),
                })
            }
        };
        let Some(Merged {
            commit: last,
            brought,
        }) = merged
        else {
            return Err(Halt::Left(format!("did not come into {branch} as itself")));
        };
        if !repo.has_commit(&last)? || !repo.contains(tip, &last)? {
            return Err(Halt::Left(format!(
                "was merged as {last}, which is not in {branch}: undo what brought it there"
            )));
        }
        let brought: Vec<Authorship> = brought
            .into_iter()
            .map(|it| Authorship {
                name: it.name,
                email: it.email,
                at: it.at,
                message: it.message,
            })
            .collect();
        let before = repo.commit_before(&last, &brought)?;
        let tree = match repo.tree_without(tip, &before, &last) {
            Err(GitError::Conflict { paths }) => return Err(conflict(branch, &paths)),
            tree => tree?,
        };
        let changes = repo.changes(tip, &tree)?;
        if changes.list.is_empty() {
            return Err(Halt::Left(format!("is undone in {branch} already")));
        }
        let paths = changes.list.iter();
        let paths = paths.map(|change| String::from_utf8_lossy(&change.path).into_owned());
        Ok(Draft {
            tree,
            files: paths.collect(),
            last,
            before,
        })
    }

    async fn open_inverse(
        &mut self,
        unit: &UnitState,
        which: &PullRequestRef,
        title: &str,
        reverting: &Reverting,
        onto: &Onto,
        draft: &Draft,
    ) -> Result<PullRequestLink, Halt> {
        let state = &self.desk.state;
        let id = state.revert_id(&unit.header.id);
        let mut inverse = Inverse {
            run: state.id.to_string(),
            unit: id.to_string(),
            undoes: which.number,
            title: title.to_owned(),
            last: draft.last.clone(),
            before: draft.before.clone(),
            base: onto.tip.clone(),
            base_name: onto.branch.clone(),
            why: reverting.why.clone(),
            files: draft.files.clone(),
            needs: Vec::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            claim_digest: digest(draft.files.join("\0").as_bytes()),
            repository_template: onto.form.clone(),
        };
        if state.revert_of(unit).is_none() {
            let message = inverse.commit(&reverting.publish);
            let (repo, tip) = (&self.desk.repo, &onto.tip);
            let made = RevertCommit {
                undoes: which.number,
                commit: CommitId::new(repo.commit_on_top(tip, &draft.tree, &message)?),
                start: CommitId::new(tip.clone()),
                branch: reverting.naming.branch(&state.id, &id),
                remote: unit.publication.pushed_to.clone(),
            };
            // Written down before any branch moves, so that a crash leaves nothing that is not known.
            self.note(unit, UnitFact::RevertCommitted(made))?;
        }
        let known = self.desk.state.unit(&unit.header.id);
        let Some(made) = known.and_then(|unit| self.desk.state.revert_of(unit)) else {
            return Err(Halt::Failed("what undoes it is not known".to_owned()));
        };
        let head = self.bring_inverse(&made)?;
        inverse.needs = self.inverse_needs(&made);
        let position = self.desk.state.units.iter();
        let position = position.take_while(|other| other.header.id != unit.header.id);
        let mut extras = run::pull_request_options(&reverting.publish, &unit.header.owners);
        // The order in which they are merged is not theirs to choose.
        extras.auto_merge = None;
        let request = PullRequest {
            run: inverse.run.clone(),
            unit: inverse.unit.clone(),
            ordinal: (self.desk.state.units.len() + position.count() + 1) as u64,
            title: inverse.title(),
            body: inverse.body()?,
            head,
            base: onto.branch.clone(),
            draft: reverting.draft,
            extras,
        };
        let opened = self.desk.forge.open(&request).await?;
        let link = PullRequestLink {
            number: opened.number,
            url: opened.url,
            existed: opened.existed,
            notes: opened.notes,
        };
        self.note(unit, UnitFact::RevertOpened(link.clone()))?;
        Ok(link)
    }

    /// Brings the branch of what undoes a unit, here and on the remote, to its commit. Gives its name.
    fn bring_inverse(&self, made: &UnitState) -> Result<String, Halt> {
        let (Some(branch), Some(commit)) = (made.attempt.branch_name(), &made.attempt.commit)
        else {
            return Err(Halt::Failed("what undoes it has no branch".to_owned()));
        };
        let (repo, earlier) = (&self.desk.repo, &made.ledger.earlier_commits);
        match repo.branch_tip(branch)?.map(CommitId::new) {
            Some(stands) if stands == *commit => {}
            Some(stands) if !earlier.contains(&stands) => {
                let branch = branch.to_string();
                return Err(GitError::BranchExists { branch }.into());
            }
            stands => repo.move_branch(branch, stands.as_deref(), commit)?,
        }
        if let Some(remote) = &made.publication.pushed_to {
            repo.set_remote_branch(remote, branch, commit, earlier)?;
        }
        Ok(branch.to_string())
    }

    /// What has to be merged before this, with where it is.
    fn inverse_needs(&self, made: &UnitState) -> Vec<Need> {
        let needs = self.desk.needs_of(made).into_iter();
        needs
            .map(|(other, _)| Need {
                unit: other.header.id.to_string(),
                title: other.header.title.clone(),
                url: other.publication.pull_request.map(|link| link.url),
            })
            .collect()
    }

    /// Writes a fact about the unit down.
    fn note(&mut self, unit: &UnitState, fact: UnitFact) -> Result<(), Halt> {
        let desk = &mut *self.desk;
        let recorded = Afterwards::of(&desk.places, &desk.state.id)?.say(&unit.header.id, fact)?;
        desk.state.apply(&recorded);
        Ok(())
    }
}

fn conflict(branch: &str, paths: &[String]) -> Halt {
    let named: Vec<String> = paths.iter().take(NAMED).map(|it| words::line(it)).collect();
    let more = match paths.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Halt::Failed(format!(
        "{branch} has changed since in {}{more}: undo it by hand there",
        named.join(", ")
    ))
}
