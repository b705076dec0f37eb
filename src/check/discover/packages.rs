//! The packages that a claim touches, and the folders in which to test them.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{relative_to, upward};

/// Package folders, each with the claimed folders in it.
pub(super) type Packages<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Up to this many packages get a command each, where one command cannot name several.
const MAX_COMMANDS: usize = 3;

/// Returns every folder of `packages` where they are few, else the one package above all of them, if there is one.
pub(super) fn folders_to_test<'a>(
    packages: &Packages<'a>,
    can_test: impl Fn(&str) -> bool,
) -> Vec<&'a str> {
    let each: Vec<&str> = packages.keys().copied().collect();
    if each.len() <= MAX_COMMANDS {
        return each;
    }
    let above_all = |folder: &&str| {
        each.iter()
            .all(|package| relative_to(folder, package).is_some())
    };
    upward(each[0])
        .filter(above_all)
        .find(|folder| can_test(folder))
        .map_or(each.clone(), |folder| vec![folder])
}
