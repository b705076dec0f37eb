//! Work that an agent left in the git of its checkout and not in its files: it committed on a branch and left the
//! branch, or it stashed. It is looked for before a unit counts as one without a change.

use crate::git::PrivateWork;
use crate::run::log::outcome::Step;
use crate::run::log::unit_fact::UnitFact;
use crate::run::unit::context::{Failure, Halt, Prepared, UnitContext};
use crate::words;

/// A message names at most so many places.
const PLACES_NAMED: usize = 6;

/// Puts the agent's work into the files where it lies in one place of the checkout's git, and returns whether it did.
/// Where it lies in several places, only the agent can say what belongs together.
pub(crate) async fn find_work(unit: &UnitContext, prepared: &Prepared) -> Result<bool, Halt> {
    let step = Step::Scope;
    let checkout = unit.checkout.clone();
    // What cannot be read is no work.
    let found = unit.git_result(move |_| checkout.private_work()).await?;
    let found = found.unwrap_or_default();
    let [one] = &found[..] else {
        return several(&found);
    };
    let (checkout, work) = (unit.checkout.clone(), one.clone());
    let (start, now) = (prepared.start.clone(), prepared.tree.clone());
    unit.git(step, move |_| {
        checkout.take_private_work(&work, &start, &now)
    })
    .await?;
    let after = unit.snapshot(step).await?;
    if after == prepared.tree {
        return Ok(false);
    }
    unit.say(UnitFact::WorkFound { at: one.at.clone() }).await?;
    Ok(true)
}

fn several(found: &[PrivateWork]) -> Result<bool, Halt> {
    if found.is_empty() {
        return Ok(false);
    }
    let places = found.iter().map(|work| words::line(&work.at));
    let places = words::few(places, PLACES_NAMED);
    Err(Halt::Failed(Failure {
        feedback: Some(format!(
            "You left every file as it was, and your work lies in git: {places}. Only what is in the files of your \
             folder counts. Bring what belongs to your part into the files, and commit nothing.\n"
        )),
        ..Failure::new(
            Step::Scope,
            format!("the agent left its work in git and not in its files: {places}"),
        )
    }))
}
