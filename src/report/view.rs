//! The texts about units that all forms of a report share: the row in the table, and the failure. Text from outside is
//! not cleaned here, because each form cleans in its own way.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::agent::UsageSum;
use crate::check::{FormPart, RestoredForm, Verdict};
use crate::git::GitFolderChange;
use crate::plan::UnitId;
use crate::run::{
    Acquired, Candidate, CandidateEnd, Liveness, Outcome, Phase, RunState, Step, StopReason,
    Tidied, UnitState, WithheldReason,
};
use crate::words;

/// Why a unit's commit is not pushed for now.
pub(super) const SETTINGS_CHANGED: &str = "settings or hooks of your repository changed";
pub(super) const UNVERIFIED: &str = "a check verified nothing";
pub(super) const BREAKS_UNION: &str = "it breaks what passes without it";
pub(super) const UNION_UNCLEAR: &str = "all units together did not pass";

/// At most this many failed tests of a check are named.
const TESTS_SHOWN: usize = 3;

/// At most this many files of one kind are named.
const PATHS_SHOWN: usize = 5;

/// A unit that failed, with all that is known of why.
pub(super) struct Failure<'a> {
    pub unit: &'a UnitState,
    pub step: Step,
    pub reason: &'a str,
    pub tail: Option<&'a str>,
    pub log: Option<&'a Path>,
}

/// The failures, in the plan's order.
pub(super) fn failures(state: &RunState) -> impl Iterator<Item = Failure<'_>> {
    state.units.iter().filter_map(|unit| match unit.outcome()? {
        Outcome::Failed {
            step,
            reason,
            tail,
            log,
        } => Some(Failure {
            unit,
            step: *step,
            reason,
            tail: tail.as_deref(),
            log: log.as_deref(),
        }),
        _ => None,
    })
}

/// The step at which a unit failed, and how often its agent had tried: `check, after 3 attempts`.
pub(super) fn failed_at(failure: &Failure<'_>) -> String {
    match failure.unit.attempt.number() {
        1 => failure.step.words().to_owned(),
        attempts => format!("{}, after {attempts} attempts", failure.step.words()),
    }
}

/// Units that wait for nothing any more because one that they need did not succeed, each with that one.
pub(super) fn blocked(state: &RunState) -> Vec<(&UnitId, &UnitId)> {
    state
        .units
        .iter()
        .filter_map(|unit| match unit.outcome()? {
            Outcome::Blocked { by } => Some((&unit.header.id, by)),
            _ => None,
        })
        .collect()
}

/// Returns the skipped units, each with the person or command that asked for it.
pub(super) fn skipped(state: &RunState) -> Vec<(&UnitId, &str)> {
    state
        .units
        .iter()
        .filter_map(|unit| match unit.outcome()? {
            Outcome::Skipped { by } => Some((&unit.header.id, by.as_str())),
            _ => None,
        })
        .collect()
}

/// Returns why commits are not published for now.
pub(super) fn withheld_words(state: &RunState, why: WithheldReason) -> &'static str {
    match why {
        WithheldReason::TooFew if state.canary().is_some() => {
            "the canary has not been accepted yet"
        }
        WithheldReason::TooFew => "too few units succeeded",
        WithheldReason::GitFolderChanged => SETTINGS_CHANGED,
        WithheldReason::Unverified => UNVERIFIED,
        WithheldReason::BreaksUnion => BREAKS_UNION,
        WithheldReason::UnionUnclear => UNION_UNCLEAR,
    }
}

