//! Paths as a proposal writes them, and who mentions which path.

use std::collections::HashMap;

use super::repair::DropReason;

pub(super) enum Target {
    File(usize),
    /// With a closing slash; empty for the root.
    Folder(String),
}

/// Removes redundant parts from a path.
pub(super) fn normalized(written: &str) -> Result<String, DropReason> {
    if written.starts_with('/') || written.trim().is_empty() || written.contains('\0') {
        return Err(DropReason::NoPath);
    }
    let parts: Vec<&str> = written
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    if parts.contains(&"..") {
        return Err(DropReason::NoPath);
    }
    Ok(parts.join("/"))
}

/// The mentions of files and folders.
pub(super) struct Mentions<T> {
    files: HashMap<usize, Vec<T>>,
    folders: HashMap<String, Vec<T>>,
}

impl<T: Copy + PartialEq> Mentions<T> {
    pub(super) fn new() -> Self {
        Self {
            files: HashMap::new(),
            folders: HashMap::new(),
        }
    }

    pub(super) fn add(&mut self, place: Target, by: T) {
        let all = match place {
            Target::File(file) => self.files.entry(file).or_default(),
            Target::Folder(folder) => self.folders.entry(folder).or_default(),
        };
        // Each proposer adds all of its paths before the next, so a repeated mention is always the last.
        if all.last() != Some(&by) {
            all.push(by);
        }
    }

    /// Returns who mentions a file most exactly, and how exactly: the length of the folder's path, or the maximum for
    /// the file itself.
    pub(super) fn of(&self, file: usize, path: &str) -> (usize, &[T]) {
        if let Some(all) = self.files.get(&file) {
            return (usize::MAX, all);
        }
        let above = path.rmatch_indices('/').map(|(at, _)| at + 1);
        above
            .chain([0])
            .find_map(|length| Some((length, self.folders.get(&path[..length])?.as_slice())))
            .unwrap_or((0, &[]))
    }
}
