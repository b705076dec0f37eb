//! A run for scripts.
//!
//! [`Report`] is a contract of its own (`docs/report.schema.json`): the state behind it may change its shape, this may
//! only grow, and a change that breaks a reader raises `version`.

use serde::Serialize;

use super::likeness::{ClusterReport, DoubleReport};
use super::next_step;
use super::totals::Totals;
use super::union::UnionReport;
use super::view;
use crate::agent::{CostSource, UsageSum, Usd};
use crate::check::{Finding, RestoredForm, Verdict};
use crate::git::GitFolderChange;
use crate::process::sandbox::SandboxLevel;
use crate::run::{
    Candidate, CandidateEnd, ChangeCount, CheckResult, IssueLink, Liveness, OldUses, Outcome,
    Phase, PullRequestLink, Regenerated, RunState, Step, Tidied, UnitProcess, UnitState,
    WithheldReason,
};
use crate::words;

/// The report of a run at a moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Report {
    schema: &'static str,
    version: u32,
    run: String,
    status: Liveness,
    batch_version: String,
    instruction: String,
    base: BaseReport,
    agent: String,
    forge: String,
    remote: Option<String>,
    /// What kept the workers from what is not theirs; none where the run had no workers.
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox: Option<SandboxLevel>,
    jobs: usize,
    started: String,
    ended: Option<String>,
    took_ms: u64,
    serial_ms: u64,
    totals: Totals,
    old_uses: Option<OldUses>,
    /// The files that changed in the user's own checkout while the run went; at most as many as the journal names.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_files_changed: Option<Vec<String>>,
    /// The changes in the user's git folder that batch did not make; at most as many as the journal names.
    #[serde(skip_serializing_if = "Option::is_none")]
    git_folder_changes: Option<Vec<GitFolderChange>>,
    /// The processes that work for the run although no process drives it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_processes: Vec<UnitProcess>,
    /// The causes for which several units failed, the cause of most units first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failure_clusters: Vec<ClusterReport>,
    /// The helpers that several units wrote with the same body under different names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    helper_doubles: Vec<DoubleReport>,
    /// The check of all units together before anything was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    union: Option<UnionReport>,
    tracking_issue: Option<IssueLink>,
    usage: Option<UsageReport>,
    units: Vec<UnitReport>,
}

/// The usage of agents. A number that is not known is null.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct UsageReport {
    turns: Option<u64>,
    input_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cost_usd: Option<Usd>,
    cost_source: Option<CostSource>,
    knows_tokens: bool,
    knows_cost: bool,
}