/// Returns the units whose commits are not published for now, by the reason.
pub(super) fn withheld(state: &RunState) -> Vec<(&'static str, Vec<&str>)> {
    let mut found: Vec<(&'static str, Vec<&str>)> = Vec::new();
    for unit in &state.units {
        let why = match unit.outcome() {
            Some(Outcome::Withheld { why }) => withheld_words(state, *why),
            _ => continue,
        };
        let id = unit.header.id.as_str();
        match found.iter_mut().find(|(known, _)| *known == why) {
            Some((_, units)) => units.push(id),
            None => found.push((why, vec![id])),
        }
    }
    found
}

/// Returns what could not be set on open pull requests, each with their numbers.
pub(super) fn notes(state: &RunState) -> Vec<(&str, String)> {
    let mut notes: Vec<(&str, Vec<String>)> = Vec::new();
    for link in state
        .units
        .iter()
        .filter_map(|unit| unit.publication.pull_request.as_ref())
    {
        for note in &link.notes {
            match notes.iter_mut().find(|(known, _)| known == note) {
                Some((_, numbers)) => numbers.push(format!("#{}", link.number)),
                None => notes.push((note, vec![format!("#{}", link.number)])),
            }
        }
    }
    notes
        .into_iter()
        .map(|(note, numbers)| (note, numbers.join(", ")))
        .collect()
}

/// Says which files changed in the user's own checkout while the run went.
pub(super) fn user_files_changed(state: &RunState) -> Option<String> {
    let (files, more) = state.user_files_changed.as_ref()?;
    let names: Vec<String> = files.iter().map(|file| words::line(file)).collect();
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "while the run went, files changed in your own checkout: {}{more}; if you did not change them, an agent left \
         its worktree",
        names.join(", ")
    ))
}

/// The changes in the user's git folder while the run went.
pub(super) struct GitFolderChanges<'a> {
    pub heading: &'static str,
    pub changes: &'a [GitFolderChange],
    /// The sentences after the changes.
    pub closing: Vec<String>,
}

/// Returns the changes in the user's git folder while the run went, where there are any.
pub(super) fn git_folder_changes(state: &RunState) -> Option<GitFolderChanges<'_>> {
    let (changes, more) = &state.git_folder_changes;
    if changes.is_empty() {
        return None;
    }
    let mut closing = Vec::new();
    if *more > 0 {
        closing.push(format!("And {}.", words::count(*more, "more change")));
    }
    closing.push(
        "batch put nothing back, because you may have changed it yourself; if not, a worker left its own checkout."
            .to_owned(),
    );
    let is_held = |unit: &UnitState| {
        let why = WithheldReason::GitFolderChanged;
        unit.outcome() == Some(&Outcome::Withheld { why })
    };
    if state.units.iter().any(is_held) {
        closing.push(format!(
            "Nothing was pushed after settings or hooks had changed. Undo the changes that you do not want, then run \
             batch resume {}: it goes on with settings and hooks as they are then.",
            state.id
        ));
    }
    Some(GitFolderChanges {
        heading: "while the run went, your git folder changed, and not by batch:",
        changes,
        closing,
    })
}

/// Returns the line about the tracking issue, where the run has one.
pub(super) fn tracking(state: &RunState) -> Option<String> {
    match (&state.tracking_issue, &state.tracking_error) {
        (Some(issue), None) => Some(format!("tracking issue: {}", words::line(&issue.url))),
        (Some(issue), Some(why)) => Some(format!(
            "tracking issue: {}, not up to date: {}",
            words::line(&issue.url),
            words::line(why)
        )),
        (None, Some(why)) => Some(format!("no tracking issue: {}", words::line(why))),
        (None, None) => None,
    }
}

/// Returns the units that were not started because the run reached a limit, by that limit.
pub(super) fn left_out(state: &RunState) -> Vec<(&StopReason, Vec<&str>)> {
    let mut found: Vec<(&StopReason, Vec<&str>)> = Vec::new();
    for unit in &state.units {
        if let Some(Outcome::LeftOut { why }) = unit.outcome() {
            let id = unit.header.id.as_str();
            match found.iter_mut().find(|(known, _)| *known == why) {
                Some((_, units)) => units.push(id),
                None => found.push((why, vec![id])),
            }
        }
    }
    found
}

