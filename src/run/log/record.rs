//! Events as rows of the journal, and back.

use crate::journal::{Journal, JournalError, Row};
use crate::plan::UnitId;
use crate::run::log::event::{Event, Recorded, RunFact, RunId, UnitFact};
use crate::run::log::state::RunState;

/// Why what the journal holds cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(
        "event {seq} of the journal cannot be understood ({reason}); was it written by a newer batch?"
    )]
    Unreadable { seq: u64, reason: String },
    #[error("there has been no run in this repository yet")]
    NoRun,
    #[error("there is no run {wanted:?}{}", latest_words(known))]
    UnknownRun { wanted: String, known: Vec<String> },
    #[error("{wanted:?} may be any of the runs {}", known.join(", "))]
    SeveralRuns { wanted: String, known: Vec<String> },
}

impl RecordError {
    /// Whether the journal should be looked at more closely.
    #[must_use]
    pub fn may_be_damage(&self) -> bool {
        matches!(
            self,
            Self::Journal(JournalError::Damaged { .. }) | Self::Unreadable { .. }
        )
    }
}

fn latest_words(known: &[String]) -> String {
    if known.is_empty() {
        String::new()
    } else {
        let shown = &known[..known.len().min(5)];
        format!("; the latest are {}", shown.join(", "))
    }
}

/// Where builds for tests can be made to die: the variable `BATCH_CRASH` names the event, counted from 0, before which
/// (`7`) or after which (`7+`) the process is killed. Not part of a release.
#[cfg(debug_assertions)]
fn crash_point(moment: &str) {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static WRITTEN: AtomicUsize = AtomicUsize::new(0);
    let number = match moment {
        "" => WRITTEN.load(Ordering::SeqCst),
        _ => WRITTEN.fetch_add(1, Ordering::SeqCst),
    };
    if std::env::var("BATCH_CRASH").is_ok_and(|wanted| wanted == format!("{number}{moment}")) {
        let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL);
    }
}

/// Writes an event down; once this returns, it is known for good.
pub(crate) fn append(
    journal: &mut Journal,
    run: &RunId,
    at: i64,
    event: Event,
) -> Result<Recorded, RecordError> {
    let (unit, fact) = match &event {
        Event::Run(fact) => (None, serde_json::to_string(fact)),
        Event::Unit(unit, fact) => (Some(unit.as_str()), serde_json::to_string(fact)),
    };
    // Paths are the only field that may not be text; git's own state lies in such a folder too.
    let fact = fact.map_err(|error| RecordError::Unreadable {
        seq: 0,
        reason: error.to_string(),
    })?;
    #[cfg(debug_assertions)]
    crash_point("");
    let seq = journal.append(run.as_str(), unit, at, &fact)?;
    #[cfg(debug_assertions)]
    crash_point("+");
    Ok(Recorded { seq, at, event })
}

/// The moment, in milliseconds since 1970-01-01 UTC.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// All events of a run, oldest first.
pub fn events(journal: &Journal, run: &RunId) -> Result<Vec<Recorded>, RecordError> {
    events_after(journal, run, 0)
}

/// The events of a run after the one numbered `seq`, oldest first.
pub fn events_after(
    journal: &Journal,
    run: &RunId,
    seq: u64,
) -> Result<Vec<Recorded>, RecordError> {
    journal
        .events(run.as_str(), seq)?
        .into_iter()
        .map(|row| understand(&row))
        .collect()
}

/// What is known of a run.
pub fn load(journal: &Journal, run: &RunId) -> Result<RunState, RecordError> {
    fold(run, &events(journal, run)?)
}

/// What these events, all there are of a run, say of it.
pub fn fold(run: &RunId, events: &[Recorded]) -> Result<RunState, RecordError> {
    RunState::fold(run, events).ok_or_else(|| RecordError::Unreadable {
        seq: events.first().map_or(0, |event| event.seq),
        reason: "the run does not begin with its start".into(),
    })
}

