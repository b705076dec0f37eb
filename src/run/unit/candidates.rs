//! Several works at one unit that compete: each begins from nothing, and the best one becomes the unit's.
//!
//! They come one after another in the unit's own worktree, so that a run takes no more room than with one. What each has
//! left is kept as a commit under a ref of its own before the next begins, whatever came of it.

use std::cmp::Reverse;
use std::time::Duration;

use crate::check::Verdict;
use crate::process::{self, Command, Ending};
use crate::run::log::event::{Candidate, CandidateEnd, CheckResult, Step, UnitFact};
use crate::run::log::state::UnitState;
use crate::run::unit::context::{
    AttemptResult, Checkout, Failure, Halt, Pipeline, ProvenChange, failure,
};
use crate::run::workspace::places::{rival_ref, worktree_name};
use crate::words;

/// For how long the judge may think about one unit.
const PATIENCE: Duration = Duration::from_mins(10);

impl Pipeline {
    /// Lets the agent work as often as is wanted, each time from nothing, and takes the best.
    pub(crate) async fn compete(&self) -> Result<(Checkout, UnitState, AttemptResult), Halt> {
        let mut known = self.known.clone();
        while known.chosen.is_none() && known.rivals.len() < self.job.rivals() {
            let (ground, now) = self.ground(&known).await?;
            known = now;
            let worked = self.attempts(&ground, &mut known).await;
            let rival = self.rival(&ground, &known, worked).await?;
            let fact = UnitFact::CandidateEnded(rival);
            self.say(fact.clone()).await?;
            known.apply(&fact, 0);
            if known.rivals.len() < self.job.rivals() {
                if self.clearance.borrow().begins_no_more {
                    if known.rivals.iter().any(is_good) {
                        break;
                    }
                    // Whoever resumes the run goes on with the next.
                    return Err(Halt::Stopped);
                }
                self.make_way(&ground).await?;
            }
        }
        if known.chosen.is_none() {
            let number = self.choose(&known).await?;
            let fact = UnitFact::CandidateChosen { number };
            self.say(fact.clone()).await?;
            known.apply(&fact, 0);
        }
        let ground = self.shown(&known).await?;
        // What stands in the worktree where nothing was taken is that of another.
        let change = match &known.proven {
            Some(_) => self.scope(&ground, &known).await?,
            None => None,
        };
        let change = change.map(|proven| (proven, known.checks.clone()));
        let summary = known.summary.clone();
        Ok((ground, known, AttemptResult { summary, change }))
    }

    /// What came of one of them, with all that it left kept.
    async fn rival(
        &self,
        ground: &Checkout,
        known: &UnitState,
        worked: Result<AttemptResult, Halt>,
    ) -> Result<Candidate, Halt> {
        let end = match worked {
            Ok(AttemptResult {
                summary,
                change: Some((ProvenChange { tree, changes }, checks)),
            }) => CandidateEnd::Good {
                tree,
                changes: (&changes).into(),
                checks,
                summary,
            },
            Ok(AttemptResult { summary, .. }) => CandidateEnd::NoChange { summary },
            Err(Halt::Failed(Failure { step, reason, .. })) => {
                CandidateEnd::Failed { step, reason }
            }
            Err(halt) => return Err(halt),
        };
        let commit = match self.snapshot(Step::Agent, ground).await {
            Ok(after) if after != ground.prepared => Some(self.keep(ground, known, after).await?),
            // Without a worktree there is nothing to keep.
            Ok(_) | Err(Halt::Failed(_)) => None,
            Err(halt) => return Err(halt),
        };
        Ok(Candidate {
            agent: self.assignment(known).agent.describe(),
            took_ms: known.agent_took_ms.unwrap_or_default(),
            commit,
            end,
        })
    }

    /// Takes the worktree away, whose work is kept, for the next.
    async fn make_way(&self, ground: &Checkout) -> Result<(), Halt> {
        let path = ground.path.clone();
        let unit = self.unit().id.clone();
        let alone = self.registration.lock().await;
        self.git(Step::Worktree, move |job| {
            // At once, and not after the run: the next needs its room.
            let name = worktree_name(&job.id, &unit);
            job.repo.remove_worktree(&name, &path)
        })
        .await?;
        drop(alone);
        Ok(())
    }

    async fn keep(
        &self,
        ground: &Checkout,
        known: &UnitState,
        tree: String,
    ) -> Result<String, Halt> {
        let unit = self.unit().id.clone();
        let number = known.rivals.len() + 1;
        let start = ground.start.clone();
        self.git(Step::Agent, move |job| {
            let name = rival_ref(&job.id, &unit, number);
            let message = format!("Work {number} at unit {unit}");
            job.repo.keep(&name, &start, &tree, &message)
        })
        .await
    }

    /// The number of the one to take, from 1.
    async fn choose(&self, known: &UnitState) -> Result<usize, Halt> {
        let best = best(&known.rivals);
        match (&best[..], &self.job.settings.run.judge) {
            ([], _) => Err(lost(&known.rivals)),
            ([one], _) | ([one, ..], None) => Ok(*one),
            (several, Some(judge)) => {
                let vote = self.vote(judge, known, several).await?;
                Ok(vote.unwrap_or(several[0]))
            }
        }
    }

