//! Applies patches to a commit, in an index of its own: one diff, or a mailbox as `git format-patch` writes it. The
//! `git` program does it, so that whatever it writes can be read: renames, modes, binary files, encoded mails.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::GitError;
use super::id::{CommitId, TreeId};
use super::repo::Repo;

/// Why patches cannot be applied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PatchError {
    #[error("it is no patch that git can read: {0}")]
    NoPatch(String),
    #[error("its changes conflict in {}; --base names the commit that it was made for", paths.join(", "))]
    Conflict { paths: Vec<String> },
    #[error("{0}; --base names the commit that it was made for")]
    Refused(String),
    #[error(transparent)]
    Git(#[from] GitError),
}

/// The words of git where a file holds no patch.
const NO_PATCH: [&str; 3] = [
    "No valid patches",
    "corrupt patch",
    "lacks filename information",
];

impl Repo {
    /// Applies all patches in these bytes to the commit. Returns the tree, and the subjects of the mails.
    pub(super) fn apply_patches(
        &self,
        base: &CommitId,
        bytes: &[u8],
    ) -> Result<(TreeId, Vec<String>), PatchError> {
        let folder = tempfile::tempdir().map_err(|source| GitError::Io {
            what: "cannot make",
            path: std::env::temp_dir(),
            source,
        })?;
        let (patches, subjects) = if is_mail(bytes) {
            self.mails(bytes, folder.path())?
        } else {
            (vec![bytes.to_vec()], Vec::new())
        };
        if patches.iter().all(|patch| patch.trim_ascii().is_empty()) {
            return Err(PatchError::NoPatch("it holds no changes".to_owned()));
        }
        let index = folder.path().join("index");
        let read = ["read-tree", base.as_str()];
        self.git(read).env("GIT_INDEX_FILE", &index).run()?;
        for patch in patches {
            if !patch.trim_ascii().is_empty() {
                self.apply(&index, &patch)?;
            }
        }
        let tree = self
            .git(["write-tree"])
            .env("GIT_INDEX_FILE", &index)
            .run()?;
        let tree = String::from_utf8_lossy(&tree).trim().to_owned();
        Ok((TreeId::new(tree), subjects))
    }

    /// Applies one patch to the index, three-way where it does not fit as it is.
    fn apply(&self, index: &Path, patch: &[u8]) -> Result<(), PatchError> {
        let apply = |how: &[&str]| {
            let args = ["apply", "--cached", "--whitespace=nowarn"];
            let call = self.git(args).args(how).env("GIT_INDEX_FILE", index);
            call.stdin(patch.to_vec()).run()
        };
        let fault = match apply(&[]) {
            Ok(_) => return Ok(()),
            Err(GitError::Program { reason, .. }) => reason,
            Err(error) => return Err(error.into()),
        };
        if NO_PATCH.iter().any(|words| fault.contains(words)) {
            return Err(PatchError::NoPatch(first_line(&fault)));
        }
        match apply(&["--3way"]) {
            Ok(_) => return Ok(()),
            Err(GitError::Program { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let unmerged = self
            .git(["ls-files", "--unmerged", "-z"])
            .env("GIT_INDEX_FILE", index)
            .run()?;
        // Mode, object and stage stand before the path, and a tab between them.
        let mut paths: Vec<String> = String::from_utf8_lossy(&unmerged)
            .split('\0')
            .filter_map(|entry| Some(entry.split_once('\t')?.1.to_owned()))
            .collect();
        paths.dedup();
        if paths.is_empty() {
            return Err(PatchError::Refused(first_line(&fault)));
        }
        Err(PatchError::Conflict { paths })
    }

    /// Splits a mailbox into the patch and the subject of each mail.
    fn mails(
        &self,
        bytes: &[u8],
        folder: &Path,
    ) -> Result<(Vec<Vec<u8>>, Vec<String>), PatchError> {
        let mails = folder.join("mails");
        fs::create_dir(&mails).map_err(|error| GitError::io("cannot make", &mails, error))?;
        let first = bytes
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        // Line ends of the files are kept, unless the mail itself has them.
        let keep = if first.ends_with(b"\r") {
            "-b"
        } else {
            "--keep-cr"
        };
        let out = format!("-o{}", mails.display());
        let split = self.git(["mailsplit", "-b", keep, &out]);
        split
            .stdin(bytes.to_vec())
            .run()
            .map_err(|error| match error {
                GitError::Program { reason, .. } => PatchError::NoPatch(first_line(&reason)),
                error => error.into(),
            })?;
        let (mut patches, mut subjects) = (Vec::new(), Vec::new());
        for mail in files(&mails)? {
            let text = read(&mail)?;
            let (said, patch) = (mail.with_extension("said"), mail.with_extension("patch"));
            let info = self
                .git(["mailinfo", "-b", "--encoding=UTF-8"])
                .args(&[&said.to_string_lossy(), &patch.to_string_lossy()]);
            let info = info.stdin(text).run()?;
            let patch = read(&patch)?;
            // A cover letter has no patch, and its subject is that of the whole.
            let info = String::from_utf8_lossy(&info).into_owned();
            let subject = info.lines().find_map(|line| line.strip_prefix("Subject: "));
            subjects.extend(subject.map(without_tag));
            patches.push(patch);
        }
        Ok((patches, subjects))
    }
}

/// Checks whether the bytes begin as a mailbox or a mail does.
fn is_mail(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    let headers: [&[u8]; 5] = [b"From ", b"From: ", b"Subject: ", b"Date: ", b"Message-I"];
    headers.iter().any(|header| start.starts_with(header))
}

/// Returns a subject without the tag that `git format-patch` puts before it.
fn without_tag(subject: &str) -> String {
    let rest = subject.trim();
    let tagged = rest.strip_prefix('[').and_then(|it| it.split_once(']'));
    match tagged {
        Some((tag, rest)) if tag.contains("PATCH") => rest.trim().to_owned(),
        _ => rest.to_owned(),
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = line.split(" (allow with").next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// Returns the files of a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, GitError> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder)?;
        entries.map(|entry| Ok(entry?.path())).collect()
    };
    let mut files = read().map_err(|error| GitError::io("cannot read", folder, error))?;
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>, GitError> {
    fs::read(path).map_err(|error| GitError::io("cannot read", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_are_told_from_diffs_and_lose_their_tags() {
        assert!(is_mail(b"From 1234 Mon Sep 17 00:00:00 2001\n"));
        assert!(is_mail(b"Subject: x\n"));
        assert!(!is_mail(b"diff --git a/x b/x\n") && !is_mail(b"--- a/x\n"));
        assert_eq!(without_tag("[PATCH 2/3] Move it"), "Move it");
        assert_eq!(without_tag("[web] Move it"), "[web] Move it");
    }
}
