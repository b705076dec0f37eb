//! The packages that a claim touches, and which of them to name when they are many.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{from, upward};

/// Package folders, each with the claimed folders that it holds.
pub(super) type Packages<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Up to so many packages each get a command of their own where one command cannot name several.
const FEW: usize = 3;

/// Every folder of `packages` while they are few, else the package above them all, if there is one.
pub(super) fn gather<'a>(packages: &Packages<'a>, owns: impl Fn(&str) -> bool) -> Vec<&'a str> {
    let each: Vec<&str> = packages.keys().copied().collect();
    if each.len() <= FEW {
        return each;
    }
    let above_all = |folder: &&str| each.iter().all(|package| from(folder, package).is_some());
    upward(each[0])
        .filter(above_all)
        .find(|folder| owns(folder))
        .map_or(each.clone(), |folder| vec![folder])
}
