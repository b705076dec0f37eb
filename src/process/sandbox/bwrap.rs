//! Sandboxes by namespaces, through the program bubblewrap (bwrap(1)).

use std::ffi::OsString;
use std::path::Path;

use super::policy::{Access, Network, Policy};

/// The name of the program.
pub(super) const PROGRAM: &str = "bwrap";

/// The most that a worker may keep in a folder in memory, such as `/tmp`, in bytes.
const SCRATCH: u64 = 2 << 30;

/// Returns the arguments of bubblewrap before the worker's own program.
pub(super) fn arguments(policy: &Policy, dir: &Path) -> Vec<OsString> {
    let mut args: Vec<OsString> = words([
        "--die-with-parent",
        "--unshare-pid",
        "--unshare-ipc",
        "--cap-drop",
        "ALL",
        "--ro-bind",
        "/",
        "/",
        "--dev",
        "/dev",
        "--proc",
        "/proc",
    ]);
    let mut closed = Vec::new();
    for (path, access) in policy.differences() {
        match access {
            Access::Read => bind(&mut args, "--ro-bind", path, path),
            Access::Write => bind(&mut args, "--bind", path, path),
            Access::Scratch => {
                args.extend(words(["--size", &SCRATCH.to_string(), "--tmpfs"]));
                args.push(path.into());
            }
            Access::Hidden if path.is_dir() => {
                args.push("--tmpfs".into());
                args.push(path.into());
                closed.push(path);
            }
            Access::Hidden => bind(&mut args, "--ro-bind", Path::new("/dev/null"), path),
        }
    }
    // Only now: the folders in which something is shown are made first.
    for path in closed {
        args.push("--remount-ro".into());
        args.push(path.into());
    }
    if nix::unistd::geteuid().is_root() {
        // The files of the system's settings belong to root, who needs no capability to write to them.
        args.extend(words(["--remount-ro", "/proc"]));
    }
    if policy.network != Network::On {
        args.push("--unshare-net".into());
    }
    args.push("--chdir".into());
    args.push(dir.into());
    args.push("--".into());
    args
}

fn bind(args: &mut Vec<OsString>, how: &str, from: &Path, to: &Path) {
    args.push(how.into());
    args.push(from.into());
    args.push(to.into());
}

fn words<const N: usize>(words: [&str; N]) -> Vec<OsString> {
    words.into_iter().map(OsString::from).collect()
}
