//! Runs for the tests of reports and progress, made of events.

use std::path::PathBuf;

use crate::agent::Activity;
use crate::check::Verdict;
use crate::git::{BranchName, CommitId, TreeId};
use crate::plan::UnitId;
use crate::process::Ending;
use crate::run::{
    self, Acquired, ChangeCount, CheckResult, Event, HelperDouble, HelperPlace, Outcome,
    PullRequestLink, Recorded, RunFact, RunHeader, RunId, RunState, Step, UnitFact, UnitHeader,
};

const START: i64 = 1_795_262_602_000;

/// Builds the events of a run, in the order of the calls.
pub(crate) struct SampleRun {
    header: RunHeader,
    events: Vec<Recorded>,
}

impl SampleRun {
    /// A run of these units. Moments are milliseconds since its start.
    pub(crate) fn of(units: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let units = units
            .into_iter()
            .map(|unit| UnitHeader {
                title: format!("Change {}", unit.as_ref()),
                files: 4,
                lines: 310,
                ..run::sample::unit(unit.as_ref())
            })
            .collect();
        Self {
            header: RunHeader {
                instruction: "from var to const".to_owned(),
                base: CommitId::new("8c1f0a7d2b3e4f5a6b7c8d9e0f1a2b3c4d5e6f70"),
                base_name: "origin/main".to_owned(),
                agent: "codemod: var $A = $B → const $A = $B".into(),
                forge: "github.com/acme/shop".to_owned(),
                remote: Some("origin".to_owned()),
                jobs: 4,
                version: "0.1.0".to_owned(),
                pid: 4242,
                ..run::sample::header(units)
            },
            events: Vec::new(),
        }
    }

    pub(crate) fn instruction(mut self, text: &str) -> Self {
        text.clone_into(&mut self.header.instruction);
        self
    }

    pub(crate) fn title(mut self, unit: &str, title: &str) -> Self {
        for header in self
            .header
            .units
            .iter_mut()
            .filter(|header| header.id.as_str() == unit)
        {
            title.clone_into(&mut header.title);
        }
        self
    }

    pub(crate) fn fact(mut self, unit: &str, at: i64, fact: UnitFact) -> Self {
        self.push(at, Event::Unit(id(unit), fact));
        self
    }

    pub(crate) fn run(mut self, at: i64, fact: RunFact) -> Self {
        self.push(at, Event::Run(fact));
        self
    }

    pub(crate) fn step(self, unit: &str, at: i64) -> Self {
        self.fact(
            unit,
            at,
            UnitFact::StepStarted {
                step: Step::Agent,
                detail: None,
            },
        )
    }

    pub(crate) fn check(self, unit: &str, at: i64, name: &str, verdict: Verdict) -> Self {
        self.check_in("", unit, at, name, verdict)
    }

    pub(crate) fn check_in(
        self,
        dir: &str,
        unit: &str,
        at: i64,
        name: &str,
        verdict: Verdict,
    ) -> Self {
        let result = CheckResult {
            counts: None,
            changed: Vec::new(),
            name: name.to_owned(),
            dir: dir.to_owned(),
            verdict,
            took_ms: 1_400,
            log: PathBuf::from(format!("/shop/.git/batch/{unit}/check.log")),
            tail: "ok\n".to_owned(),
        };
        self.fact(unit, at, UnitFact::CheckFinished(result))
    }

    pub(crate) fn published(self, unit: &str, from: i64, to: i64) -> Self {
        let number = self.events.len() as u64 + 1;
        self.published_as(
            unit,
            from,
            to,
            number,
            &format!("https://github.com/acme/shop/pull/{number}"),
        )
    }

    pub(crate) fn published_as(
        self,
        unit: &str,
        from: i64,
        to: i64,
        number: u64,
        url: &str,
    ) -> Self {
        self.step(unit, from)
            .fact(
                unit,
                from,
                UnitFact::CheckoutReady {
                    path: PathBuf::from(format!("/shop.batch/{unit}")),
                    branch: BranchName::new(format!("batch/20261121-k3f9/{unit}")),
                    start: CommitId::new("8c1f0a7d"),
                    regenerated: Vec::new(),
                },
            )
            .fact(
                unit,
                to,
                UnitFact::AgentFinished {
                    took_ms: 600,
                    summary: None,
                    activity: Activity::default(),
                },
            )
            .fact(
                unit,
                to,
                UnitFact::ScopeProven {
                    tree: TreeId::new("f00d"),
                    changes: ChangeCount {
                        files: 4,
                        insertions: 12,
                        deletions: 12,
                    },
                    acquired: Acquired::default(),
                    claimed_changed: None,
                    left_out: Vec::new(),
                    left_to_others: 0,
                    regenerated: Vec::new(),
                },
            )
            .check(unit, to, "npm test", Verdict::Pass)
            .fact(
                unit,
                to,
                UnitFact::Committed {
                    commit: CommitId::new("beef"),
                },
            )
            .fact(
                unit,
                to,
                UnitFact::PullRequestOpened(PullRequestLink {
                    number,
                    url: url.to_owned(),
                    existed: false,
                    notes: Vec::new(),
                }),
            )
            .outcome(unit, to, Outcome::Published)
    }

    pub(crate) fn committed(self, unit: &str, from: i64, to: i64) -> Self {
        self.step(unit, from).outcome(unit, to, Outcome::Committed)
    }

