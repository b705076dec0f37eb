//! A path that a unit changed, as an entry of a tree: what it is, not what it says.

/// A path that a unit changed. A side is `None` where there is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangedEntry {
    /// The path from the root.
    pub(crate) path: String,
    pub(crate) before: Option<Entry>,
    pub(crate) after: Option<Entry>,
    /// Whether the unit's claim names this very path.
    pub(crate) is_named: bool,
    /// Whether it is a lock file, and no manifest that it follows from changed.
    pub(crate) is_lone_lock_file: bool,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The id of its content.
    pub(crate) id: String,
    pub(crate) kind: EntryKind,
    /// The size in bytes.
    pub(crate) size: u64,
}

/// The kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Executable,
    Symlink,
    /// A repository of its own.
    Submodule,
}

impl ChangedEntry {
    /// Checks whether the entry is of this kind now, and was not before, or had another content.
    pub(super) fn is_new_or_changed(&self, kind: EntryKind) -> bool {
        self.after.as_ref().is_some_and(|after| after.kind == kind) && self.before != self.after
    }
}
