//! Compares the changes in a checkout with the unit's claim and with what other units hold, after the agent has
//! finished.
//!
//! A change that is not the unit's own is never published, so the messages name its path and the reason.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::config::ScopeRule;
use crate::git::{Change, ChangeKind, Changes, Content};
use crate::plan::UnitId;
use crate::plan::claim::{Claimant, Deleted, HeldPaths, Ownership, ScopeViolation, Standing};
use crate::run::job::path_holders::PathHolders;
use crate::run::log::unit_fact::{Acquired, Sharing};
use crate::words::{block, fence};

/// A message lists at most so many paths.
const PATHS_SHOWN: usize = 20;

/// What the changes of a unit are to the unit.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// The paths beyond the claim that become the unit's own.
    pub(crate) acquired: Acquired,
    /// What the unit changed and may not change, a line each.
    pub(crate) faults: Vec<String>,
    /// The paths that other units claim, each with the line that says so.
    pub(crate) foreign: Vec<(String, String)>,
    /// What other units had changed before it.
    pub(crate) shared: Vec<Shared>,
}

/// A path that another unit had changed before, and on whose work the unit could stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shared {
    pub(crate) path: String,
    /// The places in the plan of the other units.
    pub(crate) with: BTreeSet<usize>,
    pub(crate) why: Sharing,
}

impl Judgement {
    /// Returns all that the unit may not change, a line each.
    pub(crate) fn all_faults(&self) -> Vec<String> {
        let foreign = self.foreign.iter().map(|(_, line)| line);
        foreign.chain(&self.faults).cloned().collect()
    }

    /// Returns the paths that belong to other units, by their claims or because they changed them before.
    pub(crate) fn paths_of_others(&self) -> Vec<String> {
        let claimed = self.foreign.iter().map(|(path, _)| path);
        let same = self.shared.iter().filter(|it| it.why == Sharing::SamePath);
        claimed.chain(same.map(|it| &it.path)).cloned().collect()
    }
}

impl Shared {
    /// Says that a unit which cannot stand on the others may not change the path.
    pub(crate) fn line(&self, holders: &PathHolders) -> String {
        let others: Vec<&str> = self
            .with
            .iter()
            .filter_map(|at| holders.id(*at).map(UnitId::as_str))
            .collect();
        let path = crate::words::line(&self.path);
        format!("{path}: changed by {} before", others.join(" and "))
    }
}

/// Judges the changes of the unit at `number` in the plan. Commands made the files `made` again, so that they are any
/// unit's.
pub(crate) fn judge(
    ownership: &Ownership,
    holders: &PathHolders,
    rule: ScopeRule,
    number: usize,
    changes: &Changes,
    made: &BTreeSet<String>,
) -> Judgement {
    let stands_on = holders.below(number);
    let held = holders.but(number);
    let judge = Judge {
        ownership,
        who: Claimant {
            unit: number,
            stands_on: &stands_on,
            rule,
        },
        held: &held,
        made,
        deleted: Deleted::of(
            changes
                .list
                .iter()
                .filter(|change| change.kind == ChangeKind::Deleted)
                .map(|change| change.path.as_slice()),
        ),
    };
    let mut judgement = Judgement::default();
    for change in &changes.list {
        judge.judge(change, &mut judgement);
    }
    judgement
}

struct Judge<'a> {
    ownership: &'a Ownership,
    who: Claimant<'a>,
    held: &'a HeldPaths,
    made: &'a BTreeSet<String>,
    deleted: Deleted,
}

