//! Updates the tracking issue after an action.

use crate::cli::global::Global;
use crate::cli::output::say;
use crate::prs::PrSession;
use crate::words;

/// Updates the tracking issue, where there is one. Returns whether that succeeded.
pub(super) async fn track(global: &Global, session: &mut PrSession) -> bool {
    match session.track().await {
        Ok(Some(url)) if !global.json => say(&format!("tracking issue: {}", words::line(&url))),
        Ok(_) => {}
        Err(error) => {
            let why = words::line(&words::chain(&error));
            say(&format!("the tracking issue is not up to date: {why}"));
            return false;
        }
    }
    true
}