/// The run that `wanted` means (its id, or a part of it that only one has), or the latest.
pub fn find(journal: &Journal, wanted: Option<&str>) -> Result<RunId, RecordError> {
    let known = journal.runs()?;
    let Some(wanted) = wanted else {
        return known
            .first()
            .map(|id| RunId::from_journal(id))
            .ok_or(RecordError::NoRun);
    };
    if known.iter().any(|id| id == wanted) {
        return Ok(RunId::from_journal(wanted));
    }
    let near: Vec<String> = known
        .iter()
        .filter(|id| !wanted.is_empty() && id.contains(wanted))
        .cloned()
        .collect();
    match &near[..] {
        [one] => Ok(RunId::from_journal(one)),
        [] => Err(RecordError::UnknownRun {
            wanted: wanted.to_owned(),
            known,
        }),
        _ => Err(RecordError::SeveralRuns {
            wanted: wanted.to_owned(),
            known: near,
        }),
    }
}

fn understand(row: &Row) -> Result<Recorded, RecordError> {
    let fault = |reason: String| RecordError::Unreadable {
        seq: row.seq,
        reason,
    };
    let event = match &row.unit {
        None => {
            let fact: RunFact =
                serde_json::from_str(&row.fact).map_err(|error| fault(error.to_string()))?;
            Event::Run(fact)
        }
        Some(unit) => {
            let fact: UnitFact =
                serde_json::from_str(&row.fact).map_err(|error| fault(error.to_string()))?;
            Event::Unit(UnitId::parse(unit).map_err(fault)?, fact)
        }
    };
    Ok(Recorded {
        seq: row.seq,
        at: row.at,
        event,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::{Cost, CostSource, SessionId, Usage, Usd};
    use crate::check::Verdict;
    use crate::config::{AgentOptions, Limit};
    use crate::process::Ending;
    use crate::run::{
        Amendment, BaseCheck, Candidate, CandidateEnd, ChangeCount, CheckResult, FollowUp,
        IssueLink, OldUses, Outcome, PullRequestLink, Retry, RevertCommit, RunHeader, Step, Stop,
        StopReason, ThrottleReason, UnitHeader, sample,
    };

    fn every_kind_of_event() -> Vec<Event> {
        let unit = UnitId::parse("01-a").unwrap();
        let header = RunHeader {
            instruction: "do 'it'\n".into(),
            remote: Some("origin".into()),
            ..sample::header(vec![UnitHeader {
                needs: vec![UnitId::parse("02-b").unwrap()],
                owners: vec!["@a".into()],
                ..sample::unit("01-a")
            }])
        };
        let ending = Ending::TimedOut(std::time::Duration::from_secs(90));
        let failed = |log: Option<&str>| Outcome::Failed {
            step: Step::Check,
            reason: "r".into(),
            tail: log.map(|_| "t".into()),
            log: log.map(Into::into),
        };
        let facts = [
            UnitFact::SetAside {
                worktree: None,
                branch: None,
                logs: "/l".into(),
            },
            UnitFact::StepStarted {
                step: Step::Check,
                detail: Some("make test".into()),
            },
            UnitFact::WorktreeReady {
                path: "/w/01-a".into(),
                branch: "batch/r/01-a".into(),
                start: "1".repeat(40),
            },
            UnitFact::Prepared {
                tree: "4".repeat(40),
            },
            UnitFact::AgentUsed {
                usage: Usage {
                    turns: Some(3),
                    input_tokens: Some(1200),
                    cost: Usd::new(0.012).map(|usd| Cost {
                        usd,
                        source: CostSource::Agent,
                    }),
                    ..Usage::default()
                },
                session: Some(SessionId("s".into())),
            },
            UnitFact::AgentFinished {
                took_ms: 1,
                summary: None,
            },
            UnitFact::ScopeProven {
                tree: "2".repeat(40),
                changes: ChangeCount {
                    files: 1,
                    insertions: 2,
                    deletions: 3,
                },
            },
            UnitFact::CheckFinished(CheckResult {
                name: "make test".into(),
                verdict: Verdict::Fail {
                    ending,
                    tests: vec!["a".into()],
                },
                took_ms: 5,
                log: "/l".into(),
                tail: "é".into(),
            }),
            UnitFact::CheckFinished(CheckResult {
                name: "lint".into(),
                verdict: Verdict::OldFailure {
                    ending,
                    tests: Vec::new(),
                },
                took_ms: 5,
                log: "/l".into(),
                tail: String::new(),
            }),
            UnitFact::CheckFinished(CheckResult {
                name: "e2e".into(),
                verdict: Verdict::Flaky {
                    tests: vec!["b".into()],
                },
                took_ms: 5,
                log: "/l".into(),
                tail: String::new(),
            }),
            UnitFact::CandidateEnded(Candidate {
                agent: "a".into(),
                took_ms: 1,
                commit: Some("5".repeat(40)),
                end: CandidateEnd::Good {
                    tree: "6".repeat(40),
                    changes: ChangeCount::default(),
                    checks: Vec::new(),
                    summary: Some("s".into()),
                },
            }),
            UnitFact::CandidateEnded(Candidate {
                agent: "a".into(),
                took_ms: 1,
                commit: None,
                end: CandidateEnd::NoChange { summary: None },
            }),
            UnitFact::CandidateEnded(Candidate {
                agent: "a".into(),
                took_ms: 1,
                commit: None,
                end: CandidateEnd::Failed {
                    step: Step::Check,
                    reason: "r".into(),
                },
            }),
            UnitFact::CandidateChosen { number: 1 },
            UnitFact::StopAsked { by: "ada".into() },
            UnitFact::Interrupted {
                pressure: crate::agent::Interruption::Overload,
                said: "s".into(),
                wait_ms: 1,
            },
            UnitFact::SentBack {
                attempt: 1,
                step: Step::Scope,
                reason: "r".into(),
                text: "t".into(),
            },
            UnitFact::Committed {
                commit: "3".repeat(40),
            },
            UnitFact::Pushed {
                remote: "origin".into(),
            },
            UnitFact::PullRequestOpened(PullRequestLink {
                number: 7,
                url: "https://example.org/7".into(),
                existed: true,
                notes: vec!["labels are missing: n".into()],
            }),
            UnitFact::Transplanted {
                commit: "5".repeat(40),
                start: "6".repeat(40),
            },
            UnitFact::RevertCommitted(RevertCommit {
                undoes: 7,
                commit: "7".repeat(40),
                start: "8".repeat(40),
                branch: "batch/r/01-a-revert".into(),
                remote: Some("origin".into()),
            }),
            UnitFact::RevertOpened(PullRequestLink {
                number: 8,
                url: "/p".into(),
                existed: false,
                notes: Vec::new(),
            }),
        ];
        let outcomes = [
            Outcome::Published,
            Outcome::Committed,
            Outcome::NoChange { reason: "n".into() },
            failed(None),
            failed(Some("/l")),
            Outcome::Blocked { by: unit.clone() },
            Outcome::Stopped,
            Outcome::Withheld,
            Outcome::LeftOut {
                why: StopReason::Tokens { of: 1, used: 2 },
            },
            Outcome::LeftOut {
                why: StopReason::Deadline {
                    of: Limit(std::time::Duration::from_secs(90)),
                },
            },
            Outcome::Skipped { by: "ada".into() },
        ];
        let ended = outcomes.map(|outcome| UnitFact::Ended { outcome });
        let mut all = vec![Event::Run(RunFact::Started(Box::new(header)))];
        all.extend(
            facts
                .into_iter()
                .chain(ended)
                .map(|fact| Event::Unit(unit.clone(), fact)),
        );
        all.push(Event::Run(RunFact::StopAsked { how: Stop::Now }));
        all.push(Event::Run(RunFact::DiskSpaceShort { free: 1, each: 2 }));
        all.push(Event::Run(RunFact::FollowUpsStarted {
            pid: 8,
            version: "0.2.0".into(),
            units: vec![FollowUp {
                unit: unit.clone(),
                pull_request: 7,
                head: "7".repeat(40),
                ground: "8".repeat(40),
                reason: "r".into(),
                text: "t".into(),
                reviews: vec![1],
            }],
        }));
        all.push(Event::Run(RunFact::DiskSpaceEnough));
        all.push(Event::Run(RunFact::Resumed {
            pid: 8,
            version: "0.2.0".into(),
        }));
        all.push(Event::Run(RunFact::CanaryAccepted {
            pid: 8,
            version: "0.2.0".into(),
        }));
        all.push(Event::Run(RunFact::Counted(OldUses { before: 9, left: 1 })));
        for why in [
            ThrottleReason::Quiet,
            ThrottleReason::Eased,
            ThrottleReason::Busy { load: 412 },
            ThrottleReason::LittleMemory { free: 1 },
            ThrottleReason::Closed {
                pressure: crate::agent::Interruption::RateLimit,
                until: 9,
            },
            ThrottleReason::Interrupted {
                pressure: crate::agent::Interruption::Connection,
            },
            ThrottleReason::Interrupted {
                pressure: crate::agent::Interruption::Killed,
            },
        ] {
            for agent in [None, Some("codex".to_owned())] {
                all.push(Event::Run(RunFact::ConcurrencyChanged {
                    at_once: 1,
                    why,
                    agent,
                }));
            }
        }
        for why in [
            StopReason::Canary,
            StopReason::Refused { said: "s".into() },
            StopReason::SameFailure { said: "s".into() },
        ] {
            all.push(Event::Run(RunFact::StartsStopped { why, agent: None }));
        }
        all.push(Event::Run(RunFact::StartsStopped {
            why: StopReason::Budget {
                of: crate::agent::Usd::default(),
                spent: crate::agent::Usd::default(),
            },
            agent: Some("codex".into()),
        }));
        all.push(Event::Run(RunFact::BaseChecked(BaseCheck {
            name: "make test".into(),
            dir: String::new(),
            ending,
            tests: vec!["a".into()],
            took_ms: 5,
            log: "/l".into(),
        })));
        all.push(Event::Run(RunFact::Retried(Box::new(Retry {
            pid: 9,
            version: "0.2.0".into(),
            units: vec![unit.clone()],
            amendment: Amendment {
                instruction: Some("w".into()),
                agent: Some(AgentOptions {
                    command: Some("a".into()),
                    ..AgentOptions::default()
                }),
                dir: Some("/d".into()),
                idle_timeout: Some(Limit(std::time::Duration::from_mins(1))),
                attempts: std::num::NonZeroU32::new(2),
                caps: crate::config::AgentCaps {
                    turns: Some(3),
                    ..crate::config::AgentCaps::default()
                },
                agent_timeout: Some(Limit(std::time::Duration::from_secs(90))),
            },
        }))));
        all.push(Event::Run(RunFact::Retried(Box::new(Retry {
            pid: 9,
            version: "0.2.0".into(),
            units: Vec::new(),
            amendment: Amendment::default(),
        }))));
        all.push(Event::Run(RunFact::Republished {
            pid: 9,
            version: "0.2.0".into(),
            forge: "github.com/acme/shop".into(),
            remote: Some("origin".into()),
        }));
        for number in [None, Some(8)] {
            let url = "https://example.org/8".to_owned();
            all.push(Event::Run(RunFact::Tracked(IssueLink { number, url })));
        }
        all.push(Event::Run(RunFact::NotTracked { reason: "r".into() }));
        all.push(Event::Run(RunFact::Ended));
        all
    }

    #[test]
    fn every_fact_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let mut journal = Journal::open(&path).unwrap();
        let run = RunId::from_journal("20261121-abcd");
        let mut written = Vec::new();
        for (at, event) in (1..).zip(every_kind_of_event()) {
            written.push(append(&mut journal, &run, at, event).unwrap());
        }
        let journal = Journal::read(&path).unwrap().unwrap();
        assert_eq!(events(&journal, &run).unwrap(), written);
        assert!(load(&journal, &run).is_ok());
    }

    #[test]
    fn a_run_is_found_by_a_part_of_its_id() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        assert!(matches!(find(&journal, None), Err(RecordError::NoRun)));
        for run in ["20261120-aaaa", "20261121-bbbb", "20261121-cccc"] {
            journal.append(run, None, 1, "{}").unwrap();
        }
        let found = |wanted| find(&journal, wanted).map(|id| id.to_string());
        assert_eq!(found(None).unwrap(), "20261121-cccc");
        assert_eq!(found(Some("bbbb")).unwrap(), "20261121-bbbb");
        assert!(matches!(
            found(Some("20261121")),
            Err(RecordError::SeveralRuns { .. })
        ));
        let said = found(Some("zzzz")).unwrap_err().to_string();
        assert!(
            said.ends_with("the latest are 20261121-cccc, 20261121-bbbb, 20261120-aaaa"),
            "{said}"
        );
    }

    #[test]
    fn a_fact_of_a_newer_version_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        journal
            .append("r", None, 1, r#"{"fact":"teleported"}"#)
            .unwrap();
        let said = events(&journal, &RunId::from_journal("r"))
            .unwrap_err()
            .to_string();
        assert!(
            said.contains("event 1") && said.contains("newer batch"),
            "{said}"
        );
    }
}
