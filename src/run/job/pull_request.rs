//! The facts of a run about a unit, in the form that the forge's templates need.

use crate::check::{Finding, Verdict};
use crate::forge::{CheckLine, MadeLine, Need, PullRequestFacts};
use crate::git::{BranchName, Changes, CommitId, digest};
use crate::process::sandbox::SandboxLevel;
use crate::run::job::job::Job;
use crate::run::log::check_result::CheckResult;
use crate::run::log::unit_fact::{Acquired, OldUsesLeft, Regenerated};

/// A unit that is needed and has succeeded.
#[derive(Debug, Clone)]
pub(crate) struct FinishedNeed {
    /// Its place in the plan.
    pub(crate) unit: usize,
    /// Its work; `None` where there was nothing to change.
    pub(crate) work: Option<FinishedWork>,
    /// The address of its pull request.
    pub(crate) url: Option<String>,
    /// Its agent's text about the work.
    pub(crate) summary: Option<String>,
}

/// The branch and the commit of a finished unit.
#[derive(Debug, Clone)]
pub(crate) struct FinishedWork {
    pub(crate) branch: BranchName,
    pub(crate) commit: CommitId,
}

impl FinishedNeed {
    pub(crate) fn has_work(&self) -> bool {
        self.work.is_some()
    }

    pub(crate) fn commit(&self) -> Option<&CommitId> {
        self.work.as_ref().map(|work| &work.commit)
    }
}

/// The result of a unit's steps so far.
pub(crate) struct UnitResult<'a> {
    pub(crate) changes: &'a Changes,
    /// The paths among them beyond the claim.
    pub(crate) acquired: Acquired,
    /// What commands made of them.
    pub(crate) regenerated: Vec<Regenerated>,
    /// What is told of its content.
    pub(crate) findings: &'a [Finding],
    pub(crate) checks: &'a [CheckResult],
    pub(crate) summary: Option<String>,
    /// The uses that the plan wants gone and that are left in the unit's files.
    pub(crate) old_uses: Option<OldUsesLeft>,
    /// What of it does not agree with what is known, a sentence for each claim.
    pub(crate) doubts: Vec<String>,
    pub(crate) needs: &'a [FinishedNeed],
    /// How many other units it was checked together with, once it was.
    pub(crate) tested_with: Option<usize>,
}

/// Returns the facts for the pull request of the unit at `number` in the plan.
pub(crate) fn pull_request_facts(
    job: &Job,
    number: usize,
    result: &UnitResult<'_>,
) -> PullRequestFacts {
    let plan = &job.spec.plan;
    let unit = job.spec.unit(number);
    let assignment = &job.units[number].assignment;
    let needed = result.needs.iter().filter(|need| need.has_work()).count();
    let files: Vec<String> = result
        .changes
        .list
        .iter()
        .map(|change| String::from_utf8_lossy(&change.path).into_owned())
        .collect();
    let claim = &unit.claim.files;
    let unchanged = claim.iter().filter(|path| !files.contains(path));
    PullRequestFacts {
        claimed: claim.len(),
        unchanged: unchanged.cloned().collect(),
        old_uses: result.old_uses.as_ref().map_or(0, |uses| uses.left),
        old_use_files: result
            .old_uses
            .as_ref()
            .map(|uses| uses.files.clone())
            .unwrap_or_default(),
        instruction: assignment.instruction.clone(),
        run: job.id().to_string(),
        unit: unit.id.to_string(),
        title: unit.title.clone(),
        owners: unit.owners.clone(),
        files,
        created: result.acquired.created.clone(),
        companions: result.acquired.companions.clone(),
        regenerated: result.regenerated.iter().filter_map(made_line).collect(),
        findings: result.findings.iter().map(ToString::to_string).collect(),
        insertions: result.changes.insertions,
        deletions: result.changes.deletions,
        checks: result.checks.iter().map(check_line).collect(),
        summary: result.summary.clone(),
        doubts: result.doubts.clone(),
        needs: result
            .needs
            .iter()
            .map(|need| {
                let unit = job.spec.unit(need.unit);
                Need {
                    unit: unit.id.to_string(),
                    title: unit.title.clone(),
                    url: need.url.clone(),
                }
            })
            .collect(),
        shows_needs: needed > 1 || needed == 1 && job.delivery.is_across(),
        tested_with: result.tested_with.unwrap_or_default(),
        siblings: plan.units.len() + job.spec.parts() - 1,
        base: plan.base.to_string(),
        base_name: plan.base_name.clone(),
        agent: assignment.agent.describe(),
        sandbox: job.sandbox.as_ref().map(SandboxLevel::words),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        claim_digest: digest(unit.claim.files.join("\0").as_bytes()),
        repository_template: job.found.repository_template.clone(),
    }
}

fn made_line(made: &Regenerated) -> Option<MadeLine> {
    made.failed.is_none().then(|| MadeLine {
        run: made.run.clone(),
        files: made.files.clone(),
    })
}

fn check_line(result: &CheckResult) -> CheckLine {
    CheckLine {
        name: result.name.clone(),
        verdict: match &result.verdict {
            Verdict::Pass => "pass".into(),
            Verdict::Fail { ending, .. } => format!("failed: {ending}"),
            Verdict::OldFailure { .. } => "fails, as it did before this change".into(),
            Verdict::VerifiedNothing { why, .. } => format!("verified nothing: {}", why.words()),
            Verdict::Flaky { .. } => "flaky: failed once, and passed when it was run again".into(),
        },
        tests: result.verdict.tests().to_vec(),
        seconds: std::time::Duration::from_millis(result.took_ms).as_secs_f64(),
    }
}