    /// The one of `several` that the judge names, if it names one.
    async fn vote(
        &self,
        judge: &str,
        known: &UnitState,
        several: &[usize],
    ) -> Result<Option<usize>, Halt> {
        let step = Step::Agent;
        self.begin(step, Some("judge".into())).await?;
        let ground = ground_of(known)?;
        let mut env = self.environment();
        let choice: Vec<String> = several.iter().map(ToString::to_string).collect();
        env.set("BATCH_RIVALS", choice.join(" "));
        for number in several {
            let rival = &known.rivals[number - 1];
            env.set(
                format!("BATCH_RIVAL_{number}"),
                rival.commit.as_deref().unwrap_or(&ground.start),
            );
        }
        env.set("BATCH_START", &ground.start);
        let command = Command {
            program: "sh".into(),
            args: vec!["-c".into(), judge.into()],
            dir: ground.path,
            env,
            input: None,
            limit: Some(PATIENCE),
            idle: None,
            log: self.folder().join("judge.log"),
        };
        let finished = process::run(&command, &self.cancel)
            .await
            .map_err(|error| failure(step, words::chain(&error)))?;
        if finished.ending == Ending::Cancelled {
            return Err(Halt::Stopped);
        }
        let last = finished.tail.lines().rfind(|line| !line.trim().is_empty());
        let named = last.and_then(|line| line.trim().parse().ok());
        Ok(named.filter(|number| finished.ending.is_success() && several.contains(number)))
    }

    /// The worktree with the work that was taken, for people who look into it.
    async fn shown(&self, known: &UnitState) -> Result<Checkout, Halt> {
        let ground = ground_of(known)?;
        if known.commit.is_none()
            && known.chosen != Some(known.rivals.len())
            && let Some(tree) = known.proven.clone()
        {
            let path = ground.path.clone();
            let unit = self.unit().id.clone();
            self.git(Step::Scope, move |job| {
                let index = job.places.index(&job.id, &unit);
                job.repo.show(&path, &index, &tree)
            })
            .await?;
        }
        Ok(ground)
    }
}

fn ground_of(known: &UnitState) -> Result<Checkout, Halt> {
    let ground = || {
        Some(Checkout {
            path: known.worktree.clone()?,
            branch: known.branch.clone()?,
            start: known.start.clone()?,
            prepared: known.prepared.clone()?,
        })
    };
    ground().ok_or_else(|| failure(Step::Worktree, "it never had a worktree".into()))
}

/// The numbers of those that are best and alike, the first one first: most checks passed, then the smallest change. Where
/// none has a change to publish, those that found nothing to do.
fn best(rivals: &[Candidate]) -> Vec<usize> {
    let rank = |rival: &Candidate| match &rival.end {
        CandidateEnd::Good {
            changes, checks, ..
        } => Some((passed(checks), Reverse(changes.lines()))),
        _ => None,
    };
    let numbered = || (1..).zip(rivals);
    match rivals.iter().filter_map(rank).max() {
        Some(most) => numbered()
            .filter(|(_, rival)| rank(rival) == Some(most))
            .map(|(number, _)| number)
            .collect(),
        None => numbered()
            .filter(|(_, rival)| matches!(rival.end, CandidateEnd::NoChange { .. }))
            .map(|(number, _)| number)
            .take(1)
            .collect(),
    }
}

fn is_good(rival: &Candidate) -> bool {
    matches!(rival.end, CandidateEnd::Good { .. })
}

fn passed(checks: &[CheckResult]) -> usize {
    let checks = checks.iter();
    checks
        .filter(|check| check.verdict == Verdict::Pass)
        .count()
}

/// All have failed: the first that came furthest says why.
fn lost(rivals: &[Candidate]) -> Halt {
    let mut furthest: Option<(Step, &str)> = None;
    for rival in rivals {
        if let CandidateEnd::Failed { step, reason } = &rival.end
            && furthest.is_none_or(|(before, _)| *step > before)
        {
            furthest = Some((*step, reason));
        }
    }
    let (step, reason) = furthest.unwrap_or((Step::Agent, "nothing came of it"));
    let count = words::count(rivals.len(), "work");
    failure(
        step,
        format!("{reason}\nnone of {count} that competed came to a good end"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::ChangeCount;

    fn rival(end: CandidateEnd) -> Candidate {
        Candidate {
            agent: "a".into(),
            took_ms: 1,
            commit: None,
            end,
        }
    }

    fn good(passes: usize, lines: usize) -> Candidate {
        let check = |number: usize| CheckResult {
            name: "c".into(),
            verdict: if number < passes {
                Verdict::Pass
            } else {
                Verdict::Flaky { tests: Vec::new() }
            },
            took_ms: 1,
            log: "l".into(),
            tail: String::new(),
        };
        rival(CandidateEnd::Good {
            tree: "t".into(),
            changes: ChangeCount {
                files: 1,
                insertions: lines,
                deletions: 0,
            },
            checks: (0..2).map(check).collect(),
            summary: None,
        })
    }

    fn failed(step: Step, reason: &str) -> Candidate {
        let reason = reason.to_owned();
        rival(CandidateEnd::Failed { step, reason })
    }

    #[test]
    fn checks_count_before_size_and_what_fails_never_wins() {
        let none = || rival(CandidateEnd::NoChange { summary: None });
        let lost = || failed(Step::Check, "x");
        assert_eq!(best(&[lost(), good(1, 1), good(2, 9), good(2, 5)]), [4]);
        assert_eq!(best(&[good(2, 5), lost(), good(2, 5)]), [1, 3]);
        assert_eq!(best(&[none(), good(0, 50)]), [2]);
        assert_eq!(best(&[lost(), none(), none()]), [2]);
        assert_eq!(best(&[lost()]), [0; 0]);
    }

    #[test]
    fn where_all_fail_the_one_that_came_furthest_says_why() {
        let all = [
            failed(Step::Agent, "no"),
            failed(Step::Check, "tests"),
            failed(Step::Check, "other"),
        ];
        let Halt::Failed(Failure { step, reason, .. }) = lost(&all) else {
            panic!("no failure");
        };
        assert_eq!(step, Step::Check);
        assert_eq!(
            reason,
            "tests\nnone of 3 works that competed came to a good end"
        );
    }
}
