//! Units that create, adopt, rename, delete and share paths, judged in any order: what is published is disjoint between
//! units that stand on no common ground, and nothing is lost. The run is a model, and its deciders are the real ones.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::config::Config;
use crate::git::{CommitId, TreeId};
use crate::plan::claim::fold;
use crate::plan::file::parse;
use crate::plan::{Plan, UnitId};
use crate::run::job::run_spec::RunSpec;
use crate::run::log::event::{Event, Recorded};
use crate::run::log::outcome::{Outcome, Step};
use crate::run::log::run_fact::{Goal, UnitHeader};
use crate::run::log::run_id::RunId;
use crate::run::log::run_state::RunState;
use crate::run::log::sample;
use crate::run::log::unit_fact::{ChangeCount, StandsOn, UnitFact};

const UNITS: usize = 4;

/// The base beyond the files that units claim.
const FREE: [&str; 3] = ["u0", "u1", "d/u2"];

/// New names, of which some exclude each other or have one number. A unit creates one of each group.
const NEW: [&[&str]; 3] = [
    &["n", "N", "n/x"],
    &["m"],
    &["db/0001_a.sql", "db/0001_b.sql"],
];

/// What a unit does.
#[derive(Debug, Clone)]
struct Work {
    /// The file that it claims gets one of the new names, in place of an edit.
    renames: bool,
    /// The free files that it edits or deletes.
    free: BTreeSet<usize>,
    /// The name of each group that it creates.
    new: [Option<usize>; 3],
    /// The unit whose claimed file it edits.
    trespasses_on: Option<usize>,
    /// The unit that the plan has it need, which comes before it.
    needs: Option<usize>,
    /// Its checks fail.
    fails: bool,
}

fn work() -> impl Strategy<Value = Work> {
    let new = |group: usize| proptest::option::of(0..NEW[group].len());
    (
        any::<bool>(),
        proptest::collection::btree_set(0..FREE.len(), 0..3),
        [new(0), new(1), new(2)],
        proptest::option::weighted(0.1, 0..UNITS),
        proptest::option::weighted(0.3, 0..UNITS),
        proptest::bool::weighted(0.2),
    )
        .prop_map(|(renames, free, new, trespasses_on, needs, fails)| Work {
            renames,
            free,
            new,
            trespasses_on,
            needs,
            fails,
        })
}

fn claimed(unit: usize) -> String {
    format!("c{unit}")
}

fn id(unit: usize) -> UnitId {
    UnitId::parse(&format!("unit-{unit}")).unwrap()
}

/// What changes in the checkout of the unit, by path. Files that other units have made before are edited.
fn changes(unit: usize, work: &Work, there: &BTreeSet<String>) -> Vec<(String, ChangeKind)> {
    let mut changes = BTreeMap::new();
    let own = if work.renames {
        ChangeKind::Deleted
    } else {
        ChangeKind::Modified
    };
    changes.insert(claimed(unit), own);
    for free in &work.free {
        let kind = if unit == 0 {
            ChangeKind::Deleted
        } else {
            ChangeKind::Modified
        };
        changes.insert(FREE[*free].to_owned(), kind);
    }
    for (group, chosen) in work.new.iter().enumerate() {
        if let Some(chosen) = chosen {
            let path = NEW[group][*chosen].to_owned();
            let kind = if there.contains(&path) {
                ChangeKind::Modified
            } else {
                ChangeKind::Added
            };
            changes.insert(path, kind);
        }
    }
    if let Some(other) = work.trespasses_on.filter(|other| *other != unit) {
        changes.insert(claimed(other), ChangeKind::Modified);
    }
    changes.into_iter().collect()
}

/// A run whose units do this.
struct Model {
    spec: RunSpec,
    ownership: Ownership,
    state: RunState,
    works: Vec<Work>,
}