/// Returns the result of each candidate of a unit, and which one was taken.
pub(super) fn candidates(state: &RunState) -> Vec<(&UnitId, String)> {
    let line = |(number, candidate): (usize, &Candidate)| match &candidate.end {
        CandidateEnd::Good { changes, .. } => {
            let lines = words::count(changes.lines(), "line");
            format!("{number} changes {lines}")
        }
        CandidateEnd::NoChange { .. } => format!("{number} changes nothing"),
        CandidateEnd::Failed { step, .. } => format!("{number} failed at {}", step.words()),
    };
    let competed = state.units.iter().filter_map(|unit| {
        let chosen = unit.chosen?;
        let all: Vec<String> = (1..).zip(&unit.candidates).map(line).collect();
        let said = format!("candidate {chosen} was taken: {}", all.join(", "));
        Some((&unit.header.id, said))
    });
    competed.collect()
}

/// Units that the user stopped.
pub(super) fn stopped(state: &RunState) -> Vec<&UnitId> {
    state
        .units
        .iter()
        .filter(|unit| unit.outcome() == Some(&Outcome::Stopped))
        .map(|unit| &unit.header.id)
        .collect()
}

/// Units in which nothing needed doing, each with the agent's reason.
pub(super) fn unchanged(state: &RunState) -> Vec<(&UnitId, &str)> {
    state
        .units
        .iter()
        .filter_map(|unit| match unit.outcome()? {
            Outcome::NoChange { reason } => Some((&unit.header.id, reason.as_str())),
            _ => None,
        })
        .collect()
}

/// The outcome, or where the unit stands before it has one.
pub(super) fn outcome(unit: &UnitState) -> &'static str {
    match &unit.phase {
        Phase::Waiting => "waiting",
        Phase::Running { step, .. } => step.words(),
        Phase::Ended(outcome) => outcome.words(),
    }
}

/// The outcome for a column: with how many of its files a unit changed, where it did not change all of them.
pub(super) fn outcome_and_files(unit: &UnitState) -> String {
    let outcome = outcome(unit);
    match partly_changed(unit) {
        Some((changed, claimed)) => {
            format!("{outcome}, {changed} of {}", words::count(claimed, "file"))
        }
        None => outcome.to_owned(),
    }
}

/// How many of its claimed files a unit whose work counts has changed, and how many it claims, where these differ.
fn partly_changed(unit: &UnitState) -> Option<(usize, usize)> {
    let outcome = unit.outcome()?;
    let counts = matches!(
        outcome,
        Outcome::Published | Outcome::Committed | Outcome::Withheld { .. }
    );
    let changed = unit.attempt.proven.as_ref()?.claimed_changed?;
    let claimed = unit.header.files;
    (counts && changed < claimed).then_some((changed, claimed))
}

/// What people should know of the work of units: the unit, and a sentence without its subject.
pub(super) fn remarks(state: &RunState) -> Vec<(&UnitId, String)> {
    let mut found = Vec::new();
    for unit in &state.units {
        let attempt = &unit.attempt;
        let uses = attempt.old_uses.as_ref().filter(|uses| uses.left > 0);
        if let Some(uses) = uses {
            let left = words::count(uses.left, "old use");
            let files = words::few(uses.files.iter(), PATHS_SHOWN);
            found.push((&unit.header.id, format!("leaves {left} in {files}")));
        }
        if let Some(divided) = &unit.divided {
            let units = words::few(divided.units.iter(), PATHS_SHOWN);
            let reason = divided.reason.lines().next().unwrap_or_default();
            let said = format!("was divided, and {units} got the rest: {reason}");
            found.push((&unit.header.id, said));
        }
        if let Some(at) = &attempt.found_at {
            let said =
                format!("left its files as they were; its work was taken from {at} of its own git");
            found.push((&unit.header.id, said));
        }
    }
    found
}