impl From<UsageSum> for UsageReport {
    fn from(sum: UsageSum) -> Self {
        let usage = sum.known();
        Self {
            turns: usage.turns,
            input_tokens: usage.input_tokens,
            cached_tokens: usage.cached_tokens,
            output_tokens: usage.output_tokens,
            cost_usd: usage.cost.map(|cost| cost.usd),
            cost_source: usage.cost.map(|cost| cost.source),
            knows_tokens: sum.knows_tokens(),
            knows_cost: sum.knows_cost(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct BaseReport {
    commit: String,
    name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct UnitReport {
    id: String,
    title: String,
    needs: Vec<String>,
    files: usize,
    lines: u64,
    owners: Vec<String>,
    agent: String,
    outcome: &'static str,
    reason: Option<String>,
    step: Option<Step>,
    blocked_by: Option<String>,
    branch: Option<String>,
    commit: Option<String>,
    worktree: Option<String>,
    pull_request: Option<PullRequestReport>,
    undone_by: Option<PullRequestReport>,
    changes: Option<ChangeCount>,
    /// How many of the claimed files it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    files_changed: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_uses_left: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    created: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    companions: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    regenerated: Vec<Regenerated>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tidied: Option<Tidied>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    restored: Vec<RestoredForm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Finding>,
    checks: Vec<CheckReport>,
    attempts: u32,
    rivals: Vec<CandidateReport>,
    /// What the agent says of its work that does not agree with what is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    doubts: Vec<String>,
    sent_back: Vec<SentBackReport>,
    agent_took_ms: Option<u64>,
    usage: Option<UsageReport>,
    took_ms: Option<u64>,
    log: Option<String>,
    tail: Option<String>,
    /// The command that goes on with the unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct PullRequestReport {
    number: u64,
    url: String,
    existed: bool,
    notes: Vec<String>,
}

impl PullRequestReport {
    fn new(link: &PullRequestLink) -> Self {
        Self {
            number: link.number,
            url: link.url.clone(),
            existed: link.existed,
            notes: link.notes.clone(),
        }
    }
}

/// One of several works that competed.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct CandidateReport {
    agent: String,
    result: &'static str,
    is_taken: bool,
    reason: Option<String>,
    commit: Option<String>,
    changes: Option<ChangeCount>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct SentBackReport {
    step: Step,
    reason: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct CheckReport {
    name: String,
    /// The folder where it ran, from the root; empty for the root.
    dir: String,
    verdict: &'static str,
    tests: Vec<String>,
    took_ms: u64,
    log: String,
    tail: String,
    /// The files that the check changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed: Vec<String>,
}

/// The report of the run as it stands at `now`, as JSON that ends in a line break. `left` are the processes that work
/// for the run although no process drives it.
pub(crate) fn render(
    state: &RunState,
    liveness: Liveness,
    left: Vec<UnitProcess>,
    now: i64,
) -> Result<String, serde_json::Error> {
    let report = Report {
        left_processes: left,
        ..Report::new(state, liveness, now)
    };
    Ok(words::json_in_lines(&report)? + "\n")
}

impl Report {
    fn new(state: &RunState, liveness: Liveness, now: i64) -> Self {
        let moment = view::moment(state, liveness, now);
        let header = &state.header;
        Self {
            schema: "batch-report",
            version: 1,
            run: state.id.to_string(),
            status: liveness,
            batch_version: header.version.clone(),
            instruction: header.instruction.clone(),
            base: BaseReport {
                commit: header.base.to_string(),
                name: header.base_name.clone(),
            },
            agent: header.agent.to_string(),
            forge: header.forge.clone(),
            remote: header.remote.clone(),
            sandbox: header.sandbox.clone(),
            jobs: header.jobs,
            started: words::timestamp(state.started_at),
            ended: state.ended_at.map(words::timestamp),
            took_ms: state.took_ms(moment),
            serial_ms: state.serial_ms(moment),
            totals: Totals::of(state),
            old_uses: state.old_uses,
            user_files_changed: state.user_files_changed.clone().map(|(files, _)| files),
            git_folder_changes: Some(state.git_folder_changes.0.clone())
                .filter(|changes| !changes.is_empty()),
            left_processes: Vec::new(),
            failure_clusters: ClusterReport::all(state),
            helper_doubles: DoubleReport::all(state),
            union: state.union.as_ref().map(UnionReport::of),
            tracking_issue: state.tracking_issue.clone(),
            usage: state.spent().map(UsageReport::from),
            units: state
                .units
                .iter()
                .map(|unit| UnitReport {
                    next: next_step::command(state, liveness, unit),
                    ..UnitReport::new(unit, state.agent_of(unit).as_str(), moment)
                })
                .collect(),
        }
    }
}

fn candidates(unit: &UnitState) -> Vec<CandidateReport> {
    let line = |(number, candidate): (usize, &Candidate)| {
        let (result, reason, changes) = match &candidate.end {
            CandidateEnd::Good { changes, .. } => ("good", None, Some(*changes)),
            CandidateEnd::NoChange { summary } => ("no-change", summary.clone(), None),
            CandidateEnd::Failed { reason, .. } => ("failed", Some(reason.clone()), None),
        };
        CandidateReport {
            agent: candidate.agent.to_string(),
            result,
            is_taken: unit.chosen == Some(number),
            reason,
            commit: candidate.commit.as_ref().map(ToString::to_string),
            changes,
        }
    };
    (1..).zip(&unit.candidates).map(line).collect()
}

impl UnitReport {
    fn new(unit: &UnitState, who: &str, now: i64) -> Self {
        let header = &unit.header;
        let proven = unit.attempt.proven.clone();
        let (acquired, left_out, made) = proven
            .clone()
            .map(|proven| (proven.acquired, proven.left_out, proven.regenerated))
            .unwrap_or_default();
        let at_start = &unit.attempt.regenerated_start;
        let mut report = Self {
            id: header.id.to_string(),
            title: header.title.clone(),
            needs: header.needs.iter().map(ToString::to_string).collect(),
            files: header.files,
            lines: header.lines,
            owners: header.owners.clone(),
            agent: who.to_owned(),
            outcome: "waiting",
            reason: None,
            step: None,
            blocked_by: None,
            branch: unit.attempt.branch_name().map(ToString::to_string),
            commit: unit.attempt.commit.as_ref().map(ToString::to_string),
            worktree: view::optional_path(unit.attempt.worktree.as_ref()),
            pull_request: unit
                .publication
                .pull_request
                .as_ref()
                .map(PullRequestReport::new),
            undone_by: unit.publication.reverted_by().map(PullRequestReport::new),
            changes: unit.attempt.changes(),
            files_changed: proven.as_ref().and_then(|proven| proven.claimed_changed),
            old_uses_left: unit.attempt.old_uses.as_ref().map(|uses| uses.left),
            created: acquired.created,
            companions: acquired.companions,
            left_out,
            regenerated: at_start.iter().cloned().chain(made).collect(),
            tidied: unit.attempt.tidied.clone(),
            restored: unit.attempt.content.restored.clone(),
            findings: unit.attempt.content.findings().to_vec(),
            checks: unit.attempt.checks.iter().map(CheckReport::new).collect(),
            attempts: unit.attempt.number(),
            rivals: candidates(unit),
            doubts: unit.attempt.doubts.clone(),
            sent_back: unit
                .attempt
                .sent_back
                .iter()
                .map(|back| SentBackReport {
                    step: back.step,
                    reason: back.reason.clone(),
                })
                .collect(),
            agent_took_ms: unit.attempt.agent_took_ms,
            usage: unit.spent().map(UsageReport::from),
            took_ms: unit.took_ms(now),
            log: None,
            tail: None,
            next: None,
        };
        report.stand(&unit.phase);
        report
    }

    /// Takes in how far the unit is, or how it ended.
    fn stand(&mut self, phase: &Phase) {
        self.outcome = match phase {
            Phase::Waiting => "waiting",
            Phase::Running { step, .. } => {
                self.step = Some(*step);
                "running"
            }
            Phase::Ended(Outcome::Published) => "published",
            Phase::Ended(Outcome::Committed) => "committed",
            Phase::Ended(Outcome::NoChange { reason }) => {
                self.reason = Some(reason.clone());
                "no-change"
            }
            Phase::Ended(Outcome::Failed {
                step,
                reason,
                tail,
                log,
            }) => {
                self.step = Some(*step);
                self.reason = Some(reason.clone());
                self.tail.clone_from(tail);
                self.log = view::optional_path(log.as_ref());
                "failed"
            }
            Phase::Ended(Outcome::Blocked { by }) => {
                self.blocked_by = Some(by.to_string());
                "blocked"
            }
            Phase::Ended(Outcome::Withheld { why }) => {
                // The reason of a run as a whole follows from its totals.
                self.reason = match why {
                    WithheldReason::TooFew => None,
                    WithheldReason::GitFolderChanged => Some(view::SETTINGS_CHANGED.to_owned()),
                    WithheldReason::Unverified => Some(view::UNVERIFIED.to_owned()),
                    WithheldReason::BreaksUnion => Some(view::BREAKS_UNION.to_owned()),
                    WithheldReason::UnionUnclear => Some(view::UNION_UNCLEAR.to_owned()),
                };
                "withheld"
            }
            Phase::Ended(Outcome::Stopped) => "stopped",
            Phase::Ended(Outcome::LeftOut { why }) => {
                self.reason = Some(why.to_string());
                "left-out"
            }
            Phase::Ended(Outcome::Skipped { .. }) => "skipped",
        };
    }
}

impl CheckReport {
    fn new(result: &CheckResult) -> Self {
        Self {
            name: result.name.clone(),
            dir: result.dir.clone(),
            verdict: match result.verdict {
                Verdict::Pass => "pass",
                Verdict::Fail { .. } => "fail",
                Verdict::OldFailure { .. } => "old-failure",
                Verdict::VerifiedNothing { .. } => "verified-nothing",
                Verdict::Flaky { .. } => "flaky",
            },
            tests: result.verdict.tests().to_vec(),
            took_ms: result.took_ms,
            log: view::path(&result.log),
            tail: result.tail.clone(),
            changed: result.changed.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::report::sample::{self, SampleRun};

    fn contract() -> jsonschema::Validator {
        let schema: Value =
            serde_json::from_str(include_str!("../../docs/report.schema.json")).unwrap();
        jsonschema::draft202012::new(&schema).unwrap()
    }

    fn faults(report: &Value) -> Vec<String> {
        contract()
            .iter_errors(report)
            .map(|error| error.to_string())
            .collect()
    }

    fn value(state: &RunState, liveness: Liveness) -> Value {
        serde_json::to_value(Report::new(state, liveness, state.started_at + 500)).unwrap()
    }

    #[test]
    fn every_report_keeps_the_contract() {
        let going = SampleRun::of(["a", "b"]).step("a", 10).state();
        let dry = SampleRun::of(["a"]).committed("a", 0, 10).ended(20);
        for (state, liveness) in [
            (sample::mixed(), Liveness::Ended),
            (going.clone(), Liveness::Going),
            (going, Liveness::Died),
            (dry, Liveness::Ended),
            (sample::alike().ended(20), Liveness::Ended),
            (sample::alike().state(), Liveness::Going),
        ] {
            assert_eq!(faults(&value(&state, liveness)), Vec::<String>::new());
        }
    }

    #[test]
    fn the_contract_catches_faults() {
        let sound = value(&sample::mixed(), Liveness::Ended);
        for (place, planted) in [
            ("/units/0/outcome", json!("fine")),
            ("/units/0/took_ms", json!(-1)),
            ("/units/0/pull_request", json!({"number": 7})),
            ("/units/2/reason", Value::Null),
            ("/units/3/blocked_by", Value::Null),
            ("/totals", json!({})),
            ("/started", json!("yesterday")),
            ("/version", json!(2)),
        ] {
            let mut broken = sound.clone();
            *broken.pointer_mut(place).unwrap() = planted;
            assert!(!faults(&broken).is_empty(), "{place}");
        }
        let mut unknown = sound;
        unknown["surprise"] = json!(1);
        assert!(!faults(&unknown).is_empty());
    }

    #[test]
    fn a_failure_tells_all_it_knows() {
        let report = value(&sample::mixed(), Liveness::Ended);
        let unit = &report["units"][2];
        assert_eq!(unit["outcome"], "failed");
        assert_eq!(unit["step"], "check");
        assert_eq!(unit["reason"], "`npm test` ended with exit code 1");
        assert_eq!(unit["log"], "/shop/.git/batch/03-db/check.log");
        assert_eq!(unit["worktree"], "/shop.batch/03-db");
        assert_eq!(unit["checks"][0]["verdict"], "fail");
        assert_eq!(report["units"][3]["blocked_by"], "03-db");
        assert_eq!(report["totals"]["failed"], 1);
        assert_eq!(report["serial_ms"], 12_000 + 9_300 + 13_800 + 850);
    }

    proptest! {
        #[test]
        fn text_from_outside_arrives_unchanged(text in sample::outside_text()) {
            let report = value(&sample::telling(&text), Liveness::Ended);
            prop_assert_eq!(report["instruction"].as_str(), Some(text.as_str()));
            prop_assert_eq!(report["units"][1]["tail"].as_str(), Some(text.as_str()));
        }
    }
}
