//! Decides which repositories are opened: all that git opens, under the same configuration.
//!
//! libgit2 alone is a narrower door. It reads neither every form of `safe.directory` nor every source of it
//! (git-config(1)), and knows fewer extensions than git (gitrepository-layout(5)). So git is asked, and libgit2 opens
//! what git opens.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Once;

use super::error::GitError;
use crate::process::Capture;

/// Variables that point git to another repository or index. Git sets them for hooks (`git rev-parse --local-env-vars`,
/// except for the variables that hold settings).
pub(super) const REPOSITORY_VARIABLES: [&str; 15] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_ATTR_SOURCE",
];

/// Extensions that libgit2 does not know, and with which it reads and writes objects and settings as without them.
///
/// `refstorage` may name a format of refs that libgit2 cannot read: see [`has_readable_refs`].
const EXTENSIONS: [&str; 3] = ["partialclone", "noop-v1", "refstorage"];

static SET_UP: Once = Once::new();

/// Lets libgit2 open whatever [`check_by_git`] accepts. Only the first call has an effect.
pub(super) fn set_up_libgit2() {
    SET_UP.call_once(|| {
        // SAFETY: libgit2 requires that no other thread uses it while its settings change. Every use of libgit2 begins
        // with a repository that was discovered, and every discovery waits for this closure.
        #[expect(unsafe_code, reason = "libgit2's settings belong to the whole process")]
        let set = unsafe {
            git2::opts::set_verify_owner_validation(false)
                .and_then(|()| git2::opts::set_extensions(&EXTENSIONS))
        };
        if let Err(fault) = set {
            tracing::warn!("libgit2 cannot be set up: {}", fault.message());
        }
    });
}

/// Checks whether the refs are files, which libgit2 reads, and no reftable.
pub(super) fn has_readable_refs(repo: &git2::Repository) -> bool {
    let format = repo
        .config()
        .and_then(|config| config.get_string("extensions.refstorage"));
    format.map_or(true, |format| format == "files")
}

/// Checks that git opens the repository that holds `dir`. Git decides whom a repository must belong to (git-config(1),
/// `safe.directory`) and which extensions it may have.
pub(super) fn check_by_git(dir: &Path) -> Result<(), GitError> {
    let asked = ask(dir, "--git-dir")?;
    if asked.status.success() {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&asked.stderr);
    Err(GitError::NotOpened {
        dir: dir.to_path_buf(),
        reason: reason.trim().trim_start_matches("fatal: ").to_owned(),
    })
}

/// Returns the outermost project that the checkout is a submodule of, at whatever depth.
pub(super) fn outermost_superproject(checkout: &Path) -> Option<PathBuf> {
    let mut found = None;
    let mut dir = checkout.to_path_buf();
    let is_below_repository =
        |dir: &Path| dir.ancestors().skip(1).any(|dir| dir.join(".git").exists());
    while is_below_repository(&dir) {
        let answer = ask(&dir, "--show-superproject-working-tree").ok()?.stdout;
        let project = answer.strip_suffix(b"\n").unwrap_or(&answer);
        if project.is_empty() {
            break;
        }
        dir = PathBuf::from(OsStr::from_bytes(project));
        found = Some(dir.clone());
    }
    found
}

/// Asks git about the repository that holds `dir`.
fn ask(dir: &Path, flag: &str) -> Result<Output, GitError> {
    let asked = Capture::new("git")
        .args(["rev-parse", flag])
        .dir(dir)
        .without_variables(&REPOSITORY_VARIABLES)
        // A checkout may span file systems.
        .env("GIT_DISCOVERY_ACROSS_FILESYSTEM", "1")
        .env("LC_ALL", "C")
        .run()?;
    Ok(asked)
}