/// `2 passed`, `1 of 2 failed`, `1 passed, 1 old failure`, or a dash where no check ran.
pub(super) fn checks(unit: &UnitState) -> String {
    let results = unit.attempt.last_checks();
    let count = |test: fn(&Verdict) -> bool| {
        let fit = results.iter().filter(|result| test(&result.verdict));
        fit.count()
    };
    let failed = count(|verdict| matches!(verdict, Verdict::Fail { .. }));
    let old = count(|verdict| matches!(verdict, Verdict::OldFailure { .. }));
    let flaky = count(|verdict| matches!(verdict, Verdict::Flaky { .. }));
    let nothing = count(|verdict| matches!(verdict, Verdict::VerifiedNothing { .. }));
    match (results.len(), failed) {
        (0, _) => return "–".to_owned(),
        (1, 1) => return "1 failed".to_owned(),
        (all, 1..) => return format!("{failed} of {all} failed"),
        (_, 0) => {}
    }
    let passed = results.len() - old - flaky - nothing;
    let parts = [
        (passed, format!("{passed} passed")),
        (nothing, format!("{nothing} verified nothing")),
        (old, words::count(old, "old failure")),
        (flaky, format!("{flaky} flaky")),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(_, words)| words)
        .collect();
    parts.join(", ")
}

/// The files beyond their claims that units changed: the unit, and a sentence without its subject.
pub(super) fn beyond_claims(state: &RunState) -> Vec<(&UnitId, String)> {
    let beyond = |unit: &UnitState| {
        let Acquired {
            created,
            companions,
        } = &unit.attempt.proven.as_ref()?.acquired;
        let few = |paths: &[String]| words::few(paths.iter(), PATHS_SHOWN);
        match (created.is_empty(), companions.is_empty()) {
            (true, true) => None,
            (false, true) => Some(format!("also creates {}", few(created))),
            (true, false) => Some(format!("also changes {}", few(companions))),
            (false, false) => Some(format!(
                "also creates {}, and changes {}",
                few(created),
                few(companions)
            )),
        }
    };
    let units = state.units.iter();
    units
        .filter_map(|unit| Some((&unit.header.id, beyond(unit)?)))
        .collect()
}

/// What the gate on content let go on and a person should look at: the unit, and the places.
pub(super) fn told_of_content(state: &RunState) -> Vec<(&UnitId, String)> {
    let told = |unit: &UnitState| {
        let findings = unit.attempt.content.findings();
        let all = findings.iter().map(ToString::to_string);
        (!findings.is_empty()).then(|| words::few(all, PATHS_SHOWN))
    };
    let units = state.units.iter();
    units
        .filter_map(|unit| Some((&unit.header.id, told(unit)?)))
        .collect()
}

/// What the commands did that tidy the work of units, as sentences for the run.
pub(super) fn tidied(state: &RunState) -> Vec<String> {
    let units = state.units.iter();
    let all: Vec<&Tidied> = units.filter_map(|it| it.attempt.tidied.as_ref()).collect();
    let commands: BTreeSet<&str> = all
        .iter()
        .flat_map(|it| it.commands.iter().map(String::as_str))
        .collect();
    let commands: Vec<String> = commands.iter().map(|line| format!("`{line}`")).collect();
    let commands = commands.join(" and ");
    let changed = all.iter().filter(|it| !it.files.is_empty());
    let files: usize = changed.clone().map(|it| it.files.len()).sum();
    let mut said = Vec::new();
    if files > 0 {
        let (files, units) = (
            words::count(files, "file"),
            words::count(changed.count(), "unit"),
        );
        said.push(format!("{commands} tidied {files} of {units}"));
    }
    let undone: BTreeSet<&String> = all.iter().flat_map(|it| &it.undone).collect();
    if !undone.is_empty() {
        let files = words::few(undone.into_iter(), PATHS_SHOWN);
        said.push(format!(
            "{commands} also changed files that were not the unit's own, and batch put them back: {files}; {{files}} \
             in the command stands for the changed files of a unit"
        ));
    }
    said
}

