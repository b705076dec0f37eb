//! Exports work without a forge: a commit as a patch, branches as a bundle.

use std::path::Path;

use super::error::GitError;
use super::id::{BranchName, CommitId};
use super::repo::Repo;

impl Repo {
    /// Returns a commit as a mail for `git am`, with its message and author.
    pub(crate) fn patch_of(&self, commit: &CommitId) -> Result<Vec<u8>, GitError> {
        let plain = [
            "--no-cover-letter",
            "--no-signoff",
            "--no-numbered",
            "--no-attach",
            "--no-signature",
        ];
        self.git(["format-patch", "--stdout", "-1", "--binary"])
            .args(&plain)
            .args(&[commit.as_str()])
            .run()
    }

    /// Writes a bundle of these branches. `git fetch` reads it in any repository that has the commit `base`.
    pub(crate) fn bundle(
        &self,
        file: &Path,
        base: &CommitId,
        branches: &[&BranchName],
    ) -> Result<(), GitError> {
        let refs: Vec<String> = branches
            .iter()
            .map(|branch| format!("refs/heads/{branch}"))
            .collect();
        let refs: Vec<&str> = refs.iter().map(String::as_str).collect();
        let mut call = vec!["bundle".into(), "create".into(), "--quiet".into()];
        call.push(file.as_os_str().to_owned());
        call.push(format!("^{base}").into());
        self.git(call).args(&refs).run().map(drop)
    }
}
