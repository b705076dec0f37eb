//! Whether all that changed in a worktree was the unit's to change: the proof that comes after the work.
//!
//! What lies outside is never published, so the words say which paths, and why.

use std::fmt::Write as _;

use crate::git::{Change, Changes, Content};
use crate::plan::claim::Ownership;

/// A list of paths beyond this helps nobody.
const PATHS_SHOWN: usize = 20;

/// What the unit at `number` in the plan changed outside its claim, a line each.
pub(crate) fn outside(ownership: &Ownership, number: usize, changes: &Changes) -> Vec<String> {
    changes
        .list
        .iter()
        .filter_map(|change| fault(ownership, number, change))
        .collect()
}

/// Why the unit cannot be published, in words.
pub(crate) fn reason(faults: &[String]) -> String {
    words(
        "it changed what is not its own, so nothing of it is published:",
        faults,
    )
}

/// What the agent is told to mend.
pub(crate) fn feedback(faults: &[String]) -> String {
    words("You changed what is not yours to change:\n", faults)
        + "\n\nUndo these changes and no others: put back what you edited, renamed or deleted there, and delete what you \
           created there, so that every path listed is as it was when you began. Keep your work inside your own files.\n"
}

/// Why a change is not this unit's to make, as one line.
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

/// Whether a symlink at `path` (from the root) points outside the repository, or into git's own folder.
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
    fn a_link_is_followed_by_name_alone() {
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
