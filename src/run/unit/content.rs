//! The step of a unit that looks at the content of its work. Damaged work, and work with what a person has to look at
//! before it is published, goes back to the agent, and is held where the
//! agent does not mend it. Careless work of a coding agent goes back once, and is told of then.

use std::collections::BTreeSet;

use crate::agent::FurtherAttempts;
use crate::check::{ChangedEntry, ChangedFile, Entry, EntryKind, Finding, Repository};
use crate::config::{FindingGroup, FindingKind, Severity};
use crate::git::{EntryMode, TreeEntry};
use crate::regenerate::lone_lock_files;
use crate::run::job::content::{Hold, feedback, is_of_carelessness, reason};
use crate::run::log::outcome::Step;
use crate::run::log::unit_fact::UnitFact;
use crate::run::unit::changed_file::changed_file;
use crate::run::unit::context::{Failure, Halt, Prepared, ProvenChange, UnitContext};

/// Looks at the content of proven work. Where an earlier process let it go on, it is not judged again.
pub(crate) async fn content(
    unit: &UnitContext,
    prepared: &Prepared,
    proven: &ProvenChange,
) -> Result<(), Halt> {
    if unit.state().attempt.content.told.is_some() {
        return Ok(());
    }
    let found = look_at(unit, prepared, proven).await?;
    let allow = &unit.job.spec.settings.run.allow;
    let is_allowed = |finding: &Finding| {
        allow
            .iter()
            .any(|it| it.covers(finding.kind, &finding.path))
    };
    let wrong: Vec<Finding> = found.iter().filter(|it| !is_allowed(it)).cloned().collect();
    if let Some((held, hold)) = to_stop(unit, &wrong) {
        let command = match unit.state().follow_up {
            Some(_) => "batch prs fix".to_owned(),
            None => format!("batch resume {}", unit.job.id()),
        };
        return Err(Halt::Failed(Failure {
            feedback: (hold != Hold::StillCareless).then(|| feedback(&held, hold)),
            ..Failure::new(Step::Content, reason(&held, hold, &command))
        }));
    }
    if found.is_empty() {
        return Ok(());
    }
    unit.say(UnitFact::ContentTold { findings: found }).await
}

/// Returns the findings that stop the work, and why they do; `None` where it goes on.
fn to_stop(unit: &UnitContext, wrong: &[Finding]) -> Option<(Vec<Finding>, Hold)> {
    let assignment = unit.assignment();
    let further = assignment.agent.further_attempts();
    let (is_coding_agent, is_pattern) = (
        further == FurtherAttempts::Usual,
        further == FurtherAttempts::Pointless,
    );
    // A person wrote the pattern and approved its plan, and a parser may be older than the language.
    let is_meant = |it: &Finding| is_pattern && it.kind == FindingKind::Unparsable;
    let at_least = |severity: Severity| {
        let stopping = wrong
            .iter()
            .filter(|it| it.kind.severity() >= severity && !is_meant(it));
        let stopping: Vec<Finding> = stopping.cloned().collect();
        (!stopping.is_empty()).then_some(stopping)
    };
    if let Some(held) = at_least(Severity::Held) {
        let (damage, sensitive): (Vec<_>, Vec<_>) = held
            .into_iter()
            .partition(|it| it.kind.group() == FindingGroup::Damage);
        return Some(if damage.is_empty() {
            (sensitive, Hold::Sensitive)
        } else {
            (damage, Hold::Damaged)
        });
    }
    // A command and the codemod cannot take more care.
    if !is_coding_agent {
        return None;
    }
    let attempt = unit.state().attempt;
    let was_told = attempt
        .sent_back
        .iter()
        .any(|back| back.step == Step::Content && is_of_carelessness(&back.reason));
    let (severity, hold) = if was_told || attempt.number() >= assignment.attempts() {
        (Severity::HeldAfterwards, Hold::StillCareless)
    } else {
        (Severity::SentBackOnce, Hold::Careless)
    };
    at_least(severity).map(|careless| (careless, hold))
}

async fn look_at(
    unit: &UnitContext,
    prepared: &Prepared,
    proven: &ProvenChange,
) -> Result<Vec<Finding>, Halt> {
    let (start, tree) = (prepared.start.clone(), proven.tree.clone());
    let instruction = unit.instruction();
    // What commands made of other files, no agent wrote.
    let made = unit.state().regenerated_files();
    let number = unit.number;
    let lone_locks = lone_lock_files(&proven.changes);
    unit.git(Step::Content, move |job| {
        let repo = &job.workspace.repo;
        let pairs = repo.changed_contents(&start, &tree)?;
        let files = pairs.into_iter().map(changed_file);
        let files: Vec<ChangedFile> = files.filter(|it| !made.contains(&it.path)).collect();
        let entries = repo.changed_entries(&start, &tree)?.into_iter();
        let entries: Vec<ChangedEntry> = entries
            .map(|pair| {
                let path = String::from_utf8_lossy(&pair.path).into_owned();
                ChangedEntry {
                    before: pair.before.map(entry),
                    after: pair.after.map(entry),
                    is_named: job.found.ownership.names(number, &path),
                    is_lone_lock_file: lone_locks.contains(&path),
                    path,
                }
            })
            .filter(|it| !made.contains(&it.path))
            .collect();
        let mut paths: BTreeSet<String> =
            job.found.ownership.tracked().map(str::to_owned).collect();
        for file in &files {
            if file.after.is_some() {
                paths.insert(file.path.clone());
            } else {
                paths.remove(&file.path);
            }
        }
        let reader = repo.tree_reader(&tree)?;
        let read = |path: &str| reader.text(path);
        let repository = Repository::new(&paths, &read);
        let gate = &job.found.gate;
        Ok(gate.look_at(&entries, &files, &instruction, &repository))
    })
    .await
}

fn entry(entry: TreeEntry) -> Entry {
    Entry {
        id: entry.id,
        kind: match entry.mode {
            EntryMode::File => EntryKind::File,
            EntryMode::Executable => EntryKind::Executable,
            EntryMode::Symlink => EntryKind::Symlink,
            EntryMode::Submodule => EntryKind::Submodule,
        },
        size: entry.size,
    }
}
