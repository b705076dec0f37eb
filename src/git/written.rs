//! How much a worker may have written before its work is stored: git copies every file into the repository's objects,
//! also those that only fill the disk.
//!
//! Files that git ignores are not stored and do not count.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::error::GitError;
use super::repo::Repo;
use super::write_limits::WriteLimits;
use crate::words;

/// More bytes of names than any usual limit allows.
const MOST_NAMES: usize = 64 << 20;

/// No person nests so many folders, and many programs break on their paths.
const DEEPEST: usize = 200;

impl Repo {
    /// Sets how much a worker may write.
    #[must_use]
    pub(crate) fn with_write_limits(mut self, limits: WriteLimits) -> Self {
        self.write_limits = limits;
        self
    }

    /// Refuses a worktree in which more was written than the limits allow. Reads no file.
    pub(super) fn refuse_too_much(&self, worktree: &Path, index: &Path) -> Result<(), GitError> {
        let limits = self.write_limits;
        let listed = self
            .git_in_worktree(worktree, index)
            .without_secrets()
            .args(&[
                "ls-files",
                "--others",
                "--modified",
                "--exclude-standard",
                "-z",
            ])
            .at_most(MOST_NAMES)
            .run();
        let too_much = |wrote: String, limit: String, setting: &'static str| GitError::TooMuch {
            wrote,
            limit,
            setting,
        };
        let files = |count: usize| words::count(count, "file");
        let listed = match listed {
            Err(GitError::Process(error)) if error.is_too_much_output() => {
                let wrote = format!("more than {}", files(limits.files));
                return Err(too_much(wrote, files(limits.files), "max-files"));
            }
            listed => listed?,
        };
        let names = || {
            listed
                .split(|byte| *byte == 0)
                .filter(|name| !name.is_empty())
        };
        let count = names().count();
        if count > limits.files {
            return Err(too_much(files(count), files(limits.files), "max-files"));
        }
        let depth = |name: &[u8]| memchr::memchr_iter(b'/', name).count();
        if let Some(deepest) = names().map(depth).max().filter(|depth| *depth > DEEPEST) {
            return Err(GitError::TooDeep {
                depth: deepest,
                most: DEEPEST,
            });
        }
        let sizes = names().map(|name| {
            let path = worktree.join(OsStr::from_bytes(name));
            path.symlink_metadata()
                .map_or(0, |meta| if meta.is_file() { meta.len() } else { 0 })
        });
        let bytes = sizes.fold(0, u64::saturating_add);
        if bytes > limits.bytes {
            let (wrote, limit) = (words::bytes(bytes), words::bytes(limits.bytes));
            return Err(too_much(wrote, limit, "max-bytes"));
        }
        Ok(())
    }
}
