//! What a partition is made from.

use std::collections::BTreeSet;

/// A file to put into a unit.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    pub path: &'a str,
    pub bytes: u64,
    /// Who reviews it: files of one number have the same owners. The number itself means nothing.
    pub owner: Option<u32>,
}

/// That two files are better changed and reviewed as one, because one imports the other or both are imported together.
#[derive(Debug, Clone, Copy)]
pub struct Tie {
    /// Two items by index; their order means nothing.
    pub a: usize,
    pub b: usize,
    /// In thousandths of a plain import of a file that nobody else imports.
    pub weight: u32,
}

/// What the owners of files mean for the units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerRule {
    /// A unit is rather of one owner than of several.
    Preferred,
    /// No unit has files of two owners, and none mixes files that have an owner with such that have none. There are
    /// more units than the range says only where there are more owners.
    Separate,
}

/// All that a partition is made from.
#[derive(Debug, Clone, Copy)]
pub struct PartitionInput<'a> {
    pub items: &'a [Item<'a>],
    pub ties: &'a [Tie],
    /// The folders that hold a manifest (`Cargo.toml`, `package.json`, …), from the root, without a closing slash.
    pub packages: &'a BTreeSet<String>,
    pub owners: OwnerRule,
}
