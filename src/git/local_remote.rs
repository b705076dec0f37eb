//! Remotes that are repositories on this machine. Git starts their hooks as the user, so that a repository which
//! somebody else prepared could bring its remote along.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Checks whether an address leads to a repository on this machine that starts programs of its own for a push. A place
/// that the user has named by its full real path is the user's: nobody else knows where a folder will be unpacked.
pub(super) fn runs_programs(root: &Path, address: &str) -> bool {
    let Some(path) = local_path(address) else {
        return false;
    };
    let is_users = path.is_absolute() && path.canonicalize().is_ok_and(|real| real == path);
    if is_users {
        return false;
    }
    let place = root.join(path);
    let forms = ["", ".git", "/.git"].map(|ending| {
        let mut form = place.clone().into_os_string();
        form.push(ending);
        PathBuf::from(form)
    });
    let git = forms.iter().find(|form| form.join("objects").is_dir());
    git.is_some_and(|git| has_hooks(git) || has_programs(git))
}

/// Returns the path that an address is, by the rules of git-push(1), "GIT URLS".
fn local_path(address: &str) -> Option<&Path> {
    if let Some(path) = address.strip_prefix("file://") {
        return Some(Path::new(path));
    }
    let first = address.split('/').next().unwrap_or_default();
    (!first.contains(':')).then(|| Path::new(address))
}

fn has_hooks(git: &Path) -> bool {
    let entries = fs::read_dir(git.join("hooks"))
        .into_iter()
        .flatten()
        .flatten();
    let is_hook = |path: PathBuf| {
        let is_sample = path.extension().is_some_and(|it| it == "sample");
        let runs = |meta: fs::Metadata| meta.is_file() && meta.permissions().mode() & 0o111 != 0;
        !is_sample && path.metadata().is_ok_and(runs)
    };
    entries.map(|entry| entry.path()).any(is_hook)
}

/// Checks whether the settings of the remote may name programs: none of these stands in the settings of a usual bare
/// repository. A file that cannot be read may hold anything.
fn has_programs(git: &Path) -> bool {
    const NAMES: [&str; 5] = ["include", "hook", "command", "fsmonitor", "program"];
    let Ok(text) = fs::read(git.join("config")) else {
        return true;
    };
    let text = String::from_utf8_lossy(&text).to_ascii_lowercase();
    NAMES.iter().any(|name| text.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_of_a_remote_that_was_brought_along_count() {
        let tmp = tempfile::tempdir().unwrap();
        let root = tmp.path().canonicalize().unwrap();
        let (work, remote) = (root.join("work"), root.join("remote.git"));
        fs::create_dir(&work).unwrap();
        git2::Repository::init_bare(&remote).unwrap();
        let _ = fs::remove_dir_all(remote.join("hooks"));
        let runs = |address: &str| runs_programs(&work, address);
        assert!(!runs("../remote.git"));
        fs::create_dir(remote.join("hooks")).unwrap();
        let hook = remote.join("hooks/pre-receive");
        fs::write(&hook, "").unwrap();
        assert!(!runs("../remote"));
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        let around = root.join("work/../remote.git");
        for address in ["../remote", "../remote.git", &around.to_string_lossy()] {
            assert!(runs(address), "{address}");
        }
        for address in [
            &*remote.to_string_lossy(),
            "git@host:remote.git",
            "https://host/remote.git",
        ] {
            assert!(!runs(address), "{address}");
        }
        fs::remove_file(&hook).unwrap();
        fs::write(remote.join("config"), "[core]\n\thooksPath = x\n").unwrap();
        assert!(runs("../remote"));
    }
}
