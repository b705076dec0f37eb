//! The step that brings work into a new checkout before the agent starts: the work of an agent onto the work of other
//! units, where its unit starts again on top of them (an agent is paid once), or the work that a unit begins with.

use crate::agent::FurtherAttempts;
use crate::run::log::outcome::Step;
use crate::run::log::unit_fact::{LeftToDo, Sharing, UnitFact};
use crate::run::log::unit_state::UnitState;
use crate::run::unit::context::{Halt, Prepared, UnitContext};
use crate::words;

/// A message names at most so many paths.
const PATHS_NAMED: usize = 20;

/// Puts carried work into the new checkout. Where it does not fit, a coding agent gets feedback about what is left to
/// do, and a command works again.
pub(crate) async fn carry(unit: &UnitContext, prepared: &Prepared) -> Result<(), Halt> {
    let state = unit.state();
    let attempt = &state.attempt;
    let has_begun = attempt.agent_took_ms.is_some() || !attempt.sent_back.is_empty();
    let work = if state.carried.is_empty() {
        state.header.work.clone()
    } else {
        state.carried.clone()
    };
    // A follow-up goes on with published work, which has it all.
    if work.is_empty() || has_begun || state.follow_up.is_some() {
        return Ok(());
    }
    let mut tree = prepared.tree.clone();
    let (tree, conflicts) = unit
        .git(Step::Scope, move |job| {
            let mut conflicts = Vec::new();
            for part in &work {
                let repo = &job.workspace.repo;
                // Commands make these files again from what is put together.
                let after = repo.with_paths_of(&part.after, &part.before, &part.made)?;
                let put = repo.put_together(&tree, &part.before, &after)?;
                tree = put.0;
                conflicts.extend(put.1);
            }
            Ok((tree, conflicts))
        })
        .await?;
    let left = left_to_do(&state, &conflicts);
    let takes_feedback = unit.assignment().agent.further_attempts() == FurtherAttempts::Usual;
    if left.is_some() && !takes_feedback {
        return Ok(());
    }
    let checkout = unit.checkout.clone();
    unit.git(Step::Scope, move |_| checkout.put_back(&tree))
        .await?;
    // One fact, so that a kill of the program cannot lose what is left to do.
    unit.say(UnitFact::Carried { left_to_do: left }).await
}

/// Returns what the agent has left to do, where it has anything.
fn left_to_do(state: &UnitState, conflicts: &[String]) -> Option<LeftToDo> {
    let others = state.stands_on.iter().map(ToString::to_string);
    let others = words::few(others, PATHS_NAMED);
    let list =
        |paths: &[String]| words::few(paths.iter().map(|path| words::line(path)), PATHS_NAMED);
    if !conflicts.is_empty() {
        let paths = list(conflicts);
        return Some(LeftToDo {
            reason: format!("{paths}: changed by {others} too, in the same places"),
            text: format!(
                "Other units of this change ({others}) were done before yours and changed the same places in:\n\n  \
                 {paths}\n\nYour folder now holds their work with yours on top, except for these files, which are as \
                 they left them. Read what they did there, and make your change to these files again where it is still \
                 needed. Leave the rest of your work as it is.\n"
            ),
        });
    }
    (state.sharing == Some(Sharing::SameNumber)).then(|| {
        let paths = list(&state.shared_paths);
        LeftToDo {
            reason: format!("{paths}: {others} took the same number"),
            text: format!(
                "Other units of this change ({others}) were done before yours and created files with the numbers that \
                 you gave to:\n\n  {paths}\n\nYour folder now holds their work with yours on top. Give each of these \
                 files the next free number, and change every place that names it. Leave the rest of your work as it \
                 is.\n"
            ),
        }
    })
}