impl Model {
    fn new(works: Vec<Work>) -> Self {
        let mut text = format!(
            "version = 1\ninstruction = \"x\"\nbase = \"{}\"\n",
            "a".repeat(40)
        );
        let mut headers = Vec::new();
        for (unit, work) in works.iter().enumerate() {
            let needs: Vec<UnitId> = work
                .needs
                .filter(|need| *need < unit)
                .map(id)
                .into_iter()
                .collect();
            let named: Vec<&str> = needs.iter().map(UnitId::as_str).collect();
            let _ = write!(
                text,
                "[[unit]]\nid = \"{}\"\nneeds = {named:?}\nfiles = [\"{}\"]\n",
                id(unit),
                claimed(unit)
            );
            headers.push(UnitHeader {
                needs: needs.clone(),
                ..sample::unit(id(unit).as_str())
            });
        }
        let plan: Plan = parse(&text).unwrap();
        let claims = (0..works.len()).map(claimed);
        let tracked: Vec<String> = claims.chain(FREE.map(str::to_owned)).collect();
        let tracked = tracked.iter().map(String::as_str);
        Self {
            ownership: Ownership::prove(&plan.units, tracked).unwrap(),
            state: RunState::start(RunId::from_journal("r"), sample::header(headers), 0),
            spec: RunSpec {
                plan,
                late: Vec::new(),
                settings: Config::default(),
                goal: Goal::Commits,
                dir: "/".into(),
            },
            works,
        }
    }

    fn say(&mut self, unit: usize, fact: UnitFact) {
        let event = Event::Unit(id(unit), fact);
        let at = 1;
        self.state.apply(&Recorded { seq: 1, at, event });
    }

    fn end(&mut self, unit: usize, outcome: Outcome) {
        self.say(unit, UnitFact::Ended { outcome });
    }

    /// The units that have not ended and whose needs are published.
    fn ready(&mut self) -> Vec<usize> {
        let mut ready = Vec::new();
        for unit in 0..self.works.len() {
            let state = self.state.unit(&id(unit)).unwrap();
            if state.outcome().is_some() {
                continue;
            }
            let needs = state.header.needs.clone();
            let outcome = |need: &UnitId| self.state.unit(need).unwrap().outcome().cloned();
            if let Some(by) = needs
                .iter()
                .find(|need| outcome(need).is_some_and(|outcome| outcome != Outcome::Published))
            {
                let by = by.clone();
                self.end(unit, Outcome::Blocked { by });
            } else if needs.iter().all(|need| outcome(need).is_some()) {
                ready.push(unit);
            }
        }
        ready
    }

    /// The paths that a unit finds in its checkout beyond the base.
    fn there(&self, unit: usize) -> BTreeSet<String> {
        let below = self.state.stands_on(&id(unit));
        let below = below.iter().filter_map(|id| self.state.unit(id));
        below
            .flat_map(|unit| {
                unit.acquired()
                    .into_iter()
                    .flat_map(|it| it.created.clone())
            })
            .collect()
    }

    fn changes(&self, unit: usize) -> Changes {
        let changes = changes(unit, &self.works[unit], &self.there(unit));
        let list = changes.into_iter().map(|(path, kind)| Change {
            path: path.into_bytes(),
            kind,
            content: match kind {
                ChangeKind::Deleted => Content::Nothing,
                _ => Content::File,
            },
        });
        Changes {
            list: list.collect(),
            insertions: 0,
            deletions: 0,
        }
    }

    /// Lets a unit go one step on: its work is judged, or it ends.
    fn step(&mut self, unit: usize) {
        let is_proven = self.state.unit(&id(unit)).unwrap().attempt.proven.is_some();
        if is_proven && self.works[unit].fails {
            return self.end(unit, failed());
        }
        if is_proven {
            let commit = CommitId::new("c");
            self.say(unit, UnitFact::Committed { commit });
            return self.end(unit, Outcome::Published);
        }
        let holders = PathHolders::of(&self.state, &self.spec);
        let changes = self.changes(unit);
        let rule = self.spec.scope_rule();
        let judgement = judge(
            &self.ownership,
            &holders,
            rule,
            unit,
            &changes,
            &BTreeSet::new(),
        );
        if !judgement.all_faults().is_empty() {
            return self.end(unit, failed());
        }
        if judgement.shared.is_empty() {
            return self.say(
                unit,
                UnitFact::ScopeProven {
                    tree: TreeId::new("t"),
                    changes: ChangeCount::default(),
                    acquired: judgement.acquired,
                    left_out: Vec::new(),
                    left_to_others: 0,
                    claimed_changed: None,
                    regenerated: Vec::new(),
                },
            );
        }
        let with: BTreeSet<usize> = judgement
            .shared
            .iter()
            .flat_map(|it| it.with.iter().copied())
            .collect();
        let again = StandsOn {
            units: with.into_iter().map(id).collect(),
            why: judgement.shared[0].why,
            paths: Vec::new(),
            work: Vec::new(),
        };
        self.say(unit, UnitFact::StandsOn(again));
    }

