//! How much disk space a checkout takes, and how many more checkouts the file system has space for.
//!
//! This file measures and compares; the scheduler decides what follows.

use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

use crate::git::{CommitId, GitError, Repo};
use crate::words;

/// The size of a folder, in blocks of the size that nearly all file systems have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Footprint {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

const BLOCK: u64 = 4096;

/// About how many bytes a file takes in git's index: 62 and its path (gitformat-index(5)).
const INDEX_ENTRY: u64 = 100;

impl Footprint {
    pub(crate) fn add(&mut self, size: u64) {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(size.next_multiple_of(BLOCK));
    }

    fn times(self, count: u64) -> Self {
        Self {
            files: self.files.saturating_mul(count),
            bytes: self.bytes.saturating_mul(count),
        }
    }

    /// Returns how many times `self` fits into `room`.
    fn goes_into(self, room: Self) -> u64 {
        (room.bytes / self.bytes.max(1)).min(room.files / self.files.max(1))
    }
}

/// The place of checkouts, and the size of each as far as it is known: the setup command may add to it.
#[derive(Debug, Clone)]
pub(crate) struct DiskSpace {
    place: PathBuf,
    pub(crate) each: Footprint,
}

/// The disk has no space for the checkouts of a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no room for {wanted}: {free} free at {}; {help}",
    place.display()
)]
pub struct NoDiskSpace {
    wanted: String,
    free: String,
    place: PathBuf,
    help: String,
}

impl DiskSpace {
    /// Measures the space at `place`, which need not exist yet, for checkouts of the commit with the `included` files.
    pub(crate) fn measure(
        repo: &Repo,
        commit: &CommitId,
        included: &[PathBuf],
        place: &Path,
    ) -> Result<Self, GitError> {
        let mut each = Footprint::default();
        let mut index = 0;
        for size in repo.sizes(commit)? {
            each.add(size);
            index += INDEX_ENTRY;
        }
        each.add(index);
        for size in repo.private_template(None)?.sizes() {
            each.add(size);
        }
        let place = place
            .ancestors()
            .find(|above| above.exists())
            .unwrap_or(place)
            .to_path_buf();
        // Where copies share their blocks, the included files take almost no space.
        if !shares_blocks(&place) {
            let entries = included
                .iter()
                .map(|path| walkdir::WalkDir::new(repo.root().join(path)))
                .flat_map(|walk| walk.follow_root_links(false));
            for entry in entries.filter_map(Result::ok) {
                each.add(entry.metadata().map_or(0, |meta| meta.len()));
            }
        }
        Ok(Self { place, each })
    }

    /// Returns what is free, where the system says so.
    #[allow(
        clippy::useless_conversion,
        reason = "on some systems these numbers are narrower"
    )]
    pub(crate) fn free(&self) -> Option<Footprint> {
        let told = statvfs(&self.place).ok()?;
        let size = u64::from(told.fragment_size());
        // Some file systems have no fixed number of files, and say 0.
        let files = match u64::from(told.files()) {
            0 => u64::MAX,
            _ => u64::from(told.files_available()),
        };
        Some(Footprint {
            files,
            bytes: u64::from(told.blocks_available()).saturating_mul(size),
        })
    }

    /// Returns how many more checkouts fit.
    pub(crate) fn more(&self) -> usize {
        self.free().map_or(usize::MAX, |free| {
            usize::try_from(self.each.goes_into(free)).unwrap_or(usize::MAX)
        })
    }

    /// Refuses when `at_once` checkouts do not fit at the same time; returns a note when `in_all` checkouts would not.
    pub(crate) fn check(
        &self,
        at_once: usize,
        in_all: usize,
        are_kept: bool,
    ) -> Result<Option<String>, NoDiskSpace> {
        let Some(free) = self.free() else {
            return Ok(None);
        };
        let fits = self.each.goes_into(free);
        if fits < at_once as u64 {
            let help = if are_kept {
                "make room, have worktrees elsewhere ([worktrees] dir), or plan fewer units"
                    .to_owned()
            } else if fits == 0 {
                "make room, or have worktrees elsewhere ([worktrees] dir)".to_owned()
            } else {
                format!("make room, or use -j {fits}")
            };
            return Err(self.none_for(at_once, free, help));
        }
        let all = self.each.times(in_all as u64);
        // Checks, agents and git write a little more.
        let is_tight = all.bytes > free.bytes / 10 * 9 || all.files > free.files / 10 * 9;
        Ok(is_tight.then(|| {
            format!(
                "room is tight: {in_all} worktrees take {} if all of them stand at the end, and {} free at {}",
                size(all, free),
                are_free(all, free),
                self.place.display()
            )
        }))
    }

    /// Refuses when not one more checkout fits.
    pub(crate) fn check_one(&self) -> Result<(), NoDiskSpace> {
        match self.free() {
            Some(free) if self.each.goes_into(free) == 0 => {
                let help = "make room, or have worktrees elsewhere ([worktrees] dir)".to_owned();
                Err(self.none_for(1, free, help))
            }
            _ => Ok(()),
        }
    }

    fn none_for(&self, count: usize, free: Footprint, help: String) -> NoDiskSpace {
        let each = size(self.each, free);
        NoDiskSpace {
            wanted: match count {
                1 => format!("a worktree of {each}"),
                _ => format!("{count} worktrees of {each} each"),
            },
            free: are_free(self.each, free),
            place: self.place.clone(),
            help,
        }
    }
}

/// Writes the size in whatever is scarcer, files or bytes.
fn size(wanted: Footprint, free: Footprint) -> String {
    if counts_files(wanted, free) {
        format!("{} files", wanted.files)
    } else {
        words::bytes(wanted.bytes)
    }
}

fn are_free(wanted: Footprint, free: Footprint) -> String {
    if counts_files(wanted, free) {
        format!("{} more files are", free.files)
    } else {
        format!("{} are", words::bytes(free.bytes))
    }
}

fn counts_files(wanted: Footprint, free: Footprint) -> bool {
    free.files / wanted.files.max(1) < free.bytes / wanted.bytes.max(1)
}

#[cfg(target_os = "linux")]
fn shares_blocks(place: &Path) -> bool {
    use nix::sys::statfs::{BTRFS_SUPER_MAGIC, XFS_SUPER_MAGIC, statfs};
    statfs(place)
        .is_ok_and(|told| [BTRFS_SUPER_MAGIC, XFS_SUPER_MAGIC].contains(&told.filesystem_type()))
}

#[cfg(not(target_os = "linux"))]
fn shares_blocks(_: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn footprint(files: u64, bytes: u64) -> Footprint {
        Footprint { files, bytes }
    }

    #[test]
    fn a_file_takes_whole_blocks() {
        let mut each = Footprint::default();
        for size in [0, 1, 4096, 4097] {
            each.add(size);
        }
        assert_eq!(each, footprint(4, 4 * BLOCK));
    }

    #[test]
    fn the_scarcer_of_files_and_bytes_decides() {
        let each = footprint(10, 1000);
        assert_eq!(each.goes_into(footprint(100, 2000)), 2);
        assert_eq!(each.goes_into(footprint(15, 1 << 40)), 1);
        assert_eq!(size(each, footprint(15, 1 << 40)), "10 files");
        assert_eq!(footprint(0, 0).goes_into(footprint(u64::MAX, 5)), 5);
    }
}
