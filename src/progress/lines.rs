//! One plain line for each step, check and end, for logs and machines that build: no colours, nothing that moves.
//!
//! Times are since the run's start, so that two logs of the same run's kind can be compared.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

use super::observer::Progress;
use super::union;
use crate::agent::{AgentId, Interruption};
use crate::check::Verdict;
use crate::run::{
    Acquired, ActiveThrottle, BaseCheck, CandidateEnd, Division, Event, Outcome, Phase, Recorded,
    Regenerated, RunFact, RunState, Sharing, StandsOn, Step, Stop, StopReason, ThrottleReason,
    UnitFact, UnitState, WithheldReason,
};
use crate::words;

/// A check may be a long line of shell, and stands in three lines for each unit.
const COMMAND: usize = 60;

/// A line names at most so many paths or units.
const PATHS_SHOWN: usize = 3;

pub(super) struct Lines<W> {
    out: W,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write + Send> Progress for Lines<W> {
    fn event(&mut self, event: &Recorded, state: &RunState) {
        let since = u64::try_from(event.at.saturating_sub(state.started_at)).unwrap_or(0);
        let since = format!("+{}", words::whole_seconds(since));
        for text in line(event, state).into_iter().chain(shared(event, state)) {
            // A reader that is gone must not end the run.
            let _ = writeln!(self.out, "{since:>7}  {text}");
        }
    }

    fn finish(&mut self) {}
}

/// Says at the moment when it is known that the first units share a file.
pub(super) fn shared(recorded: &Recorded, state: &RunState) -> Option<String> {
    let Event::Unit(_, UnitFact::StandsOn(again)) = &recorded.event else {
        return None;
    };
    let file = state.shared_so_far(again)?;
    let to_come = match file.to_come {
        1 => "1 has still".to_owned(),
        many => format!("{many} have still"),
    };
    Some(format!(
        "{} of {} units so far change {}, and {to_come} to begin: if they change it too, a plan with it as a \
         prerequisite is faster (Ctrl-C stops; see docs/claims.md)",
        file.units,
        file.of,
        words::line(file.path)
    ))
}

/// Returns the line for an event; `None` for an event that people need not see.
fn line(recorded: &Recorded, state: &RunState) -> Option<String> {
    let (id, fact) = match &recorded.event {
        Event::Run(RunFact::Started(header)) => {
            let mut said = format!(
                "run {}: {}, {} at once",
                state.id,
                words::count(header.units.len(), "unit"),
                header.jobs
            );
            if !header.pilots.is_empty() {
                let pilots = words::few(header.pilots.iter().map(ToString::to_string), PATHS_SHOWN);
                let _ = write!(said, "; pilot first: {pilots} (--no-pilot starts all)");
            }
            return Some(said);
        }
        Event::Run(RunFact::StopRequested { how }) => return Some(stopping(*how).to_owned()),
        Event::Run(RunFact::Resumed { .. }) => {
            let left = state.count(|phase| *phase == Phase::Waiting);
            return Some(format!(
                "run {} continues: {} to do, {} at once",
                state.id,
                words::count(left, "unit"),
                state.header.jobs
            ));
        }
        Event::Run(RunFact::Retried(retry)) => {
            return Some(format!(
                "run {} retries {}, {} at once",
                state.id,
                words::count(retry.units.len(), "unit"),
                state.header.jobs
            ));
        }
        Event::Run(RunFact::FollowUpsStarted { units, .. }) => {
            return Some(format!(
                "run {} continues: {} to fix, {} at once",
                state.id,
                words::count(units.len(), "pull request"),
                state.header.jobs
            ));
        }
        Event::Run(RunFact::Republished { forge, .. }) => {
            let due = state.count(|phase| *phase == Phase::Waiting);
            return Some(format!(
                "run {} continues: {} to publish to {}",
                state.id,
                words::count(due, "unit"),
                words::line(forge)
            ));
        }
        // The report says this.
        Event::Run(
            RunFact::Counted(_)
            | RunFact::HelpersCompared { .. }
            | RunFact::UserFilesChanged { .. }
            | RunFact::Ended,
        ) => {
            return None;
        }
        Event::Run(RunFact::SandboxChanged { sandbox }) => {
            return Some(format!(
                "workers run in another sandbox than before: {}",
                sandbox.words()
            ));
        }
        Event::Run(RunFact::GitFolderChanged { changes, .. }) => {
            let mut held = changes.iter().filter(|change| change.holds_publishing);
            let first = held.next()?;
            let more = match held.count() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            return Some(format!(
                "nothing is pushed: {}{more}",
                words::line(&first.what)
            ));
        }
        Event::Run(RunFact::DiskSpaceShort { free, each }) => return Some(no_room(*free, *each)),
        Event::Run(RunFact::BaseChecked(found)) => return Some(on_base(found)),
        Event::Run(RunFact::ConcurrencyChanged {
            at_once,
            why,
            agent,
        }) => {
            let mut said = pace(*at_once, why, recorded.at);
            let is_machines = matches!(
                why,
                ThrottleReason::Busy { .. } | ThrottleReason::LittleMemory { .. }
            );
            if is_machines && state.machine_throttles == 1 {
                let jobs = state.header.jobs;
                let _ = write!(said, "; --no-governor insists on -j {jobs}");
            }
            return Some(of(agent.as_ref().map(AgentId::as_str), said));
        }
        Event::Run(RunFact::CanaryAccepted { .. }) => {
            return Some("the canary is accepted; the run continues".to_owned());
        }
        Event::Run(RunFact::StartsStopped { why, agent }) => {
            return Some(of(agent.as_ref().map(AgentId::as_str), cut_short(why)));
        }
        Event::Run(RunFact::Tracked(issue)) => {
            return Some(format!("tracking issue: {}", words::line(&issue.url)));
        }
        Event::Run(RunFact::NotTracked { reason }) => {
            return Some(format!(
                "the tracking issue is not up to date: {}",
                first_line(reason)
            ));
        }
        Event::Run(RunFact::PublishRequested { by }) => {
            let by = words::line(by);
            return Some(format!(
                "finished work is published from now on (batch publish, {by})"
            ));
        }
        Event::Run(RunFact::PilotChosen(pilot)) => {
            let unit = &pilot.unit;
            return Some(match &pilot.said {
                Some(said) => format!(
                    "the first attempts failed alike ({}): {unit} goes on as pilot, the others wait",
                    words::line(said)
                ),
                None => format!("the next pilot is {unit}; the others wait"),
            });
        }
        Event::Run(RunFact::UnitAdded(added)) => {
            let title = words::line(&added.title);
            return Some(format!("adds unit {}: {title}", added.id));
        }
        Event::Run(RunFact::WorkedOnce(whole)) => {
            let took = words::duration(whole.took_ms);
            return Some(format!("the command worked once for all units, in {took}"));
        }
        Event::Run(RunFact::UnionBegun { members }) => return Some(union::begun(members)),
        Event::Run(RunFact::UnionChecked(check)) => return Some(union::checked(check)),
        Event::Run(RunFact::UnionEnded(end)) => return union::ended(end),
        Event::Run(RunFact::UnitDivided(division)) => return Some(divided(division)),
        Event::Run(RunFact::DiskSpaceEnough) => {
            return Some("there is enough disk space again".to_owned());
        }
        Event::Unit(id, fact) => (id, fact),
    };
    let unit = state.unit(id)?;
    let text = match fact {
        UnitFact::StepStarted { .. } => short(&step(unit)?),
        UnitFact::CheckFinished(result) => {
            let verdict = match result.verdict {
                Verdict::Pass => "passed",
                Verdict::Fail { .. } => "failed",
                Verdict::OldFailure { .. } => "failed, as it does on the base",
                Verdict::VerifiedNothing { .. } => "verified nothing",
                Verdict::Flaky { .. } => "is flaky: it passed when run again",
            };
            let name = short(&words::line(&result.name));
            format!(
                "check {name} {verdict} in {}",
                words::duration(result.took_ms)
            )
        }
        UnitFact::Interrupted {
            interruption: Interruption::NoAnswer,
            ..
        } => "ended without an answer, and is asked to go on".to_owned(),
        UnitFact::Interrupted { said, wait_ms, .. } => format!(
            "interrupted, starts again in {}: {}",
            words::duration(*wait_ms),
            first_line(said)
        ),
        UnitFact::SentBack {
            step,
            reason,
            fresh,
            ..
        } => format!(
            "sent back to the agent at {}{}: {}",
            step.words(),
            if *fresh { ", in a new session" } else { "" },
            first_line(reason)
        ),
        UnitFact::Carried {
            left_to_do: Some(left),
        } => format!(
            "sent back to the agent at {}: {}",
            Step::Scope.words(),
            first_line(&left.reason)
        ),
        UnitFact::ScopeProven {
            acquired,
            regenerated,
            ..
        } => proven(acquired, regenerated)?,
        UnitFact::OldUsesCounted(uses) if uses.left == 0 => return None,
        UnitFact::OldUsesCounted(uses) => {
            format!("{} left", words::count(uses.left, "old use"))
        }
        UnitFact::WorkFound { at } => {
            format!(
                "its work was not in its files, and is taken from {}",
                words::line(at)
            )
        }
        UnitFact::ContentTold { findings } => {
            let all = findings.iter().map(|it| words::line(&it.to_string()));
            format!("content: {}", words::few(all, PATHS_SHOWN))
        }
        UnitFact::StandsOn(other) => starts_again(other),
        UnitFact::RemovalsDeferred(removals) => format!(
            "checks run again without its removals in {}, which a last unit makes",
            words::few(
                removals.paths.iter().map(|path| words::line(path)),
                PATHS_SHOWN
            )
        ),
        UnitFact::CandidateEnded(candidate) => candidate_ended(unit, &candidate.end),
        UnitFact::CandidateChosen { number } => {
            format!("candidate {number} of {} is taken", unit.candidates.len())
        }
        UnitFact::SetAside {
            worktree,
            branch,
            logs,
        } => set_aside(worktree.as_deref(), branch.as_deref(), logs),
        UnitFact::NotPublished { reason } => {
            format!("is published again: {}", words::line(reason))
        }
        UnitFact::StopRequested { by } => {
            format!("stopping on request (batch cancel, {})", words::line(by))
        }
        UnitFact::SkipRequested { by } => {
            format!("stopping on request (batch skip, {})", words::line(by))
        }
        UnitFact::Ended { outcome } => {
            let took = unit
                .took_ms(recorded.at)
                .map(|ms| format!(" · {}", words::duration(ms)));
            let used = unit.spent().map(|spent| format!(" · {spent}"));
            format!(
                "{}{}{}",
                ended(unit, outcome),
                took.unwrap_or_default(),
                used.unwrap_or_default()
            )
        }
        UnitFact::CheckoutReady { .. }
        | UnitFact::Prepared { .. }
        | UnitFact::AgentUsed { .. }
        | UnitFact::Doubted { .. }
        | UnitFact::AgentFinished { .. }
        | UnitFact::RegenerationBegun { .. }
        | UnitFact::Tidied(_)
        | UnitFact::ChecksBegun { .. }
        | UnitFact::Carried { left_to_do: None }
        | UnitFact::FormsRestored { .. }
        | UnitFact::NamesIntroduced { .. }
        | UnitFact::Committed { .. }
        | UnitFact::Pushed { .. }
        | UnitFact::Rebased { .. }
        | UnitFact::RevertCommitted(_)
        | UnitFact::RevertOpened(_) => return None,
        UnitFact::PullRequestOpened(link) if link.notes.is_empty() => return None,
        UnitFact::PullRequestOpened(link) => format!(
            "PR #{} is open, but {}",
            link.number,
            words::line(&link.notes.join("; "))
        ),
    };
    let ids = state.units.iter().map(|unit| unit.header.id.as_str().len());
    let width = ids.max().unwrap_or(0);
    Some(format!("{id:width$}  {text}"))
}

/// What the work changes beyond the claim, where it does.
fn proven(acquired: &Acquired, regenerated: &[Regenerated]) -> Option<String> {
    let owned = (!acquired.is_empty()).then(|| format!("owns now: {}", acquired_paths(acquired)));
    let made: Vec<String> = Regenerated::files_of(regenerated)
        .map(words::line)
        .collect();
    let made =
        (!made.is_empty()).then(|| format!("made again: {}", words::few(made.iter(), PATHS_SHOWN)));
    let said: Vec<String> = owned.into_iter().chain(made).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// Says what becomes of a unit that was too much for its agent.
fn divided(division: &Division) -> String {
    let parts: Vec<String> = division
        .parts
        .iter()
        .map(|part| {
            let files = words::count(part.claims.len(), "file");
            format!("{} ({files})", part.header.id)
        })
        .collect();
    format!(
        "{} is divided and keeps {}; the rest goes to {}: {}",
        division.unit,
        words::count(division.keeps.len(), "file"),
        parts.join(" and "),
        first_line(&division.reason)
    )
}

/// The paths beyond the claim that became the unit's own.
fn acquired_paths(acquired: &Acquired) -> String {
    words::few(acquired.paths().into_iter().map(words::line), PATHS_SHOWN)
}

/// Why a unit starts again, and on top of what.
fn starts_again(other: &StandsOn) -> String {
    let units = words::few(other.units.iter().map(ToString::to_string), PATHS_SHOWN);
    let paths = words::few(
        other.paths.iter().map(|path| words::line(path)),
        PATHS_SHOWN,
    );
    let why = match other.why {
        Sharing::SamePath => "changed by both",
        Sharing::SameNumber => "a number that both took",
    };
    format!("starts again on top of {units}: {paths} ({why})")
}

/// The step that a unit is at, in words: `agent`, `check npm test`.
pub(super) fn step(unit: &UnitState) -> Option<String> {
    let Phase::Running { step, detail } = &unit.phase else {
        return None;
    };
    let detail = detail
        .as_deref()
        .map(words::line)
        .filter(|detail| !detail.is_empty());
    Some(match detail {
        Some(detail) => format!("{} {detail}", step.words()),
        None => step.words().to_owned(),
    })
}

fn short(text: &str) -> String {
    console::truncate_str(text, COMMAND, "…").into_owned()
}

/// Returns how a unit ended, with the most important fact about it.
pub(super) fn ended(unit: &UnitState, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Published => match &unit.publication.pull_request {
            Some(link) => format!("published  PR #{}", link.number),
            None => "published".to_owned(),
        },
        Outcome::Committed | Outcome::Stopped => outcome.words().to_owned(),
        Outcome::NoChange { reason } => format!("no change: {}", first_line(reason)),
        Outcome::Failed { step, reason, .. } => {
            format!("failed at {}: {}", step.words(), first_line(reason))
        }
        Outcome::Withheld { why } => match why {
            WithheldReason::TooFew => "withheld".to_owned(),
            WithheldReason::Unverified => "withheld: a check verified nothing".to_owned(),
            WithheldReason::BreaksUnion => "withheld: it breaks what passes without it".to_owned(),
            WithheldReason::UnionUnclear => "withheld: all together did not pass".to_owned(),
            WithheldReason::GitFolderChanged => "withheld: settings or hooks changed".to_owned(),
        },
        Outcome::Blocked { by } => format!("blocked: it needs {by}"),
        Outcome::LeftOut { why } => format!("skipped: {}", words::line(&why.to_string())),
        Outcome::Skipped { by } => format!("skipped on request (batch skip, {})", words::line(by)),
    }
}

/// Returns how a candidate ended.
fn candidate_ended(unit: &UnitState, end: &CandidateEnd) -> String {
    let number = unit.candidates.len();
    match end {
        CandidateEnd::Good { changes, .. } => {
            let lines = words::count(changes.lines(), "changed line");
            format!("candidate {number} is good: {lines}")
        }
        CandidateEnd::NoChange { .. } => format!("candidate {number} changes nothing"),
        CandidateEnd::Failed { step, reason } => {
            format!(
                "candidate {number} failed at {}: {}",
                step.words(),
                first_line(reason)
            )
        }
    }
}

/// Returns where the remains of an earlier attempt are.
pub(super) fn set_aside(worktree: Option<&Path>, branch: Option<&str>, logs: &Path) -> String {
    let mut text = "the earlier attempt is kept:".to_owned();
    if let Some(worktree) = worktree {
        let _ = write!(text, " its worktree in {},", worktree.display());
    }
    if let Some(branch) = branch {
        let _ = write!(text, " its commit at {branch},");
    }
    let _ = write!(text, " its logs in {}", logs.display());
    text
}

/// Returns what a request to stop does, and what the user can still do.
pub(super) fn stopping(how: Stop) -> &'static str {
    match how {
        Stop::Drain => "no further unit is started; Ctrl-C again stops the running units",
        Stop::Now => "stopping the running units",
    }
}

