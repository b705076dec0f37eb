//! What a run knows of a unit, as the forge's templates want to hear it.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::event::CheckResult;
use super::job::Job;
use crate::check::Verdict;
use crate::forge::{CheckLine, Need, Story};
use crate::git::Changes;

/// What a unit that is needed left behind.
#[derive(Debug, Clone)]
pub(super) struct NeedDone {
    pub(super) unit: usize,
    /// Its branch and commit; none where there was nothing to change.
    pub(super) work: Option<(String, String)>,
    pub(super) url: Option<String>,
}

/// What came out of a unit's steps so far.
pub(super) struct Told<'a> {
    pub(super) changes: &'a Changes,
    pub(super) checks: &'a [CheckResult],
    pub(super) summary: Option<String>,
    pub(super) needs: &'a [NeedDone],
}

/// The story of the unit at `number` in the plan.
pub(super) fn story(job: &Job, number: usize, told: &Told<'_>) -> Story {
    let plan = &job.plan;
    let unit = &plan.units[number];
    let orders = job.orders(&unit.id);
    Story {
        instruction: orders.instruction.clone(),
        run: job.id.to_string(),
        unit: unit.id.to_string(),
        title: unit.title.clone(),
        owners: unit.owners.clone(),
        files: told
            .changes
            .list
            .iter()
            .map(|change| String::from_utf8_lossy(&change.path).into_owned())
            .collect(),
        insertions: told.changes.insertions,
        deletions: told.changes.deletions,
        checks: told.checks.iter().map(check_line).collect(),
        summary: told.summary.clone(),
        needs: told
            .needs
            .iter()
            .map(|need| {
                let unit = &plan.units[need.unit];
                Need {
                    unit: unit.id.to_string(),
                    title: unit.title.clone(),
                    url: need.url.clone(),
                }
            })
            .collect(),
        siblings: plan.units.len() - 1,
        base: plan.base.clone(),
        base_name: plan.base_name.clone(),
        agent: orders.agent.describe(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        claim_digest: digest(&unit.claim.files),
    }
}

fn check_line(result: &CheckResult) -> CheckLine {
    CheckLine {
        name: result.name.clone(),
        verdict: match &result.verdict {
            Verdict::Pass => "pass".into(),
            Verdict::Fail { ending, .. } => format!("failed: {ending}"),
            Verdict::OldFailure { .. } => "fails, as it did before this change".into(),
            Verdict::Flaky { .. } => "flaky: failed once, and passed when it was run again".into(),
        },
        tests: result.verdict.tests().to_vec(),
        seconds: std::time::Duration::from_millis(result.took_ms).as_secs_f64(),
    }
}

/// Tells two claims apart; it guards against mistakes, not against attackers.
fn digest(files: &[String]) -> String {
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
