use super::*;
use crate::agent::{Activity, AgentId, Cost, CostSource, SessionId, Usage, Usd};
use crate::check::{Finding, FormPart, NoProof, RestoredForm, TestCounts, Verdict};
use crate::config::{AgentOptions, FindingKind, Limit};
use crate::git::{BranchName, CommitId, GitFolderChange, TreeId};
use crate::process::Ending;
use crate::process::sandbox::{Gap, SandboxKind, SandboxLevel};
use crate::run::log::content::ContentRecord;
use crate::run::log::helper_doubles::{HelperDouble, HelperPlace};
use crate::run::log::introduced_names::IntroducedNames;
use crate::run::log::run_fact::{Division, Retry, UnitPart, WholeWork};
use crate::run::log::tidied::Tidied;
use crate::run::log::unit_fact::{CarriedWork, DeferredRemovals, LeftToDo, OldUsesLeft};
use crate::run::{
    Acquired, Amendment, BaseCheck, Candidate, CandidateEnd, ChangeCount, CheckResult, Culprit,
    FollowUp, IssueLink, OldUses, Outcome, Pilot, PullRequestLink, Regenerated, RevertCommit,
    RunHeader, Sharing, StandsOn, Step, Stop, StopReason, ThrottleReason, UnionCheck, UnionEnd,
    UnionMember, UnionPart, UnionVerdict, UnitHeader, WithheldReason, sample,
};
use crate::words::Redactor;

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
        UnitFact::CheckoutReady {
            path: "/w/01-a".into(),
            branch: BranchName::new("batch/r/01-a"),
            start: CommitId::new("1".repeat(40)),
            regenerated: Vec::new(),
        },
        UnitFact::Prepared {
            tree: TreeId::new("4".repeat(40)),
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
            ran_tests: None,
        },
        UnitFact::AgentUsed {
            usage: Usage::default(),
            session: None,
            ran_tests: Some(true),
        },
        UnitFact::Doubted {
            doubts: vec!["d".into()],
        },
        UnitFact::AgentFinished {
            took_ms: 1,
            summary: None,
            activity: Activity::default(),
        },
        UnitFact::NamesIntroduced {
            files: vec![IntroducedNames {
                path: "a".into(),
                is_new: true,
                names: vec!["f".into()],
            }],
        },
        UnitFact::OldUsesCounted(OldUsesLeft {
            left: 2,
            files: vec!["a".into()],
        }),
        UnitFact::WorkFound {
            at: "branch b".into(),
        },
        UnitFact::RegenerationBegun {
            tree: TreeId::new("5".repeat(40)),
        },
        UnitFact::ScopeProven {
            tree: TreeId::new("2".repeat(40)),
            changes: ChangeCount {
                files: 1,
                insertions: 2,
                deletions: 3,
            },
            acquired: Acquired::default(),
            claimed_changed: None,
            left_out: Vec::new(),
            left_to_others: 0,
            regenerated: Vec::new(),
        },
        UnitFact::ScopeProven {
            tree: TreeId::new("2".repeat(40)),
            changes: ChangeCount::default(),
            acquired: Acquired {
                created: vec!["b".into()],
                companions: vec!["c".into()],
            },
            claimed_changed: None,
            left_out: Vec::new(),
            left_to_others: 0,
            regenerated: Vec::new(),
        },
        UnitFact::ScopeProven {
            tree: TreeId::new("2".repeat(40)),
            changes: ChangeCount::default(),
            acquired: Acquired::default(),
            claimed_changed: None,
            left_out: Vec::new(),
            left_to_others: 0,
            regenerated: vec![
                Regenerated {
                    run: "make gen".into(),
                    files: vec!["gen/a".into()],
                    failed: None,
                },
                Regenerated {
                    run: "uv lock".into(),
                    files: Vec::new(),
                    failed: Some("'uv' is not on PATH".into()),
                },
            ],
        },
        UnitFact::Tidied(Tidied {
            commands: vec!["cargo fmt".into()],
            files: vec!["a.rs".into()],
            undone: vec!["b.rs".into()],
        }),
        UnitFact::FormsRestored {
            files: vec![RestoredForm {
                path: "a.cs".into(),
                parts: vec![FormPart::LineEnds, FormPart::ExecutableBit],
            }],
        },
        UnitFact::ContentTold {
            findings: vec![Finding {
                kind: FindingKind::Shrunk,
                path: "a.cs".into(),
                line: Some(3),
                said: "s".into(),
            }],
        },
        UnitFact::StandsOn(StandsOn {
            units: vec![UnitId::parse("01-a").unwrap()],
            why: Sharing::SameNumber,
            paths: vec!["0002_b.sql".into()],
            work: vec![CarriedWork {
                before: TreeId::new("7".repeat(40)),
                after: TreeId::new("8".repeat(40)),
                made: Vec::new(),
                took_ms: 1,
                summary: Some("s".into()),
                session: Some(SessionId("t".into())),
            }],
        }),
        UnitFact::Carried { left_to_do: None },
        UnitFact::Carried {
            left_to_do: Some(LeftToDo {
                reason: "r".into(),
                text: "t".into(),
            }),
        },
        UnitFact::RemovalsDeferred(DeferredRemovals {
            tree: TreeId::new("2".repeat(40)),
            changes: ChangeCount::default(),
            acquired: Acquired::default(),
            full: TreeId::new("3".repeat(40)),
            paths: vec!["p.json".into()],
            regenerated: Vec::new(),
            made: Vec::new(),
        }),
        UnitFact::ChecksBegun {
            tree: TreeId::new("5".repeat(40)),
        },
        UnitFact::CheckFinished(CheckResult {
            counts: None,
            changed: Vec::new(),
            name: "make test".into(),
            dir: String::new(),
            verdict: Verdict::Fail {
                ending,
                tests: vec!["a".into()],
                places: Vec::new(),
            },
            took_ms: 5,
            log: "/l".into(),
            tail: "é".into(),
        }),
        UnitFact::CheckFinished(CheckResult {
            counts: None,
            changed: Vec::new(),
            name: "make lint".into(),
            dir: String::new(),
            verdict: Verdict::VerifiedNothing {
                ending,
                why: NoProof::CannotStart { line: "é".into() },
            },
            took_ms: 5,
            log: "/l".into(),
            tail: "é".into(),
        }),
        UnitFact::CheckFinished(CheckResult {
            counts: None,
            changed: Vec::new(),
            name: "lint".into(),
            dir: String::new(),
            verdict: Verdict::OldFailure {
                ending,
                tests: Vec::new(),
            },
            took_ms: 5,
            log: "/l".into(),
            tail: String::new(),
        }),
        UnitFact::CheckFinished(CheckResult {
            counts: None,
            changed: Vec::new(),
            name: "e2e".into(),
            dir: String::new(),
            verdict: Verdict::Flaky {
                tests: vec!["b".into()],
            },
            took_ms: 5,
            log: "/l".into(),
            tail: String::new(),
        }),
        UnitFact::CheckFinished(CheckResult {
            counts: Some(TestCounts { ran: 3, skipped: 1 }),
            changed: Vec::new(),
            name: "e2e".into(),
            dir: "web".into(),
            verdict: Verdict::Pass,
            took_ms: 5,
            log: "/l".into(),
            tail: String::new(),
        }),
        UnitFact::CandidateEnded(Candidate {
            agent: "a".into(),
            took_ms: 1,
            commit: Some(CommitId::new("5".repeat(40))),
            end: CandidateEnd::Good {
                tree: TreeId::new("6".repeat(40)),
                changes: ChangeCount::default(),
                acquired: Acquired::default(),
                deferred: None,
                regenerated: Vec::new(),
                content: ContentRecord::default(),
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
        UnitFact::StopRequested { by: "ada".into() },
        UnitFact::SkipRequested { by: "ada".into() },
        UnitFact::Interrupted {
            interruption: crate::agent::Interruption::Overload,
            said: "s".into(),
            wait_ms: 1,
        },
        UnitFact::SentBack {
            attempt: 1,
            step: Step::Scope,
            reason: "r".into(),
            text: "t".into(),
            tail: None,
            left: None,
            fresh: false,
        },
        UnitFact::SentBack {
            attempt: 2,
            step: Step::Check,
            reason: "r".into(),
            text: "t".into(),
            tail: Some("l".into()),
            left: None,
            fresh: true,
        },
        UnitFact::Committed {
            commit: CommitId::new("3".repeat(40)),
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
        UnitFact::Rebased {
            commit: CommitId::new("5".repeat(40)),
            start: CommitId::new("6".repeat(40)),
        },
        UnitFact::RevertCommitted(RevertCommit {
            undoes: 7,
            commit: CommitId::new("7".repeat(40)),
            start: CommitId::new("8".repeat(40)),
            branch: BranchName::new("batch/r/01-a-revert"),
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
        Outcome::Withheld {
            why: WithheldReason::TooFew,
        },
        Outcome::Withheld {
            why: WithheldReason::GitFolderChanged,
        },
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
    all.push(Event::Run(RunFact::StopRequested { how: Stop::Now }));
    all.push(Event::Run(RunFact::DiskSpaceShort { free: 1, each: 2 }));
    all.push(Event::Run(RunFact::FollowUpsStarted {
        pid: 8,
        version: "0.2.0".into(),
        units: vec![FollowUp {
            unit: unit.clone(),
            pull_request: 7,
            head: CommitId::new("7".repeat(40)),
            merge_base: CommitId::new("8".repeat(40)),
            reason: "r".into(),
            text: "t".into(),
            reviews: vec![1],
        }],
    }));
    all.push(Event::Run(RunFact::DiskSpaceEnough));
    all.push(Event::Run(RunFact::Resumed {
        pid: 8,
        version: "0.2.0".into(),
        allow: Vec::new(),
    }));
    all.push(Event::Run(RunFact::CanaryAccepted {
        pid: 8,
        version: "0.2.0".into(),
    }));
    all.push(Event::Run(RunFact::PublishRequested { by: "ada".into() }));
    all.push(Event::Run(RunFact::PilotChosen(Pilot {
        unit: UnitId::parse("01-a").unwrap(),
        said: Some("s".into()),
    })));
    all.push(Event::Run(RunFact::GitFolderChanged {
        changes: vec![GitFolderChange {
            what: "w".into(),
            undo: Some("u".into()),
            holds_publishing: true,
        }],
        more: 1,
    }));
    all.push(Event::Run(RunFact::SandboxChanged {
        sandbox: SandboxLevel {
            kind: SandboxKind::Landlock,
            nests: false,
            gaps: vec![Gap::Signals, Gap::AbstractSockets, Gap::Outliving],
        },
    }));
    all.push(Event::Run(RunFact::SandboxChanged {
        sandbox: SandboxLevel {
            kind: SandboxKind::Seatbelt,
            nests: false,
            gaps: Vec::new(),
        },
    }));
    all.push(Event::Run(RunFact::Counted(OldUses { before: 9, left: 1 })));
    all.push(Event::Run(RunFact::HelpersCompared {
        doubles: vec![HelperDouble {
            places: vec![HelperPlace {
                unit: UnitId::parse("01-a").unwrap(),
                path: "a".into(),
                name: "f".into(),
            }],
        }],
    }));
    for why in [
        ThrottleReason::Quiet,
        ThrottleReason::Eased,
        ThrottleReason::Busy { load: 412 },
        ThrottleReason::LittleMemory { free: 1 },
        ThrottleReason::Closed {
            interruption: crate::agent::Interruption::RateLimit,
            until: 9,
        },
        ThrottleReason::Interrupted {
            interruption: crate::agent::Interruption::Connection,
        },
        ThrottleReason::Interrupted {
            interruption: crate::agent::Interruption::Killed,
        },
    ] {
        for agent in [None, Some(AgentId::from("codex"))] {
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
    all.push(Event::Run(RunFact::WorkedOnce(WholeWork {
        before: TreeId::new("1".repeat(40)),
        after: TreeId::new("2".repeat(40)),
        took_ms: 1,
        summary: Some("s".into()),
    })));
    for ending in [ending, Ending::OutOfMemory(8_000_000_000)] {
        all.push(Event::Run(RunFact::BaseChecked(BaseCheck {
            counts: Some(TestCounts { ran: 3, skipped: 1 }),
            name: "make test".into(),
            dir: String::new(),
            ending,
            tests: vec!["a".into()],
            places: Vec::new(),
            took_ms: 5,
            log: "/l".into(),
        })));
    }
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
    let added = sample::unit("03-removals");
    all.push(Event::Run(RunFact::UnitAdded(Box::new(added))));
    all.push(Event::Run(RunFact::UnitDivided(Box::new(Division {
        unit: UnitId::parse("01-a").unwrap(),
        reason: "r".into(),
        keeps: vec!["a".into()],
        took_ms: Some(1),
        parts: vec![UnitPart {
            header: sample::unit("01-a-2"),
            claims: vec!["b".into()],
        }],
    }))));
    all.extend(union_facts().into_iter().map(Event::Run));
    all.push(Event::Run(RunFact::Ended));
    all
}

fn union_facts() -> Vec<RunFact> {
    let unit = || UnitId::parse("01-a").unwrap();
    let member = |part| UnionMember {
        unit: unit(),
        commit: CommitId::new("1".repeat(40)),
        part,
    };
    let parts = [
        UnionPart::Candidate,
        UnionPart::Published,
        UnionPart::LeftOut,
    ];
    let check = |verdict, reason: Option<&str>| {
        RunFact::UnionChecked(UnionCheck {
            units: vec![unit()],
            verdict,
            reason: reason.map(Into::into),
            took_ms: 5,
            tail: reason.map(|_| "t".into()),
            log: reason.map(|_| "/l".into()),
        })
    };
    let green = |culprits| {
        RunFact::UnionEnded(UnionEnd::Green {
            units: vec![unit()],
            culprits,
        })
    };
    let reason = || "r".to_owned();
    vec![
        RunFact::UnionBegun {
            members: parts.map(member).to_vec(),
        },
        check(UnionVerdict::Green, None),
        check(UnionVerdict::Red, Some("r")),
        check(UnionVerdict::Flaky, None),
        green(Vec::new()),
        green(vec![Culprit {
            units: vec![unit()],
            reason: reason(),
            tail: Some("t".into()),
            log: Some("/l".into()),
        }]),
        RunFact::UnionEnded(UnionEnd::Unclear),
        RunFact::UnionEnded(UnionEnd::NotChecked { reason: reason() }),
    ]
}

/// The rows that the first version wrote for every kind of event.
const ROWS: &str = include_str!("../../../../tests/journals/facts-version-1.jsonl");

#[test]
fn every_fact_is_stored_as_before() {
    let stored: Vec<String> = every_kind_of_event()
        .iter()
        .map(|event| match event {
            Event::Run(fact) => serde_json::to_string(fact).unwrap(),
            Event::Unit(_, fact) => serde_json::to_string(fact).unwrap(),
        })
        .collect();
    assert_eq!(stored, ROWS.lines().collect::<Vec<_>>());
}

#[test]
fn every_fact_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path).unwrap();
    let run = RunId::from_journal("20261121-abcd");
    let mut written = Vec::new();
    for (at, event) in (1..).zip(every_kind_of_event()) {
        written.push(append(&mut journal, &Redactor::default(), &run, at, event).unwrap());
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
