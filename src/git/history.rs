//! What history tells of files: which changed together, and what became of each between two commits.

use std::collections::HashSet;

use super::error::GitError;
use super::repo::Repo;

/// A commit of more files moves or reformats everything, which says nothing of any two of them.
const MOST_FILES: usize = 100;

/// What became of a file between two commits. Names that are not UTF-8 are passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    Added(String),
    Changed(String),
    Deleted(String),
    /// `changed` tells whether its content is another one, too.
    Renamed {
        from: String,
        to: String,
        changed: bool,
    },
}

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

    /// What became of files from one commit to another, in git's order.
    pub fn since(&self, from: &str, to: &str) -> Result<Vec<Since>, GitError> {
        let args = [
            "diff-tree",
            "-r",
            "-z",
            "--name-status",
            "--find-renames",
            from,
            to,
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
                b"A" => path().map(Since::Added),
                b"D" => path().map(Since::Deleted),
                // `R100` is the same content under another name.
                [b'R', alike @ ..] => match (path(), path()) {
                    (Some(from), Some(to)) => Some(Since::Renamed {
                        from,
                        to,
                        changed: alike != b"100",
                    }),
                    (Some(from), None) => Some(Since::Deleted(from)),
                    (None, to) => to.map(Since::Added),
                },
                _ => path().map(Since::Changed),
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
    fn what_became_of_each_file_is_told() {
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
        let renamed = |from: &str, to: &str, changed| Since::Renamed {
            from: from.into(),
            to: to.into(),
            changed,
        };
        assert_eq!(
            it.repo.since(&from, &to).unwrap(),
            [
                Since::Changed("a".into()),
                Since::Deleted("b".into()),
                renamed("c", "c2", true),
                renamed("d", "d2", false),
                Since::Added("f".into()),
            ]
        );
        assert_eq!(it.repo.since(&to, &to).unwrap(), []);
    }

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
        let many: Vec<String> = (0..=MOST_FILES).map(|n| format!("m{n}")).collect();
        change(&many.iter().map(String::as_str).collect::<Vec<_>>());
        let last = change(&["b"]);
        let changed = |most| it.repo.changed_together(&last, most).unwrap();
        assert_eq!(changed(1000), [vec!["b"], vec!["a", "c \u{fc}\n"]]);
        assert_eq!(changed(1), [["b"]]);
    }
}
