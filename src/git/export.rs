//! Exports work without a forge: a commit as a patch, branches as a bundle.

use std::path::Path;

use super::error::GitError;
use super::id::{BranchName, CommitId};
use super::mail;
use super::repo::Repo;

impl Repo {
    /// Returns a commit as a mail from which `git am` makes the same tree and the same message, whatever the user's
    /// settings `format.*` and `diff.*` are.
    pub(crate) fn patch_of(&self, commit: &CommitId) -> Result<Vec<u8>, GitError> {
        let mail = self
            .git([
                "-c",
                "format.forceInBodyFrom=false",
                "-c",
                "format.mboxrd=false",
            ])
            .args(&["format-patch", "--stdout", "-1", "--encoding=UTF-8"])
            .args(&["--no-cover-letter", "--no-signoff", "--no-numbered"])
            .args(&["--no-attach", "--no-signature", "--no-thread", "--no-from"])
            .args(&["--no-to", "--no-cc", "--no-add-header", "--no-base"])
            .args(&["--no-notes", "--subject-prefix=PATCH", "--binary"])
            .args(&[
                "--no-color",
                "--no-ext-diff",
                "--no-textconv",
                "--no-relative",
            ])
            .args(&["--src-prefix=a/", "--dst-prefix=b/", "--unified=3"])
            .args(&["--inter-hunk-context=0", "--submodule=short"])
            .args(&["--ignore-submodules=none", "-O/dev/null"])
            .args(&[commit.as_str()])
            .run()?;
        Ok(mail::with_carriage_returns_kept(mail))
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
