//! What a run knows of a unit, as the forge's templates want to hear it.

use crate::check::Verdict;
use crate::config::{MOST_REVIEWERS, PublishConfig, ReviewersFrom};
use crate::forge::{CheckLine, Need, PullRequestFacts, PullRequestOptions, Reviewer};
use crate::git::{Changes, digest};
use crate::run::job::spec::Job;
use crate::run::log::event::CheckResult;

/// What a unit that is needed left behind.
#[derive(Debug, Clone)]
pub(crate) struct FinishedNeed {
    pub(crate) unit: usize,
    /// Its branch and commit; none where there was nothing to change.
    pub(crate) work: Option<(String, String)>,
    pub(crate) url: Option<String>,
}

/// What came out of a unit's steps so far.
pub(crate) struct UnitResult<'a> {
    pub(crate) changes: &'a Changes,
    pub(crate) checks: &'a [CheckResult],
    pub(crate) summary: Option<String>,
    pub(crate) needs: &'a [FinishedNeed],
}

/// What a pull request is furnished with by these settings, for files of these owners.
#[must_use]
pub fn extras(wanted: &PublishConfig, owners: &[String]) -> PullRequestOptions {
    let named = wanted.reviewers.iter().map(|name| Reviewer::named(name));
    let teams = wanted
        .team_reviewers
        .iter()
        .map(|name| Reviewer::team(name));
    let mut reviewers: Vec<Reviewer> = named.chain(teams).collect();
    if wanted.reviewers_from == Some(ReviewersFrom::Codeowners) {
        let most = wanted.max_reviewers.unwrap_or(MOST_REVIEWERS);
        for owner in owners {
            let Some(owner) = Reviewer::of_owner(owner) else {
                continue;
            };
            if reviewers.len() < most && !reviewers.contains(&owner) {
                reviewers.push(owner);
            }
        }
    }
    PullRequestOptions {
        labels: wanted.labels.clone(),
        reviewers,
        assignees: wanted.assignees.clone(),
        milestone: wanted.milestone.clone(),
        auto_merge: wanted.auto_merge,
    }
}

/// The story of the unit at `number` in the plan.
pub(crate) fn story(job: &Job, number: usize, told: &UnitResult<'_>) -> PullRequestFacts {
    let plan = &job.plan;
    let unit = &plan.units[number];
    let assignment = &job.assignments[number];
    let needed = told.needs.iter().filter(|need| need.work.is_some());
    let needed = needed.count();
    PullRequestFacts {
        instruction: assignment.instruction.clone(),
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
        shows_needs: needed > 1 || needed == 1 && job.delivery.is_across(),
        siblings: plan.units.len() - 1,
        base: plan.base.clone(),
        base_name: plan.base_name.clone(),
        agent: assignment.agent.describe(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        claim_digest: digest(unit.claim.files.join("\0").as_bytes()),
        repository_template: job.form.clone(),
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
