//! Several candidates for one unit: each starts from an unchanged checkout, and the best one becomes the unit's work.
//!
//! The candidates follow each other in the unit's own checkout, so that a run takes no more disk space than with one.
//! The work of each candidate is kept as a commit under a ref of its own before the next one starts.

use std::cmp::Reverse;
use std::time::Duration;

use crate::check::Verdict;
use crate::git::{CommitId, TreeId};
use crate::process::{self, Ending};
use crate::run::log::check_result::CheckResult;
use crate::run::log::outcome::Step;
use crate::run::log::unit_fact::{Candidate, CandidateEnd, UnitFact};
use crate::run::log::unit_state::UnitState;
use crate::run::unit::attempts::{AttemptResult, attempts};
use crate::run::unit::checkout::prepared_checkout;
use crate::run::unit::context::{Failure, Halt, Prepared, ProvenChange, UnitContext, failure};
use crate::run::unit::scope::scope;
use crate::run::workspace::naming::candidate_ref;
use crate::words;

/// How long the judge may think about one unit.
const JUDGE_LIMIT: Duration = Duration::from_mins(10);

/// Lets the agents make as many candidates as the settings ask for, and takes the best one.
pub(crate) async fn best_candidate(unit: &UnitContext) -> Result<(Prepared, AttemptResult), Halt> {
    let wanted = unit.job.candidates();
    while unit.state().chosen.is_none() && unit.state().candidates.len() < wanted {
        let prepared = prepared_checkout(unit).await?;
        let result = attempts(unit, &prepared).await;
        let candidate = candidate(unit, &prepared, result).await?;
        unit.say(UnitFact::CandidateEnded(candidate)).await?;
        let candidates = unit.state().candidates;
        if candidates.len() < wanted {
            if unit.gate.borrow().begins_no_more {
                if candidates.iter().any(is_good) {
                    break;
                }
                // A resumed run continues with the next candidate.
                return Err(Halt::Stopped);
            }
            // At once, and not after the run: the next candidate needs the disk space.
            let (checkout, start) = (unit.checkout.clone(), prepared.start.clone());
            // What could not be read is nowhere else.
            let is_kept = candidates.last().is_none_or(|last| {
                last.commit.is_some() || !matches!(last.end, CandidateEnd::Failed { .. })
            });
            unit.git(Step::Checkout, move |_| {
                if is_kept || checkout.snapshot().is_ok() {
                    return checkout.remove();
                }
                checkout.trash(&start).map(drop)
            })
            .await?;
        }
    }
    if unit.state().chosen.is_none() {
        let number = choose(unit).await?;
        unit.say(UnitFact::CandidateChosen { number }).await?;
    }
    let state = unit.state();
    let prepared = show_chosen(unit, &state).await?;
    // Where no candidate changed anything, the checkout holds the work of another candidate.
    let change = match &state.attempt.proven {
        Some(_) => scope(unit, &prepared).await?,
        None => None,
    };
    let result = AttemptResult {
        change: change.map(|proven| (proven, state.attempt.checks)),
        summary: state.attempt.summary,
    };
    Ok((prepared, result))
}

/// Describes how a candidate ended, and keeps its work.
async fn candidate(
    unit: &UnitContext,
    prepared: &Prepared,
    result: Result<AttemptResult, Halt>,
) -> Result<Candidate, Halt> {
    let attempt = unit.state().attempt;
    let proven = attempt.proven;
    let (acquired, regenerated) = proven
        .map(|proven| (proven.acquired, proven.regenerated))
        .unwrap_or_default();
    let end = match result {
        Ok(AttemptResult {
            summary,
            change: Some((ProvenChange { tree, changes }, checks)),
        }) => CandidateEnd::Good {
            tree,
            changes: (&changes).into(),
            acquired,
            regenerated,
            deferred: attempt.deferred.map(Box::new),
            content: attempt.content,
            checks,
            summary,
        },
        Ok(AttemptResult { summary, .. }) => CandidateEnd::NoChange { summary },
        Err(Halt::Failed(Failure { step, reason, .. })) => CandidateEnd::Failed { step, reason },
        Err(halt) => return Err(halt),
    };
    let commit = match unit.snapshot(Step::Agent).await {
        Ok(after) if after != prepared.tree => Some(keep(unit, prepared, after).await?),
        // Without a checkout there is nothing to keep.
        Ok(_) | Err(Halt::Failed(_)) => None,
        Err(halt) => return Err(halt),
    };
    Ok(Candidate {
        agent: unit.assignment().agent.id().clone(),
        took_ms: unit.state().attempt.agent_took_ms.unwrap_or_default(),
        commit,
        end,
    })
}

