//! Compares the changes in a checkout with the unit's claim, after the agent has finished.
//!
//! A change outside the claim is never published, so the messages name its path and the reason.

use std::fmt::Write as _;

use crate::git::{Change, Changes, Content};
use crate::plan::claim::Ownership;
use crate::words::{block, fence};

/// A message lists at most so many paths.
const PATHS_SHOWN: usize = 20;

/// Returns what the unit at `number` in the plan changed outside its claim, a line each.
pub(crate) fn outside(ownership: &Ownership, number: usize, changes: &Changes) -> Vec<String> {
    changes
        .list
        .iter()
        .filter_map(|change| fault(ownership, number, change))
        .collect()
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
         the rest of your work as it is: delete repositories, pipes and unreadable files that you made, and keep your \
         work inside your own files.\n",
        fence("text", &block(reason))
    )
}

/// Returns why the unit may not make this change, as one line.
fn fault(ownership: &Ownership, number: usize, change: &Change) -> Option<String> {
    let reason = match ownership.allows(number, &change.path, change.kind) {
        Err(outside) => outside.to_string(),
        Ok(()) => match &change.content {
            Content::Submodule => "a repository inside the repository is never published".into(),
            Content::Symlink(target) if leaves(&change.path, target) => {
                "a symlink that leads out of the repository is never published".into()
            }
            Content::File | Content::Symlink(_) | Content::Nothing => return None,
        },
    };
    Some(format!(
        "{}: {reason}",
        crate::words::line(&String::from_utf8_lossy(&change.path))
    ))
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
