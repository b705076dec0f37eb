//! The input of a partition: files, ties, packages and owners.

use std::collections::BTreeSet;

/// A file to put into a unit.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    pub path: &'a str,
    pub bytes: u64,
    /// The number of the file's group of owners. Files with the same number have the same owners; the number itself is
    /// arbitrary.
    pub owner: Option<u32>,
}

/// Two files are better changed and reviewed together, because one imports the other or both are imported together.
#[derive(Debug, Clone, Copy)]
pub struct Tie {
    /// Two items by index; their order is arbitrary.
    pub a: usize,
    pub b: usize,
    /// In thousandths of an import of a file that nothing else imports.
    pub weight: u32,
}

/// How the owners of files affect the units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerRule {
    /// A unit of one owner is preferred to a unit of several.
    Preferred,
    /// No unit mixes files of different owners, or files with and without owners. There are more units than the range
    /// allows only if there are more owners.
    Separate,
}

/// Everything that a partition is made from.
#[derive(Debug, Clone, Copy)]
pub struct PartitionInput<'a> {
    pub items: &'a [Item<'a>],
    pub ties: &'a [Tie],
    /// The folders that hold a manifest (`Cargo.toml`, `package.json`, …), from the root, without a closing slash.
    pub packages: &'a BTreeSet<String>,
    pub owners: OwnerRule,
}
