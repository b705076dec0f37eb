//! Holds a push back where somebody changed what decides where it goes and which programs it starts.

use std::sync::Arc;

use crate::run::log::event::Event;
use crate::run::log::outcome::{Step, WithheldReason};
use crate::run::unit::context::{Halt, UnitContext};

/// Ends the unit unpublished where settings or hooks of the user's repository are not as they were before any worker
/// ran. A fact says what changed.
pub(crate) async fn require_unchanged_git(unit: &UnitContext) -> Result<(), Halt> {
    let user_git = Arc::clone(&unit.user_git);
    let changes = unit
        .git(Step::Push, move |_| Ok(user_git.decisive_changes()))
        .await?;
    if changes.is_empty() {
        return Ok(());
    }
    if let Some(fact) = unit.user_git.untold(changes) {
        unit.say_event(Event::Run(fact)).await?;
    }
    Err(Halt::Withheld(WithheldReason::GitFolderChanged))
}
