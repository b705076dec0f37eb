//! Files and folders that git could not read: git only warns of them, and leaves them out.

use std::path::Path;

use super::error::GitError;
use super::repo::Repo;

impl Repo {
    /// Takes warnings of `git add` about what it could not read for errors. A folder that git ignores is left out in
    /// any case.
    pub(super) fn refuse_unread(
        &self,
        worktree: &Path,
        index: &Path,
        said: &str,
    ) -> Result<(), GitError> {
        let mut unread: Vec<&str> = said
            .lines()
            .map(|line| line.trim_start_matches("warning: "))
            .filter(|line| is_about_reading(line))
            .collect();
        unread.dedup();
        if unread.is_empty() {
            return Ok(());
        }
        let folders: Vec<&str> = unread.iter().filter_map(|line| folder(line)).collect();
        let asked = self
            .git_in_worktree(worktree, index)
            .without_secrets()
            .args(&["check-ignore", "-z", "--stdin"])
            .stdin(folders.join("\0").into_bytes())
            .run();
        // Git fails where it ignores none of them.
        let ignored = asked.unwrap_or_default();
        let ignored = String::from_utf8_lossy(&ignored);
        unread.retain(|line| {
            folder(line).is_none_or(|folder| !ignored.split('\0').any(|name| name == folder))
        });
        if unread.is_empty() {
            return Ok(());
        }
        Err(GitError::Program {
            what: "add".to_owned(),
            reason: unread.join("\n"),
        })
    }
}

fn is_about_reading(line: &str) -> bool {
    let is_warned = ["could not open directory '", "unable to access '"];
    is_warned.iter().any(|words| line.starts_with(words)) || line.ends_with(": Permission denied")
}

/// Returns the folder that a warning names.
fn folder(line: &str) -> Option<&str> {
    let named = line.strip_prefix("could not open directory '")?;
    named.rsplit_once('\'').map(|(folder, _)| folder)
}
