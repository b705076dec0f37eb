//! From proven work to a pull request: commit, push, open.

use super::event::{PullRequestLink, Step, UnitFact};
use super::places::worktree_name;
use super::story::{Told, story};
use super::unit::{Ground, Halt, Pipeline, Proven, chain, failure};
use crate::forge::{Forge, PullRequest, Story, TextError};

impl Pipeline {
    pub(super) async fn commit(
        &self,
        ground: &Ground,
        proven: &Proven,
        told: &Told<'_>,
    ) -> Result<(), Halt> {
        let step = Step::Commit;
        self.begin(step, None).await?;
        let message = self
            .job
            .templates
            .commit(&story(&self.job, self.number, told))
            .map_err(|error| failure(step, error.to_string()))?;
        let (branch, start, tree) = (
            ground.branch.clone(),
            ground.start.clone(),
            proven.tree.clone(),
        );
        let unit = self.unit().id.clone();
        let commit = self
            .git(step, move |job| {
                // A process that was killed may have made it without saying so.
                let commit = match job.repo.commit_on(&branch, &start, &tree)? {
                    Some(made) => made,
                    None => job.repo.commit(&branch, &start, &tree, &message)?,
                };
                let index = job.places.index(&job.id, &unit);
                job.repo
                    .settle_worktree(&worktree_name(&job.id, &unit), &branch, &index)?;
                Ok(commit)
            })
            .await?;
        self.say(UnitFact::Committed { commit }).await
    }

    pub(super) async fn push(&self, ground: &Ground, remote: &str) -> Result<(), Halt> {
        self.begin(Step::Push, None).await?;
        let (to, branch) = (remote.to_owned(), ground.branch.clone());
        let earlier = self.known.earlier_commits.clone();
        let cancel = self.cancel.clone();
        let pushed = self
            .git(Step::Push, move |job| {
                // Only what an earlier attempt of this very unit pushed may be replaced.
                let stands = match &earlier[..] {
                    [] => None,
                    _ => job.repo.remote_branch(&to, &branch)?,
                };
                let replaced = stands.filter(|commit| earlier.contains(commit));
                job.repo.push(&to, &branch, replaced.as_deref(), &cancel)
            })
            .await;
        if pushed.is_err() && self.cancel.is_cancelled() {
            return Err(Halt::Stopped);
        }
        pushed?;
        self.say(UnitFact::Pushed {
            remote: remote.to_owned(),
        })
        .await
    }

    pub(super) async fn pull_request(
        &self,
        forge: &dyn Forge,
        branch: &str,
        target: String,
        draft: bool,
        story: &Story,
    ) -> Result<(), Halt> {
        let step = Step::PullRequest;
        self.begin(step, None).await?;
        let templates = &self.job.templates;
        let words = |text: Result<String, TextError>| {
            text.map_err(|error| failure(step, error.to_string()))
        };
        let request = PullRequest {
            unit: story.unit.clone(),
            ordinal: self.number as u64 + 1,
            title: words(templates.title(story))?,
            body: words(templates.body(story))?,
            head: branch.to_owned(),
            base: target,
            draft,
        };
        // A server may be waited for longer than somebody who wants to stop has patience.
        let opened = tokio::select! {
            opened = forge.open(&request) => opened,
            () = self.cancel.cancelled() => return Err(Halt::Stopped),
        };
        let opened = opened.map_err(|error| failure(step, chain(&error)))?;
        self.say(UnitFact::PullRequestOpened(PullRequestLink {
            number: opened.number,
            url: opened.url,
            existed: opened.existed,
        }))
        .await
    }

    /// The branch the pull request goes to: that of the one unit it needs, so that the two stack, else the base's.
    pub(super) fn target(&self, base_branch: &str) -> String {
        let branches: Vec<&String> = self
            .needs
            .iter()
            .filter_map(|need| need.work.as_ref())
            .map(|(branch, _)| branch)
            .collect();
        match branches[..] {
            [one] => one.clone(),
            _ => base_branch.to_owned(),
        }
    }
}
