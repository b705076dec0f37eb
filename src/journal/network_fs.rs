//! Detects network file systems, whose locks and shared memory are not reliable enough for SQLite. Knows mounts and the
//! kinds of file systems, and nothing of the content of the journal.

use std::path::Path;

/// The kinds of file systems whose files lie on another machine, as the operating system names them.
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

/// Returns the kind of the network file system that holds `path`, which need not exist yet. Returns `None` for a local
/// or unknown file system.
pub(super) fn detect(path: &Path) -> Option<String> {
    let existing = path.ancestors().find(|ancestor| ancestor.exists())?;
    kind(existing).filter(|kind| is_network(kind))
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
    kind_of_device(&device, &mounts).map(str::to_owned)
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

/// Looks up the kind of file system on a device (`major:minor`) in the kernel's table of mounts.
#[cfg(target_os = "linux")]
fn kind_of_device<'m>(device: &str, mounts: &'m str) -> Option<&'m str> {
    mounts.lines().find_map(|line| {
        let (mount, file_system) = line.split_once(" - ")?;
        let found = mount.split(' ').nth(2)? == device;
        found.then(|| file_system.split(' ').next()).flatten()
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
    fn a_mount_is_found_by_its_device() {
        assert_eq!(kind_of_device("254:0", MOUNTS), Some("ext4"));
        assert_eq!(kind_of_device("0:51", MOUNTS), Some("nfs4"));
        assert_eq!(kind_of_device("0:52", MOUNTS), Some("fuse.sshfs"));
        assert_eq!(kind_of_device("0:53", MOUNTS), None);
    }

    #[test]
    fn only_file_systems_on_another_machine_are_network_file_systems() {
        assert!(is_network("nfs4") && is_network("cifs") && is_network("fuse.sshfs"));
        assert!(!is_network("ext4") && !is_network("tmpfs") && !is_network("fuse.ntfs"));
    }

    #[test]
    fn a_missing_path_is_judged_by_its_nearest_existing_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert!(kind(folder.path()).is_some());
        assert_eq!(detect(&folder.path().join("deep/journal.db")), None);
    }
}
