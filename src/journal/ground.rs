//! On what the journal would stand: not on a file system of the network, where locks and shared memory do not hold what
//! they promise. Knows mounts and their kinds, and nothing of what is in the journal.

use std::path::Path;

/// Kinds of file systems whose files lie on another machine, as the system names them.
const NETWORK: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "afpfs",
    "webdav",
    "davfs",
    "fuse.davfs2",
    "fuse.sshfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.glusterfs",
    "afs",
    "ceph",
    "fuse.ceph",
    "lustre",
    "ncpfs",
    "coda",
    "beegfs",
];

/// The kind of the network file system that holds `path`, or would; `None` also where that cannot be told.
pub(super) fn network(path: &Path) -> Option<String> {
    let there = path.ancestors().find(|place| place.exists())?;
    kind(there).filter(|kind| is_network(kind))
}

fn is_network(kind: &str) -> bool {
    NETWORK.contains(&kind)
}

#[cfg(target_os = "linux")]
fn kind(path: &Path) -> Option<String> {
    let device = nix::sys::stat::stat(path).ok()?.st_dev;
    let device = format!(
        "{}:{}",
        nix::sys::stat::major(device),
        nix::sys::stat::minor(device)
    );
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    kind_of(&device, &mounts).map(str::to_owned)
}

#[cfg(target_vendor = "apple")]
fn kind(path: &Path) -> Option<String> {
    let mount = nix::sys::statfs::statfs(path).ok()?;
    Some(mount.filesystem_type_name().to_owned())
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn kind(_path: &Path) -> Option<String> {
    None
}

/// What the kernel's table of mounts says of a device (`major:minor`).
#[cfg(target_os = "linux")]
fn kind_of<'m>(device: &str, mounts: &'m str) -> Option<&'m str> {
    mounts.lines().find_map(|line| {
        let (place, what) = line.split_once(" - ")?;
        let found = place.split(' ').nth(2)? == device;
        found.then(|| what.split(' ').next()).flatten()
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:51 / /home rw,relatime shared:9 master:1 - nfs4 server:/home rw,vers=4.2
41 22 0:52 / /mnt/far rw - fuse.sshfs ada@host: rw,user_id=0
";

    #[test]
    fn a_mount_is_known_by_its_device() {
        assert_eq!(kind_of("254:0", MOUNTS), Some("ext4"));
        assert_eq!(kind_of("0:51", MOUNTS), Some("nfs4"));
        assert_eq!(kind_of("0:52", MOUNTS), Some("fuse.sshfs"));
        assert_eq!(kind_of("0:53", MOUNTS), None);
    }

    #[test]
    fn only_what_lies_on_another_machine_is_refused() {
        assert!(is_network("nfs4") && is_network("cifs") && is_network("fuse.sshfs"));
        assert!(!is_network("ext4") && !is_network("tmpfs") && !is_network("fuse.ntfs"));
    }

    #[test]
    fn a_place_that_is_still_to_be_made_is_judged_by_what_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        assert!(kind(folder.path()).is_some());
        assert_eq!(network(&folder.path().join("deep/journal.db")), None);
    }
}
