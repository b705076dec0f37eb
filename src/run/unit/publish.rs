//! The last steps of a unit: its commit is pushed, and its pull request is opened.

use crate::config::Unverified;
use crate::forge::{PullRequest, PullRequestFacts, TextError, WaitReporter};
use crate::git::{BranchName, GitError, PlannedPush};
use crate::run::delivery::Destination;
use crate::run::delivery::options::pull_request_options;
use crate::run::job::pull_request::{FinishedNeed, UnitResult, pull_request_facts};
use crate::run::log::outcome::{Outcome, Step, WithheldReason};
use crate::run::log::record::now;
use crate::run::log::unit_fact::{PullRequestLink, UnitFact};
use crate::run::unit::context::{Halt, UnitContext, failure};
use crate::run::unit::pre_push::pre_push;
use crate::run::unit::publish_permit::{Clearance, clearance, permit};
use crate::run::unit::scope::prove_commit;
use crate::run::unit::unchanged_git::require_unchanged_git;
use crate::words;

const BY_FORK: &str =
    "with --fork, branches go to a fork of yours; for what is committed: batch publish --fork";

/// Publishes the unit's commit, once it may be published.
pub(crate) async fn publish(
    unit: &UnitContext,
    place: &Destination,
    result: UnitResult<'_>,
) -> Result<Outcome, Halt> {
    let cleared = match clearance(unit).await? {
        Clearance::Publish(cleared) => cleared,
        Clearance::End(outcome) => return Ok(outcome),
    };
    let published = unit.state().publication;
    if published.pull_request.is_some() {
        return Ok(Outcome::Published);
    }
    if place.unverified == Unverified::Hold && unit.state().attempt.is_unverified() {
        let why = WithheldReason::Unverified;
        return Ok(Outcome::Withheld { why });
    }
    // A push alone may start continuous integration, so the permit comes before it.
    let permit = permit(unit, place.forge.as_ref()).await?;
    if let Some(remote) = place
        .remote
        .as_ref()
        .filter(|_| published.pushed_to.is_none())
    {
        push(unit, remote).await?;
    }
    if place.remote.is_none() {
        refuse_moved(unit).await?;
    }
    let result = UnitResult {
        needs: &cleared.needs,
        tested_with: cleared.tested_with,
        ..result
    };
    let facts = pull_request_facts(&unit.job, unit.number, &result);
    let number = open_pull_request(unit, place, &facts).await?;
    if let Some(permit) = permit {
        let pull_request = unit.pull_request_ref(number);
        let owners = &unit.unit().owners;
        permit.update(|history| history.opened(pull_request, owners, now()));
    }
    Ok(Outcome::Published)
}

/// Pushes the commit that was proven to the unit's branch of the remote. The commit is held against the claim once
/// more: what the journal says of it may be a day old, and not everything that can write the journal is batch.
pub(crate) async fn push(unit: &UnitContext, remote: &str) -> Result<(), Halt> {
    let step = Step::Push;
    unit.begin(step, None).await?;
    require_unchanged_git(unit).await?;
    let (to, branch) = (
        remote.to_owned(),
        unit.job.workspace.branch(&unit.unit().id),
    );
    let state = unit.state();
    let attempt = &state.attempt;
    let (Some(commit), Some(start)) = (attempt.commit.clone(), attempt.start().cloned()) else {
        return Err(failure(step, "there is no commit to push".to_owned()));
    };
    let from = match &state.follow_up {
        Some(open) => open.follow_up.merge_base.clone(),
        None => start.clone(),
    };
    prove_commit(unit, from, commit.clone()).await?;
    let earlier = state.ledger.earlier_commits;
    let looked_at = state.follow_up.map(|open| open.follow_up.head);
    let push = unit
        .git(step, move |job| {
            let repo = &job.workspace.repo;
            repo.check_unmoved(&branch, &commit)?;
            // A push may replace only the commit that was looked at, or a commit of an earlier attempt of this unit.
            let replaced = match (looked_at, &earlier[..]) {
                (Some(head), _) => Some(head),
                (None, []) => None,
                (None, _) => {
                    let stands = repo.remote_branch(&to, &branch)?;
                    stands.filter(|commit| earlier.contains(commit))
                }
            };
            Ok(PlannedPush {
                remote: to,
                branch,
                commit,
                replaced,
            })
        })
        .await?;
    pre_push(unit, &push).await?;
    // The hook may have run for minutes, beside other workers.
    require_unchanged_git(unit).await?;
    let cancel = unit.cancel.clone();
    let pushed = unit
        .git_result(move |job| {
            let repo = &job.workspace.repo;
            repo.push_large_files(&push, &start)?;
            repo.push(&push, &cancel)
        })
        .await?;
    if pushed.is_err() && unit.cancel.is_cancelled() {
        return Err(Halt::Stopped);
    }
    if let Err(error) = pushed {
        let mut reason = words::chain(&error);
        if matches!(error, GitError::PushDenied { .. }) && fork_would_help(unit) {
            reason = format!("{reason}\n{BY_FORK}");
        }
        return Err(failure(step, reason));
    }
    unit.say(UnitFact::Pushed {
        remote: remote.to_owned(),
    })
    .await
}

