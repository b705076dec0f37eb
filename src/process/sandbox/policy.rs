//! What a worker may reach, as data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::limits::ResourceLimits;

/// What a worker may do with a file, or with a folder and everything below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The worker sees nothing of it.
    Hidden,
    /// The worker finds an empty folder of its own there, where the kind of sandbox can make one; else it is hidden.
    Scratch,
    Read,
    Write,
}

/// Which network a worker reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Network {
    #[default]
    On,
    /// The worker's own loopback alone: no other process is there.
    Loopback,
    Off,
}

/// What a worker may reach. Everything that is not named may be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// The access to each place; the longest path decides. Folders come before what is in them.
    places: BTreeMap<PathBuf, Access>,
    pub network: Network,
    /// The sockets of other processes that the worker may connect to.
    pub(super) sockets: Vec<PathBuf>,
    pub limits: ResourceLimits,
}

impl Policy {
    /// Sets the access to a place, and to everything below it that is not named. A place that does not exist is left
    /// out. A later call decides about the same place.
    pub fn set(&mut self, path: &Path, access: Access) {
        // Links are followed: a link is no place of its own, and what it leads to must not be reached past it.
        if let Ok(real) = path.canonicalize() {
            self.places.insert(real, access);
        }
    }

    /// Makes a place readable that lies in a hidden one.
    pub fn show(&mut self, path: &Path) {
        if let Ok(real) = path.canonicalize()
            && matches!(self.access(&real), Access::Hidden | Access::Scratch)
        {
            self.places.insert(real, Access::Read);
        }
    }

    /// Makes readable what a link leads to in a folder of temporary files. What is hidden for another reason stays so.
    pub fn show_linked(&mut self, target: &Path) {
        if let Ok(real) = target.canonicalize()
            && self.access(&real) == Access::Scratch
            && !self.is_scratch(&real)
        {
            self.places.insert(real, Access::Read);
        }
    }

    /// Makes a file readable that a command names in a folder of temporary files, together with the files beside it.
    /// Neither everybody's folder of temporary files is shown, nor anything that is hidden.
    pub(super) fn show_named(&mut self, path: &Path) {
        let Ok(real) = path.canonicalize() else {
            return;
        };
        if self.access(&real) != Access::Scratch || self.is_scratch(&real) {
            return;
        }
        let beside = real.parent().filter(|folder| !self.is_scratch(folder));
        let place = beside.map_or_else(|| real.clone(), Path::to_path_buf);
        self.places.insert(place, Access::Read);
    }

    /// Lets the worker connect to a socket.
    pub fn allow_socket(&mut self, path: &Path) {
        self.set(path, Access::Write);
        self.sockets.extend(path.canonicalize());
    }

    /// Returns the access to a path.
    pub(super) fn access(&self, path: &Path) -> Access {
        let named = path.ancestors().find_map(|above| self.places.get(above));
        named.copied().unwrap_or(Access::Read)
    }

    /// Checks whether a worker finds an empty folder of its own at just this place.
    pub(super) fn is_scratch(&self, path: &Path) -> bool {
        self.places.get(path) == Some(&Access::Scratch)
    }

    /// Lists the places whose access differs from that of the folder that they lie in; folders come before what is in
    /// them.
    pub(super) fn differences(&self) -> impl Iterator<Item = (&Path, Access)> {
        self.places.iter().filter_map(|(path, access)| {
            let around = path
                .parent()
                .map_or(Access::Read, |above| self.access(above));
            (*access != around).then_some((path.as_path(), *access))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_path_decides() {
        let tmp = tempfile::tempdir().unwrap();
        let root = tmp.path().canonicalize().unwrap();
        let inner = root.join("a/b/c");
        std::fs::create_dir_all(&inner).unwrap();
        let mut policy = Policy::default();
        policy.set(&root, Access::Hidden);
        policy.set(&inner, Access::Write);
        policy.set(&root.join("absent"), Access::Write);
        assert_eq!(policy.access(Path::new("/etc/passwd")), Access::Read);
        assert_eq!(policy.access(&root.join("a/b")), Access::Hidden);
        assert_eq!(policy.access(&inner.join("d")), Access::Write);
        policy.show(&inner);
        assert_eq!(policy.access(&inner), Access::Write);
        policy.show(&root.join("a"));
        assert_eq!(policy.access(&root.join("a/b")), Access::Read);
        let all: Vec<_> = policy.differences().collect();
        let expected = [
            (root.clone(), Access::Hidden),
            (root.join("a"), Access::Read),
            (inner.clone(), Access::Write),
        ];
        let expected: Vec<_> = expected.iter().map(|(path, to)| (&**path, *to)).collect();
        assert_eq!(all, expected);
    }

    #[test]
    fn what_a_command_names_is_shown_in_temporary_folders_alone() {
        let tmp = tempfile::tempdir().unwrap();
        let root = tmp.path().canonicalize().unwrap();
        for folder in ["tmp/work", "home"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in [
            "tmp/work/agent.sh",
            "tmp/work/helper.sh",
            "tmp/alone",
            "tmp/other",
            "home/key",
        ] {
            std::fs::write(root.join(file), "").unwrap();
        }
        std::os::unix::fs::symlink(root.join("home/key"), root.join("tmp/work/link")).unwrap();
        let mut policy = Policy::default();
        policy.set(&root.join("tmp"), Access::Scratch);
        policy.set(&root.join("home"), Access::Hidden);
        for named in ["tmp/alone", "tmp/work/link", "home/key", "tmp"] {
            policy.show_named(&root.join(named));
        }
        assert_eq!(policy.access(&root.join("tmp/alone")), Access::Read);
        assert_eq!(policy.access(&root.join("tmp/other")), Access::Scratch);
        assert_eq!(policy.access(&root.join("tmp/work")), Access::Scratch);
        assert_eq!(policy.access(&root.join("home/key")), Access::Hidden);
        policy.show_named(&root.join("tmp/work/agent.sh"));
        assert_eq!(
            policy.access(&root.join("tmp/work/helper.sh")),
            Access::Read
        );
        assert_eq!(policy.access(&root.join("tmp/other")), Access::Scratch);
    }

    #[test]
    fn what_a_link_leads_to_is_shown_in_temporary_folders_alone() {
        let tmp = tempfile::tempdir().unwrap();
        let root = tmp.path().canonicalize().unwrap();
        for folder in ["tmp/modules/keys", "home"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        let mut policy = Policy::default();
        policy.set(&root.join("tmp"), Access::Scratch);
        policy.set(&root.join("home"), Access::Hidden);
        policy.set(&root.join("tmp/modules/keys"), Access::Hidden);
        for target in ["tmp", "tmp/modules", "tmp/modules/keys", "home"] {
            policy.show_linked(&root.join(target));
        }
        assert_eq!(policy.access(&root.join("tmp/other")), Access::Scratch);
        assert_eq!(policy.access(&root.join("tmp/modules/a")), Access::Read);
        assert_eq!(
            policy.access(&root.join("tmp/modules/keys")),
            Access::Hidden
        );
        assert_eq!(policy.access(&root.join("home")), Access::Hidden);
    }

    #[test]
    fn a_link_is_followed() {
        let tmp = tempfile::tempdir().unwrap();
        let root = tmp.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("real")).unwrap();
        std::os::unix::fs::symlink(root.join("real"), root.join("link")).unwrap();
        let mut policy = Policy::default();
        policy.set(&root.join("link"), Access::Hidden);
        assert_eq!(policy.access(&root.join("real/file")), Access::Hidden);
    }
}