impl Judge<'_> {
    fn judge(&self, change: &Change, judgement: &mut Judgement) {
        let name = || String::from_utf8_lossy(&change.path).into_owned();
        let fault =
            |reason: &dyn std::fmt::Display| format!("{}: {reason}", crate::words::line(&name()));
        let is_made = self.made.contains(&name()) && !self.ownership.is_guarded(&name());
        let standing = if is_made {
            Ok(Standing::Claimed)
        } else {
            self.ownership.judge(
                self.who,
                self.held,
                &self.deleted,
                &change.path,
                change.kind,
            )
        };
        let standing = match standing {
            Ok(standing) => standing,
            Err(ScopeViolation::Held(with)) => {
                return judgement.shared.push(Shared {
                    path: name(),
                    with,
                    why: Sharing::SamePath,
                });
            }
            Err(violation @ ScopeViolation::Other(_)) => {
                return judgement.foreign.push((name(), fault(&violation)));
            }
            Err(violation) => return judgement.faults.push(fault(&violation)),
        };
        if let Some(reason) = unpublishable(change) {
            return judgement.faults.push(fault(&reason));
        }
        match standing {
            Standing::Claimed => {}
            Standing::Companion => judgement.acquired.companions.push(name()),
            Standing::Created => {
                let path = name();
                let others =
                    |unit: usize| unit != self.who.unit && !self.who.stands_on.contains(&unit);
                let with = self.held.of_same_number(&path, others);
                if !with.is_empty() {
                    let path = path.clone();
                    let why = Sharing::SameNumber;
                    judgement.shared.push(Shared { path, with, why });
                }
                judgement.acquired.created.push(path);
            }
        }
    }
}

/// Returns why the content may not be published, wherever it is.
fn unpublishable(change: &Change) -> Option<&'static str> {
    match &change.content {
        Content::Submodule => Some("a repository inside the repository is never published"),
        Content::Symlink(target) if leaves(&change.path, target) => {
            Some("a symlink that leads out of the repository is never published")
        }
        Content::File | Content::Symlink(_) | Content::Nothing => None,
    }
}

/// Writes why the unit cannot be published.
pub(crate) fn reason(faults: &[String]) -> String {
    words(
        "it changed what is not its own, so nothing of it is published:",
        faults,
    )
}

/// Writes the feedback for the agent.
pub(crate) fn feedback(faults: &[String]) -> String {
    words("You changed what is not yours to change:\n", faults)
        + "\n\nUndo these changes and no others: put back what you edited, renamed or deleted there, and delete what \
           you created there, so that every path listed is as it was when you began. Keep your work inside your own \
           files.\n"
}

/// Writes the feedback for an agent whose work git cannot read.
pub(crate) fn unreadable(reason: &str) -> String {
    format!(
        "Git cannot read what is in your folder now, so that your work cannot be taken:\n\n{}\n\nMend that and leave \
         the rest of your work as it is: delete repositories, pipes, unreadable files and masses of files that you \
         made, and keep your work inside your own files.\n",
        fence("text", &block(reason))
    )
}

fn words(head: &str, faults: &[String]) -> String {
    let mut words = String::from(head);
    for line in faults.iter().take(PATHS_SHOWN) {
        let _ = write!(words, "\n  {line}");
    }
    if faults.len() > PATHS_SHOWN {
        let _ = write!(words, "\n  and {} more", faults.len() - PATHS_SHOWN);
    }
    words
}

/// Checks whether a symlink at `path` (relative to the root) points outside the repository or into git's own folder.
fn leaves(path: &[u8], target: &[u8]) -> bool {
    if target.starts_with(b"/") {
        return true;
    }
    let mut depth = path.split(|byte| *byte == b'/').count() - 1;
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." | b".git" if depth == 0 => return true,
            b".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symlink_is_judged_by_name_alone() {
        for (path, target, out) in [
            ("a", "b", false),
            ("a/b", "../c", false),
            ("a/b", "../../c", true),
            ("a/b", "c/../../../d", true),
            ("a", "/etc/passwd", true),
            ("a", ".git/config", true),
            ("a/b", "../.git/config", true),
        ] {
            assert_eq!(
                leaves(path.as_bytes(), target.as_bytes()),
                out,
                "{path} → {target}"
            );
        }
    }

    #[test]
    fn a_long_list_of_paths_is_cut() {
        let paths: Vec<String> = (0..25).map(|n| format!("p{n}")).collect();
        let words = words("x:", &paths);
        assert!(words.contains("p19") && !words.contains("p20"), "{words}");
        assert!(words.ends_with("and 5 more"), "{words}");
    }
}