/// Refuses a branch that a person has moved since the commit: the page would describe other work than the branch has.
async fn refuse_moved(unit: &UnitContext) -> Result<(), Halt> {
    let branch = unit.job.workspace.branch(&unit.unit().id);
    let Some(commit) = unit.state().attempt.commit else {
        return Ok(());
    };
    unit.git(Step::PullRequest, move |job| {
        job.workspace.repo.check_unmoved(&branch, &commit)
    })
    .await
}

/// Checks whether branches could go to a fork instead.
fn fork_would_help(unit: &UnitContext) -> bool {
    let delivery = &unit.job.delivery;
    delivery.is_on_a_server() && !delivery.is_across()
}

async fn open_pull_request(
    unit: &UnitContext,
    place: &Destination,
    facts: &PullRequestFacts,
) -> Result<u64, Halt> {
    let step = Step::PullRequest;
    unit.begin(step, None).await?;
    let templates = &unit.job.found.templates;
    let text =
        |text: Result<String, TextError>| text.map_err(|error| failure(step, error.to_string()));
    let mut options = pull_request_options(&unit.job.spec.settings.publish, &unit.unit().owners);
    // A forge would merge it into the branch of another unit, or together with another unit's work.
    if unit.needs.iter().any(FinishedNeed::has_work) {
        options.auto_merge = None;
    }
    let is_draft_for_want_of_proof =
        place.unverified == Unverified::Draft && unit.state().attempt.is_unverified();
    let request = PullRequest {
        run: unit.job.id().to_string(),
        unit: facts.unit.clone(),
        ordinal: unit.number as u64 + 1,
        title: text(templates.title(facts))?,
        body: text(templates.body(facts))?,
        head: unit.job.workspace.branch(&unit.unit().id).to_string(),
        base: target(unit, &place.base_branch),
        draft: place.draft || is_draft_for_want_of_proof,
        options,
    };
    let (reporter, waits) = WaitReporter::channel();
    let session = place.forge.session(reporter);
    let opened = unit.answer(waits, session.open(&request)).await?;
    unit.say(UnitFact::PullRequestOpened(PullRequestLink {
        number: opened.number,
        url: opened.url,
        existed: opened.existed,
        notes: opened.notes,
    }))
    .await?;
    Ok(opened.number)
}

/// Returns the branch that the pull request goes to: the branch of the one unit that it needs, so that the two stack,
/// or the base's branch. A pull request cannot go to the branch of a fork.
fn target(unit: &UnitContext, base_branch: &BranchName) -> String {
    let branches: Vec<&BranchName> = unit
        .needs
        .iter()
        .filter_map(|need| Some(&need.work.as_ref()?.branch))
        .collect();
    match branches[..] {
        [one] if !unit.job.delivery.is_across() => one.to_string(),
        _ => base_branch.to_string(),
    }
}
