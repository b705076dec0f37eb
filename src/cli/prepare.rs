//! Prepares an earlier run again: secures its journal and reads its saved settings, which the flags change.

use super::approval;
use super::flags::ResumeFlags;
use super::global::Global;
use super::workspace::{folder, secure_journal};
use crate::run::{self, Job, KnownRun};

/// Prepares a run again that no process drives, with the plan and the settings that it started with.
pub(super) fn prepare_again(
    global: &Global,
    known: &KnownRun,
    flags: &ResumeFlags,
) -> anyhow::Result<Job> {
    known.check_idle()?;
    approval::require_run(global, known)?;
    secure_journal(&known.places)?;
    let mut settings = known.resume_settings()?;
    flags.apply(&mut settings);
    Ok(run::prepare_resume(known, &settings, &folder(global)?)?)
}