/// Returns how many agents may work at once from `at` on, and why.
fn pace(at_once: usize, why: &ThrottleReason, at: i64) -> String {
    match why {
        ThrottleReason::Closed { until, .. } => {
            let until = words::clock_after(at, *until);
            format!("no agent is started before {until}: {why}")
        }
        _ => format!("{at_once} at once from now on: {why}"),
    }
}

/// Puts the agent's name before a sentence about it.
pub(super) fn of(agent: Option<&str>, said: String) -> String {
    match agent {
        Some(agent) => format!("{}: {said}", words::line(agent)),
        None => said,
    }
}

/// Returns the same as [`pace`] for a line that stays: `3 at once since 10:42: the model's provider is overloaded`.
pub(super) fn pace_now(pace: &ActiveThrottle) -> String {
    let said = match pace.why {
        ThrottleReason::Closed { until, .. } => {
            let until = words::clock_after(pace.since, until);
            format!("no agent is started before {until}: {}", pace.why)
        }
        why => format!(
            "{} at once since {}: {why}",
            pace.at_once,
            words::clock(pace.since)
        ),
    };
    of(pace.agent.as_ref().map(AgentId::as_str), said)
}

/// Returns why no further unit is started, although nobody stopped the run.
pub(super) fn cut_short(why: &StopReason) -> String {
    format!(
        "no further unit is started: {}",
        words::line(&why.to_string())
    )
}

