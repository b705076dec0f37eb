//! Where the group of a process is, from the texts of proc(5). Pure.

use std::path::{Component, Path, PathBuf};

/// Returns the folder of the group of version 2 in which a process is. `mounts` is its `mountinfo` and `groups` its
/// `cgroup`.
pub(super) fn own_group(mounts: &str, groups: &str) -> Option<PathBuf> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        if !kind.starts_with("cgroup2 ") {
            return None;
        }
        let mut fields = mount.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        // A mount may show a part of the tree alone.
        let below = Path::new(own).strip_prefix(root).ok()?;
        let is_inside = below
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        // Joining nothing would add a slash.
        let folder = [Path::new(point), below].into_iter();
        is_inside.then(|| folder.flat_map(Path::components).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 27 0:21 / /proc rw,relatime - proc proc rw
31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate
36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices
";

    #[test]
    fn the_own_group_lies_below_the_mount() {
        let at = |mounts: &str, groups: &str| {
            own_group(mounts, groups).map(|path| path.display().to_string())
        };
        let scope = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-r1.scope\n";
        assert_eq!(
            at(MOUNTS, scope).as_deref(),
            Some(
                "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/run-r1.scope"
            )
        );
        let hybrid = "9:memory:/x\n0::/\n";
        assert_eq!(at(MOUNTS, hybrid).as_deref(), Some("/sys/fs/cgroup"));
        let part = MOUNTS.replace("0:28 / ", "0:28 /docker/abc ");
        assert_eq!(
            at(&part, "0::/docker/abc/x\n").as_deref(),
            Some("/sys/fs/cgroup/x")
        );
        assert_eq!(at(&part, "0::/elsewhere\n"), None);
        assert_eq!(at(MOUNTS, "0::/../outside\n"), None);
        assert_eq!(at(MOUNTS, "9:memory:/x\n"), None);
        assert_eq!(at("", "0::/\n"), None);
    }
}
