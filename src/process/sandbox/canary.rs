//! A program that tries what no worker may do, and what every worker must be able to do. The probe starts it in a
//! sandbox and judges by what it could do, as it says and as is seen from outside.

use std::fs::{self, OpenOptions};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::kill;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::process::Capture;

/// The longest time that one call of a program may take.
const LIMIT: Duration = Duration::from_secs(20);

/// A value of the system that root may set; it is only opened.
const SYSTEM_SETTING: &str = "/proc/sys/kernel/domainname";

/// The places that the canary tries.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    /// A folder that may be read.
    pub(super) shown: PathBuf,
    /// A file in a hidden folder of it.
    pub(super) secret: PathBuf,
    /// A socket in that folder.
    pub(super) socket: PathBuf,
    /// A folder that may be written to.
    pub(super) own: PathBuf,
}

impl Ground {
    /// Names the places in the canary's folder.
    pub(super) fn in_folder(folder: &Path) -> Self {
        let shown = folder.join("shown");
        let hidden = shown.join("hidden");
        Self {
            secret: hidden.join("key"),
            socket: hidden.join("socket"),
            own: folder.join("own"),
            shown,
        }
    }

    /// The file that a forbidden write makes.
    pub(super) fn written(&self) -> PathBuf {
        self.shown.join("written")
    }
}

/// What the canary could do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Attempts {
    /// What no worker may do and the canary did.
    pub broke: Vec<String>,
    /// What every worker must be able to do and the canary could not.
    pub could_not: Vec<String>,
    pub signals: bool,
    pub abstract_sockets: bool,
    pub nests: bool,
}

/// Tries everything in the canary's folder. `runner` is a process outside, and `name` an abstract socket of it.
#[must_use]
pub fn attempt(folder: &Path, runner: i32, name: &str) -> Attempts {
    let ground = Ground::in_folder(folder);
    let forbidden = [
        (
            "write to another file",
            fs::write(ground.written(), "x").is_ok(),
        ),
        ("read a hidden file", fs::read(&ground.secret).is_ok()),
        (
            "connect to a hidden socket",
            UnixStream::connect(&ground.socket).is_ok(),
        ),
        ("remount a file system", can_remount(&ground.shown)),
        ("make a disk", can_make_disk(&ground.own)),
        (
            "change a setting of the system",
            OpenOptions::new().write(true).open(SYSTEM_SETTING).is_ok(),
        ),
    ];
    let needed = [
        (
            "write to its own folder",
            fs::write(ground.own.join("mine"), "x").is_ok(),
        ),
        ("read another file", fs::read_dir("/etc").is_ok()),
        ("make a commit", can_commit(&ground.own)),
    ];
    let names = |tried: &[(&str, bool)], result: bool| {
        let such = tried.iter().filter(|(_, could)| *could == result);
        such.map(|(name, _)| (*name).to_owned()).collect()
    };
    Attempts {
        broke: names(&forbidden, true),
        could_not: names(&needed, false),
        signals: kill(Pid::from_raw(runner), None).is_ok(),
        abstract_sockets: reaches_abstract(name),
        nests: nests(),
    }
}

/// Calls git as a worker does.
fn can_commit(own: &Path) -> bool {
    let git = |args: &[&str]| {
        let call = Capture::new("git").args(args).dir(own).limit(LIMIT);
        let call = call.env("GIT_CONFIG_NOSYSTEM", "1");
        let call = call.env("GIT_CONFIG_GLOBAL", "/dev/null");
        call.run().is_ok_and(|out| out.status.success())
    };
    git(&["init", "--quiet"])
        && git(&[
            "-c",
            "user.name=canary",
            "-c",
            "user.email=canary@localhost",
            "commit",
            "--quiet",
            "--allow-empty",
            "--message",
            "canary",
        ])
}

/// Tries a sandbox inside of this one.
fn nests() -> bool {
    let inner = [
        "--unshare-user",
        "--unshare-pid",
        "--ro-bind",
        "/",
        "/",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "true",
    ];
    let call = Capture::new(super::bwrap::PROGRAM).args(inner).limit(LIMIT);
    call.run().is_ok_and(|out| out.status.success())
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "mount(2) with valid strings")]
fn can_remount(place: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let Ok(place) = std::ffi::CString::new(place.as_os_str().as_bytes()) else {
        return false;
    };
    let none = std::ptr::null();
    let flags = nix::libc::MS_REMOUNT | nix::libc::MS_BIND;
    // SAFETY: the path ends with a zero, and a remount reads neither source nor type.
    unsafe { nix::libc::mount(none, place.as_ptr(), none, flags, none.cast()) == 0 }
}

#[cfg(target_os = "linux")]
fn can_make_disk(own: &Path) -> bool {
    use nix::sys::stat::{Mode, SFlag, makedev, mknod};
    // A disk in memory, which no system uses.
    mknod(
        &own.join("disk"),
        SFlag::S_IFBLK,
        Mode::S_IRWXU,
        makedev(1, 15),
    )
    .is_ok()
}

#[cfg(target_os = "linux")]
fn reaches_abstract(name: &str) -> bool {
    use std::os::linux::net::SocketAddrExt;
    let address = std::os::unix::net::SocketAddr::from_abstract_name(name);
    address.is_ok_and(|address| UnixStream::connect_addr(&address).is_ok())
}

#[cfg(not(target_os = "linux"))]
fn can_remount(_: &Path) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
fn can_make_disk(_: &Path) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
fn reaches_abstract(_: &str) -> bool {
    false
}
