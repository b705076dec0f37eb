//! The end of a follow-up: the commit is pushed on top of the pull request's branch, and a comment says so.

use crate::forge::{Action, Forge, PullRequestRef, WaitReporter};
use crate::run::delivery::Destination;
use crate::run::log::outcome::{Outcome, Step};
use crate::run::log::unit_fact::FollowUp;
use crate::run::unit::context::{Halt, UnitContext, failure};
use crate::run::unit::publish::push;
use crate::words;

/// Pushes the follow-up's commit, and comments on the pull request.
pub(crate) async fn publish_follow_up(
    unit: &UnitContext,
    follow_up: &FollowUp,
    place: &Destination,
    summary: Option<&str>,
) -> Result<Outcome, Halt> {
    let pull_request = unit.pull_request_ref(follow_up.pull_request);
    let forge = place.forge.as_ref();
    refuse_unless_open(unit, &pull_request, forge).await?;
    if let Some(remote) = &place.remote {
        push(unit, remote).await?;
    }
    // The work is published, whether or not the comment can be written.
    match comment(unit, follow_up, &pull_request, forge, summary).await {
        Ok(()) | Err(Halt::Stopped) => Ok(Outcome::Published),
        Err(Halt::Failed(failure)) => {
            let number = pull_request.number;
            tracing::warn!("no comment on #{number}: {}", failure.reason);
            Ok(Outcome::Published)
        }
        Err(halt) => Err(halt),
    }
}

/// Fails where the pull request was merged or closed while the agent worked.
async fn refuse_unless_open(
    unit: &UnitContext,
    pull_request: &PullRequestRef,
    forge: &dyn Forge,
) -> Result<(), Halt> {
    let session = forge.session(WaitReporter::silent());
    let state = unit.unless_cancelled(session.state(pull_request)).await?;
    let fault = |reason| Err(failure(Step::Push, reason));
    match state {
        Ok(state) if state.is_open() => Ok(()),
        Ok(state) => fault(format!(
            "#{} is {} by now, so nothing is pushed",
            pull_request.number,
            state.words()
        )),
        Err(error) => fault(words::chain(&error)),
    }
}

async fn comment(
    unit: &UnitContext,
    follow_up: &FollowUp,
    pull_request: &PullRequestRef,
    forge: &dyn Forge,
    summary: Option<&str>,
) -> Result<(), Halt> {
    let step = Step::PullRequest;
    unit.begin(step, Some("comment".to_owned())).await?;
    // The commit that was pushed: the local branch may have moved since.
    let Some(tip) = unit.state().attempt.commit else {
        return Err(failure(step, "there is no commit to name".to_owned()));
    };
    let mut text = format!(
        "Sent back to {}: {}. What it changed is in {}.",
        words::markdown(&unit.assignment().agent.describe()),
        words::markdown(&follow_up.reason),
        tip.short()
    );
    if let Some(summary) = summary.filter(|said| !said.trim().is_empty()) {
        let said = words::fence("text", words::block(summary).trim());
        text = format!("{text}\n\n{said}");
    }
    let note = Action::Note {
        key: format!("{} {} {tip}", unit.job.id(), unit.unit().id),
        text,
    };
    let (reporter, waits) = WaitReporter::channel();
    let session = forge.session(reporter);
    unit.answer(waits, session.act(pull_request, &note)).await
}