/// The files whose form was put back, as one sentence for the run.
pub(super) fn restored_forms(state: &RunState) -> Option<String> {
    let units = state.units.iter();
    let files: Vec<&RestoredForm> = units
        .flat_map(|unit| &unit.attempt.content.restored)
        .collect();
    let parts: BTreeSet<FormPart> = files.iter().flat_map(|it| it.parts.clone()).collect();
    let parts: Vec<String> = parts.iter().map(|part| format!("the {part}")).collect();
    let (last, others) = parts.split_last()?;
    let parts = match others {
        [] => last.clone(),
        others => format!("{} and {last}", others.join(", ")),
    };
    let names = words::few(files.iter().map(|it| &it.path), PATHS_SHOWN);
    Some(format!(
        "agents changed {parts} of {} without being asked to, and batch put them back: {names}",
        words::count(files.len(), "file")
    ))
}

/// What agents say of their work that does not agree with what is known: the unit, and a sentence.
pub(super) fn doubts(state: &RunState) -> Vec<(&UnitId, &str)> {
    let units = state.units.iter();
    units
        .flat_map(|unit| {
            let doubts = unit.attempt.doubts.iter();
            doubts.map(|doubt| (&unit.header.id, doubt.as_str()))
        })
        .collect()
}

/// What tools left behind in checkouts and no unit holds, as one sentence for the run.
pub(super) fn leftovers(state: &RunState) -> Option<String> {
    let proven = state
        .units
        .iter()
        .filter_map(|unit| unit.attempt.proven.as_ref());
    let all: BTreeSet<&str> = proven
        .flat_map(|proven| proven.left_out.iter().map(String::as_str))
        .collect();
    let count = match all.len() {
        0 => return None,
        1 => "1 new file is".to_owned(),
        many => format!("{many} new files are"),
    };
    let names = words::few(all.into_iter(), PATHS_SHOWN);
    Some(format!(
        "{count} in no unit's work, because tools and agents leave such files behind: {names}"
    ))
}

/// What a command did that works on the whole repository, as one sentence for the run.
pub(super) fn left_to_others(state: &RunState) -> Option<String> {
    let proven = state
        .units
        .iter()
        .filter_map(|unit| unit.attempt.proven.as_ref());
    let units = proven.filter(|proven| proven.left_to_others > 0).count();
    (units > 0).then(|| {
        format!(
            "the command works on the whole repository: of its changes in {}, only those to the unit's own files were \
             taken; {{files}} in the command stands for these files, and --once has it work once",
            words::count(units, "unit")
        )
    })
}

/// The files that commands made again, one sentence for each command.
pub(super) fn regenerated(state: &RunState) -> Vec<String> {
    let mut all: Vec<Regeneration<'_>> = Vec::new();
    for unit in &state.units {
        let attempt = &unit.attempt;
        let proven = attempt.proven.iter().flat_map(|proven| &proven.regenerated);
        for result in attempt.regenerated_start.iter().chain(proven) {
            let mut known = all.iter_mut();
            let known = known
                .find(|it| it.run == result.run && it.failed.is_some() == result.failed.is_some());
            let files = result.files.iter().map(String::as_str);
            match known {
                Some(known) => {
                    known.files.extend(files);
                    known.units.insert(&unit.header.id);
                }
                None => all.push(Regeneration {
                    run: &result.run,
                    failed: result.failed.as_deref(),
                    files: files.collect(),
                    units: BTreeSet::from([&unit.header.id]),
                }),
            }
        }
    }
    all.iter().map(Regeneration::sentence).collect()
}

/// What came of a command that makes files again, over all units.
struct Regeneration<'a> {
    run: &'a str,
    failed: Option<&'a str>,
    files: BTreeSet<&'a str>,
    units: BTreeSet<&'a UnitId>,
}