async fn keep(unit: &UnitContext, prepared: &Prepared, tree: TreeId) -> Result<CommitId, Halt> {
    let id = unit.unit().id.clone();
    let number = unit.state().candidates.len() + 1;
    let start = prepared.start.clone();
    unit.git(Step::Agent, move |job| {
        let name = candidate_ref(job.id(), &id, number);
        let message = format!("Work {number} at unit {id}");
        let repo = &job.workspace.repo;
        repo.commit_to_ref(&name, &start, &tree, &message)
    })
    .await
}

/// Returns the number of the candidate to take, counted from 1.
async fn choose(unit: &UnitContext) -> Result<usize, Halt> {
    let state = unit.state();
    let best = best(&state.candidates);
    match (&best[..], &unit.job.spec.settings.run.judge) {
        ([], _) => Err(all_failed(&state.candidates)),
        ([one], _) | ([one, ..], None) => Ok(*one),
        (several, Some(judge)) => {
            let vote = vote(unit, judge, &state, several).await?;
            Ok(vote.unwrap_or(several[0]))
        }
    }
}

/// Returns the candidate out of `several` that the judge names, if it names one.
async fn vote(
    unit: &UnitContext,
    judge: &str,
    state: &UnitState,
    several: &[usize],
) -> Result<Option<usize>, Halt> {
    let step = Step::Agent;
    unit.begin(step, Some("judge".into())).await?;
    let prepared = prepared(state)?;
    let mut environment = unit.environment();
    let choice: Vec<String> = several.iter().map(ToString::to_string).collect();
    environment.set("BATCH_RIVALS", choice.join(" "));
    for number in several {
        let commit = &state.candidates[number - 1].commit;
        environment.set(
            format!("BATCH_RIVAL_{number}"),
            commit.as_ref().unwrap_or(&prepared.start).as_str(),
        );
    }
    environment.set("BATCH_START", prepared.start.as_str());
    let log = unit.folder().join("judge.log");
    let command = unit.checkout.shell(judge, environment, JUDGE_LIMIT, log);
    let finished = process::run(&command, &unit.cancel)
        .await
        .map_err(|error| failure(step, words::chain(&error)))?;
    if finished.ending == Ending::Cancelled {
        return Err(Halt::Stopped);
    }
    let last = finished.tail.lines().rfind(|line| !line.trim().is_empty());
    let named = last.and_then(|line| line.trim().parse().ok());
    Ok(named.filter(|number| finished.ending.is_success() && several.contains(number)))
}

/// Puts the chosen work into the checkout, for people who look into it.
async fn show_chosen(unit: &UnitContext, state: &UnitState) -> Result<Prepared, Halt> {
    let prepared = prepared(state)?;
    let is_shown = state.chosen == Some(state.candidates.len());
    if state.attempt.commit.is_none()
        && !is_shown
        && let Some(proven) = &state.attempt.proven
    {
        let (checkout, tree) = (unit.checkout.clone(), proven.tree.clone());
        unit.git(Step::Scope, move |_| checkout.show(&tree)).await?;
    }
    Ok(prepared)
}

fn prepared(state: &UnitState) -> Result<Prepared, Halt> {
    let start = state.attempt.start().cloned();
    let both = start.zip(state.attempt.prepared.clone());
    both.map(|(start, tree)| Prepared { start, tree })
        .ok_or_else(|| failure(Step::Checkout, "the unit never had a checkout".into()))
}

