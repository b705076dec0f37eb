//! An earlier run put together again: its journal is secured and its saved settings are read, with the flags on top.

use super::flags::ResumeFlags;
use super::global::Global;
use super::workspace::{folder, secure_journal};
use crate::run::{self, Job, KnownRun};

/// Puts a run together again that no process drives, with the plan and the settings it started with.
pub(super) fn prepare_again(
    global: &Global,
    known: &KnownRun,
    flags: &ResumeFlags,
) -> anyhow::Result<Job> {
    known.check_idle()?;
    secure_journal(&known.places)?;
    let mut settings = known.resume_settings()?;
    flags.apply(&mut settings);
    Ok(run::prepare_resume(known, &settings, &folder(global)?)?)
}