    fn is_published(&self, unit: usize) -> bool {
        self.state.unit(&id(unit)).unwrap().outcome() == Some(&Outcome::Published)
    }

    fn stands_on(&self, unit: usize, other: usize) -> bool {
        self.state.stands_on(&id(unit)).contains(&id(other))
    }

    fn created(&self, unit: usize) -> Vec<String> {
        let acquired = self.state.unit(&id(unit)).unwrap().acquired();
        acquired
            .into_iter()
            .flat_map(|it| it.created.clone())
            .collect()
    }

    fn paths(&self, unit: usize) -> Vec<String> {
        let changes = changes(unit, &self.works[unit], &BTreeSet::new());
        changes.into_iter().map(|(path, _)| path).collect()
    }
}

fn failed() -> Outcome {
    Outcome::Failed {
        step: Step::Check,
        reason: "r".to_owned(),
        tail: None,
        log: None,
    }
}

/// Checks whether two paths cannot both be new or changed, one beside the other.
fn exclude(one: &str, other: &str) -> bool {
    let (one, other) = (fold(one), fold(other));
    let is_below = |path: &str, folder: &str| {
        path.strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    one == other || is_below(&one, &other) || is_below(&other, &one)
}

proptest! {
    #[test]
    fn what_is_published_is_disjoint_and_nothing_is_lost(
        works in proptest::collection::vec(work(), UNITS),
        turns in proptest::collection::vec(any::<prop::sample::Index>(), 80),
    ) {
        let mut run = Model::new(works);
        for turn in turns {
            let ready = run.ready();
            if ready.is_empty() {
                break;
            }
            let unit = ready[turn.index(ready.len())];
            run.step(unit);
        }
        // No two units wait for each other, and no unit starts again for ever.
        prop_assert!(run.ready().is_empty());
        for unit in 0..UNITS {
            let state = run.state.unit(&id(unit)).unwrap();
            prop_assert!(state.outcome().is_some(), "{unit} waits for ever");
            prop_assert!(!run.stands_on(unit, unit), "{unit} stands on itself");
            if !run.is_published(unit) {
                // Only its own checks, a claim of another unit, or a need keep a unit from being published.
                let work = &run.works[unit];
                let is_blocked = matches!(state.outcome(), Some(Outcome::Blocked { .. }));
                let trespasses = work.trespasses_on.is_some_and(|other| other != unit);
                prop_assert!(work.fails || trespasses || is_blocked, "{unit} is lost");
                continue;
            }
            let mut held: Vec<String> = vec![claimed(unit)];
            held.extend(state.acquired().into_iter().flat_map(|it| {
                it.paths().into_iter().map(str::to_owned).collect::<Vec<_>>()
            }));
            let claims: Vec<String> = (0..UNITS).map(claimed).collect();
            for path in run.paths(unit).iter().filter(|path| !claims.contains(path)) {
                prop_assert!(held.contains(path), "{unit} changes {path} and does not hold it");
            }
            for other in (0..unit).filter(|other| run.is_published(*other)) {
                if run.stands_on(unit, other) || run.stands_on(other, unit) {
                    continue;
                }
                // Who edits a numbered file takes no number.
                let numbered = |unit: usize| run.created(unit).into_iter().any(|it| it.starts_with("db/"));
                prop_assert!(!(numbered(unit) && numbered(other)), "one number of {} and {}", unit, other);
                for path in run.paths(unit) {
                    let clash = run.paths(other).into_iter().find(|it| exclude(it, &path));
                    prop_assert_eq!(clash, None, "{} of {} and {}", path, unit, other);
                }
            }
        }
    }
}
