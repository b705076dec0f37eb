//! Which files changed together, as the history behind a commit tells.

use std::collections::HashSet;

use super::{GitError, Repo};

/// A commit of more files moves or reformats everything, which says nothing of any two of them.
const MOST_FILES: usize = 100;

impl Repo {
    /// The paths that each of the latest commits behind `commit` changed, at most `most` commits. Merges and commits of
    /// very many files are passed over, and so is the end of a history that was cut, where everything seems new.
    pub fn changed_together(
        &self,
        commit: &str,
        most: usize,
    ) -> Result<Vec<Vec<String>>, GitError> {
        let most = format!("--max-count={most}");
        let commits = self.git(["rev-list", "--no-merges", &most, commit]).run()?;
        let args = [
            "diff-tree",
            "--stdin",
            "-r",
            "-z",
            "--name-only",
            "--no-renames",
        ];
        let out = self
            .git(args)
            // What a partial clone has not got is not worth waiting for.
            .env("GIT_NO_LAZY_FETCH", "1")
            .stdin(commits.clone())
            .run()?;
        let ids: HashSet<&[u8]> = commits.split(|byte| *byte == b'\n').collect();
        let mut changed: Vec<Vec<String>> = Vec::new();
        for word in out.split(|byte| *byte == 0).filter(|word| !word.is_empty()) {
            if ids.contains(word) {
                changed.push(Vec::new());
            } else if let Some(paths) = changed.last_mut()
                && let Ok(path) = str::from_utf8(word)
            {
                paths.push(path.to_owned());
            }
        }
        changed.retain(|paths| paths.len() <= MOST_FILES);
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use crate::git::fixture::repository;

    #[test]
    fn commits_tell_what_they_changed_the_latest_first() {
        let it = repository(&[("a", "1"), ("b", "1")]);
        let git = git2::Repository::open(it.repo.root()).unwrap();
        let who = git2::Signature::now("Ada", "ada@example.org").unwrap();
        let change = |files: &[&str]| {
            let parent = git.head().unwrap().peel_to_commit().unwrap();
            let mut index = git.index().unwrap();
            for file in files {
                std::fs::write(it.repo.root().join(file), parent.id().to_string()).unwrap();
                index.add_path(file.as_ref()).unwrap();
            }
            let tree = git.find_tree(index.write_tree().unwrap()).unwrap();
            let id = git.commit(Some("HEAD"), &who, &who, "x", &tree, &[&parent]);
            id.unwrap().to_string()
        };
        change(&["a", "c \u{fc}\n"]);
        change(&[]);
        let many: Vec<String> = (0..=super::MOST_FILES).map(|n| format!("m{n}")).collect();
        change(&many.iter().map(String::as_str).collect::<Vec<_>>());
        let last = change(&["b"]);
        let changed = |most| it.repo.changed_together(&last, most).unwrap();
        assert_eq!(changed(1000), [vec!["b"], vec!["a", "c \u{fc}\n"]]);
        assert_eq!(changed(1), [["b"]]);
    }
}