/// Returns why units wait although agents are free.
pub(super) fn no_room(free: u64, each: u64) -> String {
    format!(
        "units wait for disk space: a worktree takes {}, {} is free",
        words::bytes(each),
        words::bytes(free)
    )
}

/// Returns the result of a check on the base.
pub(super) fn on_base(found: &BaseCheck) -> String {
    let name = short(&words::line(&found.name));
    let took = words::duration(found.took_ms);
    match (found.ending.is_success(), found.tests.len()) {
        (true, _) => format!("on the base, check {name} passes in {took}"),
        (false, 0) => format!("on the base, check {name} fails as well, in {took}"),
        (false, tests) => format!(
            "on the base, check {name} fails as well, in {took}: {}",
            words::count(tests, "test")
        ),
    }
}

fn first_line(text: &str) -> String {
    words::block(text)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::report::sample::{self, SampleRun};

    /// Shows a whole run, each event after the state has taken it in.
    pub(in crate::progress) fn shown(progress: &mut impl Progress, sample: SampleRun) {
        let events = sample.events();
        for until in 1..=events.len() {
            let state = RunState::fold(&sample::run_id(), &events[..until]).unwrap();
            progress.event(&events[until - 1], &state);
        }
        progress.finish();
    }

    fn text(sample: SampleRun) -> String {
        let mut out = Vec::new();
        shown(&mut Lines::new(&mut out), sample);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_run_reads_as_a_log() {
        let check = UnitFact::StepStarted {
            step: Step::Check,
            detail: Some("npm test".to_owned()),
        };
        let sample = SampleRun::of(["01-api", "02-cart", "03-db"])
            .published("01-api", 40, 12_345)
            .step("02-cart", 12_400)
            .fact("02-cart", 12_900, check)
            .failed("02-cart", 13_000, 75_000)
            .outcome(
                "03-db",
                75_000,
                Outcome::Blocked {
                    by: sample::id("02-cart"),
                },
            )
            .run(75_100, RunFact::StopRequested { how: Stop::Drain })
            .run(75_200, RunFact::Ended);
        insta::assert_snapshot!(text(sample), @r"
           +0s  run 20261121-k3f9: 3 units, 4 at once
           +0s  01-api   agent
          +12s  01-api   check npm test passed in 1.4s
          +12s  01-api   published  PR #1 · 12s
          +12s  02-cart  agent
          +12s  02-cart  check npm test
          +13s  02-cart  agent
        +1m15s  02-cart  check npm test failed in 1.4s
        +1m15s  02-cart  failed at check: `npm test` ended with exit code 1 · 1m02s
        +1m15s  03-db    blocked: it needs 02-cart
        +1m15s  no further unit is started; Ctrl-C again stops the running units
        ");
    }

    #[test]
    fn text_from_outside_stays_on_its_line() {
        let sample =
            SampleRun::of(["a"]).failed_with("a", 0, 10, "bad\u{1b}[2J\r\nsecond line", "");
        let text = text(sample);
        assert!(text.ends_with("a  failed at check: bad · 10ms\n"), "{text}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
    }

    #[test]
    fn a_closed_pipe_disturbs_nothing() {
        let mut full = [0_u8; 3];
        shown(
            &mut Lines::new(&mut full[..]),
            SampleRun::of(["a"]).published("a", 0, 10),
        );
    }
}
