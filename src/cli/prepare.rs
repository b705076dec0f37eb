//! Prepares an earlier run again: secures its journal and reads its saved settings, which the flags change.

use super::flags::ResumeFlags;
use super::global::Global;
use super::workspace::{folder, secure_journal};
use super::{agent_settings, approval};
use crate::config::AgentOptions;
use crate::run::{self, Job, KnownRun};

/// Prepares a run again that no process drives, with the plan and the settings that it started with.
pub(super) fn prepare_again(
    global: &Global,
    known: &KnownRun,
    flags: &ResumeFlags,
) -> anyhow::Result<Job> {
    prepare_for(global, known, flags, None)
}

/// Does the same where `agent` takes the place of the run's own.
pub(super) fn prepare_for(
    global: &Global,
    known: &KnownRun,
    flags: &ResumeFlags,
    agent: Option<&AgentOptions>,
) -> anyhow::Result<Job> {
    known.check_idle()?;
    approval::require_run(global, known)?;
    secure_journal(&known.places)?;
    let mut settings = known.resume_settings()?;
    flags.apply(&mut settings);
    let amended = known.state.units.iter();
    let amended = amended.filter_map(|unit| unit.amendment.agent.as_ref());
    let agents: Vec<&AgentOptions> = amended.chain(agent).collect();
    agent_settings::settle_further(global, known, &mut settings, &agents)?;
    Ok(run::prepare_resume(known, &settings, &folder(global)?)?)
}