impl Regeneration<'_> {
    fn sentence(&self) -> String {
        let files = self.files.iter().map(|file| words::line(file));
        let files = match self.files.len() {
            0 => "nothing was".to_owned(),
            1 => format!("{} was", words::few(files, PATHS_SHOWN)),
            _ => format!("{} were", words::few(files, PATHS_SHOWN)),
        };
        let units = words::count(self.units.len(), "unit");
        let run = words::line(self.run);
        match self.failed {
            None => format!("{files} made again in {units} by `{run}`"),
            Some(why) => format!(
                "{files} not made again in {units} by `{run}`, and may not fit: {}",
                words::line(why)
            ),
        }
    }
}

/// Checks that did not simply pass though their unit may be published: the unit, the check, what there is to say of it.
pub(super) fn blemishes(state: &RunState) -> Vec<(&UnitId, &str, String)> {
    let mut found = Vec::new();
    for unit in &state.units {
        for result in unit.attempt.last_checks() {
            let words = match result.verdict {
                Verdict::Pass | Verdict::Fail { .. } | Verdict::VerifiedNothing { .. } => continue,
                Verdict::OldFailure { .. } => "fails, as it did before the change",
                Verdict::Flaky { .. } => {
                    "is flaky: it failed once, and passed when it was run again"
                }
            };
            let words = format!("{words}{}", some_tests(result.verdict.tests()));
            found.push((&unit.header.id, result.name.as_str(), words));
        }
    }
    found
}

/// Checks that verified nothing: each as one sentence for the run, with the reason.
pub(super) fn unverified(state: &RunState) -> Vec<(String, String)> {
    let mut found: Vec<(String, String, usize)> = Vec::new();
    for unit in &state.units {
        // A check may run in several folders of one unit.
        let mut of_unit = Vec::new();
        for result in unit.attempt.last_checks() {
            if let Some(why) = result.verdict.no_proof() {
                let told = (words::line(&result.name), why.words());
                if !of_unit.contains(&told) {
                    of_unit.push(told);
                }
            }
        }
        for told in of_unit {
            match found
                .iter_mut()
                .find(|(name, why, _)| (name, why) == (&told.0, &told.1))
            {
                Some((.., units)) => *units += 1,
                None => found.push((told.0, told.1, 1)),
            }
        }
    }
    let sentence = |(name, why, units)| {
        let units = words::count(units, "unit");
        (format!("`{name}` verified nothing in {units}"), why)
    };
    found.into_iter().map(sentence).collect()
}

/// Checks that changed files of the work they judged: each as one sentence for the run, with the command.
pub(super) fn changed_by_checks(state: &RunState) -> Vec<(String, String)> {
    let mut found: Vec<(&str, BTreeSet<&str>)> = Vec::new();
    for result in state
        .units
        .iter()
        .flat_map(|unit| unit.attempt.last_checks())
    {
        let changed = result.changed.iter().map(String::as_str);
        match found.iter_mut().find(|(name, _)| *name == result.name) {
            Some((_, files)) => files.extend(changed),
            None => found.push((&result.name, changed.collect())),
        }
    }
    let sentence = |(name, files): (&str, BTreeSet<&str>)| {
        let count = words::count(files.len(), "file");
        let names = words::few(files.into_iter().map(words::line), PATHS_SHOWN);
        (
            format!("a check changed {count}, and what a check changes is not published: {names}"),
            words::line(name),
        )
    };
    found
        .into_iter()
        .filter(|(_, files)| !files.is_empty())
        .map(sentence)
        .collect()
}

/// The first of these tests, and how many more there are; nothing where none is known.
fn some_tests(tests: &[String]) -> String {
    if tests.is_empty() {
        return String::new();
    }
    format!(" ({})", words::few(tests.iter(), TESTS_SHOWN))
}

/// Returns the time that the unit has taken so far; a dash before its start.
pub(super) fn time(unit: &UnitState, now: i64) -> String {
    unit.took_ms(now)
        .map_or_else(|| "–".to_owned(), words::duration)
}