    pub(crate) fn failed(self, unit: &str, from: i64, to: i64) -> Self {
        self.failed_with(
            unit,
            from,
            to,
            "`npm test` ended with exit code 1",
            "1 failing\nAssertionError: 2 == 3\n",
        )
    }

    pub(crate) fn failed_with(
        self,
        unit: &str,
        from: i64,
        to: i64,
        reason: &str,
        tail: &str,
    ) -> Self {
        self.step(unit, from)
            .fact(
                unit,
                from,
                UnitFact::CheckoutReady {
                    path: PathBuf::from(format!("/shop.batch/{unit}")),
                    branch: BranchName::new(format!("batch/20261121-k3f9/{unit}")),
                    start: CommitId::new("8c1f0a7d"),
                    regenerated: Vec::new(),
                },
            )
            .check(unit, to, "npm test", failing())
            .outcome(
                unit,
                to,
                Outcome::Failed {
                    step: Step::Check,
                    reason: reason.to_owned(),
                    tail: Some(tail.to_owned()),
                    log: Some(PathBuf::from(format!("/shop/.git/batch/{unit}/check.log"))),
                },
            )
    }

    pub(crate) fn outcome(self, unit: &str, at: i64, outcome: Outcome) -> Self {
        self.fact(unit, at, UnitFact::Ended { outcome })
    }

    /// The state after the run's end at `at`.
    pub(crate) fn ended(self, at: i64) -> RunState {
        self.run(at, RunFact::Ended).state()
    }

    /// The state so far.
    pub(crate) fn state(self) -> RunState {
        RunState::fold(&run_id(), &self.events()).expect("a sample begins with the run's start")
    }

    /// Returns all events, the run's start first.
    pub(crate) fn events(self) -> Vec<Recorded> {
        let start = Recorded {
            seq: 0,
            at: START,
            event: Event::Run(RunFact::Started(Box::new(self.header))),
        };
        std::iter::once(start).chain(self.events).collect()
    }

    fn push(&mut self, at: i64, event: Event) {
        let seq = self.events.len() as u64 + 1;
        self.events.push(Recorded {
            seq,
            at: START + at,
            event,
        });
    }
}

pub(crate) fn run_id() -> RunId {
    RunId::from_journal("20261121-k3f9")
}

pub(crate) fn id(text: &str) -> UnitId {
    UnitId::parse(text).expect("a valid unit id")
}

pub(crate) fn failing() -> Verdict {
    Verdict::Fail {
        ending: Ending::Exit(1),
        tests: Vec::new(),
        places: Vec::new(),
    }
}

/// A run that ended with every outcome but a dry run's.
pub(crate) fn mixed() -> RunState {
    SampleRun::of([
        "01-api",
        "02-cart",
        "03-db",
        "04-db-tests",
        "05-docs",
        "06-web",
    ])
    .published_as(
        "01-api",
        0,
        12_000,
        7,
        "https://github.com/acme/shop/pull/7",
    )
    .published_as(
        "02-cart",
        100,
        9_400,
        8,
        "https://github.com/acme/shop/pull/8",
    )
    .failed("03-db", 200, 14_000)
    .outcome("04-db-tests", 14_000, Outcome::Blocked { by: id("03-db") })
    .step("05-docs", 300)
    .outcome(
        "05-docs",
        1_150,
        Outcome::NoChange {
            reason: "no `var` is left".to_owned(),
        },
    )
    .outcome("06-web", 14_000, Outcome::Stopped)
    .ended(14_100)
}

/// Text as an agent, a check or a forge might write it: anything, and often what has a meaning to terminals or
/// Markdown.
pub(crate) fn outside_text() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;

    let pieces = prop_oneof![
        Just("\u{1b}[31m".to_owned()),
        Just("\u{1b}]0;title\u{7}".to_owned()),
        Just("\u{9b}2J".to_owned()),
        Just("\r\n".to_owned()),
        Just("\\|".to_owned()),
        Just("|".to_owned()),
        Just("`".to_owned()),
        Just("```".to_owned()),
        Just("<b>".to_owned()),
        Just("漢字👩‍👩‍👧".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("x".repeat(300)),
        any::<String>(),
    ];
    proptest::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
}

/// A run in which `text` stands wherever text from outside may stand.
pub(crate) fn telling(text: &str) -> RunState {
    SampleRun::of(["a", "b", "c"])
        .instruction(text)
        .title("a", text)
        .published_as("a", 0, 1_000, 1, text)
        .check("a", 1_000, text, Verdict::Pass)
        .failed_with("b", 0, 1_000, text, text)
        .outcome(
            "c",
            0,
            Outcome::NoChange {
                reason: text.to_owned(),
            },
        )
        .ended(2_000)
}

/// A run in which two units failed for the same cause, and two wrote the same helper.
pub(crate) fn alike() -> SampleRun {
    let missing = "a.ts(1,2): error TS2304: Cannot find name 'Foo'.\n";
    let failed = "`tsc` failed: exit code 2";
    let place = |unit: &str, name: &str| HelperPlace {
        unit: id(unit),
        path: format!("src/{unit}.js"),
        name: name.to_owned(),
    };
    let doubles = vec![HelperDouble {
        places: vec![place("03-c", "format"), place("04-d", "money")],
    }];
    SampleRun::of(["01-a", "02-b", "03-c", "04-d"])
        .failed_with("01-a", 0, 10, failed, missing)
        .failed_with("02-b", 0, 10, failed, missing)
        .published("03-c", 0, 10)
        .published("04-d", 0, 10)
        .run(10, RunFact::HelpersCompared { doubles })
}