/// Returns the numbers of the best candidates, the first one first: most checks passed, then the smallest change. Where
/// no candidate has a change to publish, the first one that found nothing to change is best.
fn best(candidates: &[Candidate]) -> Vec<usize> {
    let rank = |candidate: &Candidate| match &candidate.end {
        CandidateEnd::Good {
            changes, checks, ..
        } => Some((passed(checks), Reverse(changes.lines()))),
        _ => None,
    };
    let numbered = || (1..).zip(candidates);
    match candidates.iter().filter_map(rank).max() {
        Some(most) => numbered()
            .filter(|(_, candidate)| rank(candidate) == Some(most))
            .map(|(number, _)| number)
            .collect(),
        None => numbered()
            .filter(|(_, candidate)| matches!(candidate.end, CandidateEnd::NoChange { .. }))
            .map(|(number, _)| number)
            .take(1)
            .collect(),
    }
}

fn is_good(candidate: &Candidate) -> bool {
    matches!(candidate.end, CandidateEnd::Good { .. })
}

fn passed(checks: &[CheckResult]) -> usize {
    let checks = checks.iter();
    checks
        .filter(|check| check.verdict == Verdict::Pass)
        .count()
}

/// Returns the failure of the first candidate that came furthest.
fn all_failed(candidates: &[Candidate]) -> Halt {
    let mut furthest: Option<(Step, &str)> = None;
    for candidate in candidates {
        if let CandidateEnd::Failed { step, reason } = &candidate.end
            && furthest.is_none_or(|(before, _)| *step > before)
        {
            furthest = Some((*step, reason));
        }
    }
    let (step, reason) = furthest.unwrap_or((Step::Agent, "nothing came of it"));
    let count = words::count(candidates.len(), "work");
    failure(
        step,
        format!("{reason}\nnone of {count} that competed came to a good end"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::log::content::ContentRecord;
    use crate::run::log::unit_fact::{Acquired, ChangeCount};

    fn candidate(end: CandidateEnd) -> Candidate {
        Candidate {
            agent: "a".into(),
            took_ms: 1,
            commit: None,
            end,
        }
    }

    fn good(passes: usize, lines: usize) -> Candidate {
        let check = |number: usize| CheckResult {
            counts: None,
            changed: Vec::new(),
            name: "c".into(),
            dir: number.to_string(),
            verdict: if number < passes {
                Verdict::Pass
            } else {
                Verdict::Flaky { tests: Vec::new() }
            },
            took_ms: 1,
            log: "l".into(),
            tail: String::new(),
        };
        candidate(CandidateEnd::Good {
            tree: TreeId::new("t"),
            changes: ChangeCount {
                files: 1,
                insertions: lines,
                deletions: 0,
            },
            acquired: Acquired::default(),
            deferred: None,
            regenerated: Vec::new(),
            content: ContentRecord::default(),
            checks: (0..2).map(check).collect(),
            summary: None,
        })
    }

    fn failed(step: Step, reason: &str) -> Candidate {
        let reason = reason.to_owned();
        candidate(CandidateEnd::Failed { step, reason })
    }

    #[test]
    fn more_passed_checks_win_then_the_smaller_change() {
        let none = || candidate(CandidateEnd::NoChange { summary: None });
        let lost = || failed(Step::Check, "x");
        assert_eq!(best(&[lost(), good(1, 1), good(2, 9), good(2, 5)]), [4]);
        assert_eq!(best(&[good(2, 5), lost(), good(2, 5)]), [1, 3]);
        assert_eq!(best(&[none(), good(0, 50)]), [2]);
        assert_eq!(best(&[lost(), none(), none()]), [2]);
        assert_eq!(best(&[lost()]), [0; 0]);
    }

    #[test]
    fn the_failure_of_the_candidate_that_came_furthest_is_reported() {
        let all = [
            failed(Step::Agent, "no"),
            failed(Step::Check, "tests"),
            failed(Step::Check, "other"),
        ];
        let Halt::Failed(Failure { step, reason, .. }) = all_failed(&all) else {
            panic!("no failure");
        };
        assert_eq!(step, Step::Check);
        assert_eq!(
            reason,
            "tests\nnone of 3 works that competed came to a good end"
        );
    }
}