/// Checks whether several agents do the units.
pub(super) fn has_agents(state: &RunState) -> bool {
    state.agents().len() > 1
}

/// Checks whether any usage is known: commands and codemods seldom report their usage.
pub(super) fn tells_usage(state: &RunState) -> bool {
    state.spent().is_some_and(|spent| {
        let usage = spent.known();
        usage.input_tokens.or(usage.output_tokens).is_some() || usage.cost.is_some()
    })
}

/// Returns the tokens for a column; a dash where no agent reported any.
pub(super) fn tokens(spent: Option<&UsageSum>) -> String {
    spent.map_or_else(|| "–".to_owned(), UsageSum::tokens)
}

/// Returns the cost for a column; a dash where no agent reported any.
pub(super) fn cost(spent: Option<&UsageSum>) -> String {
    spent.map_or_else(|| "–".to_owned(), UsageSum::cost)
}

/// The moment to reckon times of a report by. A run whose process is gone stood still since its last event.
pub(super) fn moment(state: &RunState, liveness: Liveness, now: i64) -> i64 {
    match liveness {
        Liveness::Going => now,
        Liveness::Ended => state.ended_at.unwrap_or(now),
        Liveness::Died => state
            .units
            .iter()
            .flat_map(|unit| [unit.started_at, unit.ended_at])
            .flatten()
            .fold(state.started_at, i64::max),
    }
}

/// A path as text; bytes that are not Unicode are replaced, since a report cannot show them.
pub(super) fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The same for a path that may not be known.
pub(super) fn optional_path(known: Option<&PathBuf>) -> Option<String> {
    known.map(|known| path(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{self, SampleRun};

    #[test]
    fn a_check_that_passed_in_the_end_has_passed() {
        let state = SampleRun::of(["a"])
            .check("a", 1, "npm test", sample::failing())
            .check("a", 2, "npm test", Verdict::Pass)
            .state();
        assert_eq!(checks(&state.units[0]), "1 passed");
    }

    #[test]
    fn failed_checks_are_told_beside_the_others() {
        let state = SampleRun::of(["a"])
            .check("a", 1, "lint", Verdict::Pass)
            .check("a", 2, "npm test", sample::failing())
            .state();
        assert_eq!(checks(&state.units[0]), "1 of 2 failed");
    }

    #[test]
    fn checks_of_one_name_in_two_folders_are_two_checks() {
        let nothing = Verdict::VerifiedNothing {
            ending: crate::process::Ending::Exit(1),
            why: crate::check::NoProof::FailsAlways,
        };
        let state = SampleRun::of(["a"])
            .check_in("web", "a", 1, "npm test", nothing.clone())
            .check_in("api", "a", 2, "npm test", nothing)
            .check_in("db", "a", 3, "npm test", Verdict::Pass)
            .state();
        assert_eq!(checks(&state.units[0]), "1 passed, 2 verified nothing");
        let told = unverified(&state);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].0, "`npm test` verified nothing in 1 unit");
    }

    #[test]
    fn what_the_base_has_too_and_what_is_flaky_is_told_apart() {
        let tests = vec!["a".to_owned()];
        let old = Verdict::OldFailure {
            ending: crate::process::Ending::Exit(1),
            tests: tests.clone(),
        };
        let state = SampleRun::of(["a"])
            .check("a", 1, "lint", Verdict::Pass)
            .check("a", 2, "npm test", old)
            .check("a", 3, "e2e", Verdict::Flaky { tests })
            .state();
        assert_eq!(checks(&state.units[0]), "1 passed, 1 old failure, 1 flaky");
        assert_eq!(blemishes(&state).len(), 2);
    }

    #[test]
    fn a_dead_run_stood_still_since_its_last_event() {
        let state = SampleRun::of(["a"]).step("a", 5_000).state();
        let moment = moment(&state, Liveness::Died, i64::MAX);
        assert_eq!(state.took_ms(moment), 5_000);
    }
}
