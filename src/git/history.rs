//! Reads from history which files changed together, and how files changed between two commits.

use std::collections::HashSet;

use super::error::GitError;
use super::id::CommitId;
use super::repo::Repo;

/// A commit with more files moves or reformats everything, which says nothing about any two of them.
const MAX_FILES: usize = 100;

/// How a file changed between two commits. Names that are not UTF-8 are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileChange {
    Added(String),
    Changed(String),
    Deleted(String),
    /// `changed` says whether the content differs too.
    Renamed {
        from: String,
        to: String,
        changed: bool,
    },
}

impl Repo {
    /// Returns the paths that each of the latest `most` commits up to `commit` changed. Merges and commits with very
    /// many files are left out; so is the oldest commit of a shallow clone, where every file looks new.
    pub(crate) fn changed_together(
        &self,
        commit: &CommitId,
        most: usize,
    ) -> Result<Vec<Vec<String>>, GitError> {
        let most = format!("--max-count={most}");
        let commits = self
            .git(["rev-list", "--no-merges", &most, commit.as_str()])
            .run()?;
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
            // Objects that a partial clone lacks are not worth a download.
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
        changed.retain(|paths| paths.len() <= MAX_FILES);
        Ok(changed)
    }

    /// Lists how files changed from one commit to another, in git's order.
    pub(crate) fn file_changes(
        &self,
        from: &CommitId,
        to: &CommitId,
    ) -> Result<Vec<FileChange>, GitError> {
        let args = [
            "diff-tree",
            "-r",
            "-z",
            "--name-status",
            "--find-renames",
            from.as_str(),
            to.as_str(),
        ];
        let out = self.git(args).run()?;
        let mut words = out.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        let mut all = Vec::new();
        while let Some(status) = words.next() {
            let mut path = || {
                words
                    .next()
                    .and_then(|word| String::from_utf8(word.to_vec()).ok())
            };
            all.extend(match status {
                b"A" => path().map(FileChange::Added),
                b"D" => path().map(FileChange::Deleted),
                // `R100` means that the content is the same.
                [b'R', similarity @ ..] => match (path(), path()) {
                    (Some(from), Some(to)) => Some(FileChange::Renamed {
                        from,
                        to,
                        changed: similarity != b"100",
                    }),
                    (Some(from), None) => Some(FileChange::Deleted(from)),
                    (None, to) => to.map(FileChange::Added),
                },
                _ => path().map(FileChange::Changed),
            });
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::repository;

    #[test]
    fn file_changes_tell_renames_from_edits() {
        let it = repository(&[]);
        let long = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let more = format!("{long}10\n");
        let commit = |files: &[(&str, &str)]| {
            let files: Vec<(&[u8], u32, &[u8])> = files
                .iter()
                .map(|(path, text)| (path.as_bytes(), 0o100_644, text.as_bytes()))
                .collect();
            it.commit(&files).id
        };
        let from = commit(&[
            ("a", "x"),
            ("b", "y"),
            ("c", long),
            ("d", "same\n"),
            ("e", "z"),
        ]);
        let to = commit(&[
            ("a", "x2"),
            ("c2", &more),
            ("d2", "same\n"),
            ("e", "z"),
            ("f", "new\n"),
        ]);
        let renamed = |from: &str, to: &str, changed| FileChange::Renamed {
            from: from.into(),
            to: to.into(),
            changed,
        };
        assert_eq!(
            it.repo.file_changes(&from, &to).unwrap(),
            [
                FileChange::Changed("a".into()),
                FileChange::Deleted("b".into()),
                renamed("c", "c2", true),
                renamed("d", "d2", false),
                FileChange::Added("f".into()),
            ]
        );
        assert_eq!(it.repo.file_changes(&to, &to).unwrap(), []);
    }

    #[test]
    fn paths_of_commits_come_latest_first_without_large_commits() {
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
            CommitId::new(id.unwrap().to_string())
        };
        change(&["a", "c \u{fc}\n"]);
        change(&[]);
        let many: Vec<String> = (0..=MAX_FILES).map(|n| format!("m{n}")).collect();
        change(&many.iter().map(String::as_str).collect::<Vec<_>>());
        let last = change(&["b"]);
        let changed = |most| it.repo.changed_together(&last, most).unwrap();
        assert_eq!(changed(1000), [vec!["b"], vec!["a", "c \u{fc}\n"]]);
        assert_eq!(changed(1), [["b"]]);
    }
}
