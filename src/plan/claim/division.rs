//! Divides changed paths among the units of a plan, where one run of a command made the changes of all of them.
//!
//! A path that a claim holds is that unit's. Any other path goes to the unit that it lies nearest to: the one that may
//! create files there, or else, of the units with files in the nearest folder above it that has any, the one with a
//! file of the same stem beside it (`a.ts` for `a.js`), or else the one with most files, of equals the first. So every
//! path has one unit, and a path has the same unit every time.

use std::collections::{BTreeMap, HashMap};

use super::names::{ancestors, fold, stem};
use crate::plan::model::Unit;

/// The places of units in the plan, by what decides on a path; names are folded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Division {
    claimed: HashMap<String, usize>,
    /// The folders in which units may create files.
    reserved: HashMap<String, usize>,
    /// How many files each unit has in a folder and below it.
    counts: HashMap<String, BTreeMap<usize, usize>>,
    /// The units by folder and stem of their files.
    stems: HashMap<(String, String), usize>,
}

impl Division {
    /// Reads the claims of the units. Where `needs` lets two units claim one path, it is the first one's.
    pub(crate) fn of(units: &[Unit]) -> Self {
        let mut division = Self::default();
        for (place, unit) in units.iter().enumerate() {
            for path in &unit.claim.files {
                let name = fold(path);
                for folder in ancestors(&name) {
                    let counts = division.counts.entry(folder.to_owned()).or_default();
                    *counts.entry(place).or_default() += 1;
                }
                division.stems.entry(place_and_stem(&name)).or_insert(place);
                division.claimed.entry(name).or_insert(place);
            }
            for path in &unit.claim.create {
                match path.strip_suffix('/') {
                    Some(".") => division.reserved.entry(String::new()).or_insert(place),
                    Some(folder) => division.reserved.entry(fold(folder)).or_insert(place),
                    None => division.claimed.entry(fold(path)).or_insert(place),
                };
            }
        }
        division
    }

    /// Returns the place in the plan of the unit that a changed path belongs to.
    pub(crate) fn unit_of(&self, path: &str) -> usize {
        let name = fold(path);
        if let Some(unit) = self.claimed.get(&name) {
            return *unit;
        }
        let mut above = ancestors(&name);
        if let Some(unit) = above.find_map(|folder| self.reserved.get(folder)) {
            return *unit;
        }
        if let Some(unit) = self.stems.get(&place_and_stem(&name)) {
            return *unit;
        }
        let near = ancestors(&name).find_map(|folder| self.counts.get(folder));
        let most = near
            .into_iter()
            .flatten()
            .max_by_key(|(unit, files)| (**files, std::cmp::Reverse(**unit)));
        // Where no unit begins with a file, the first one has what nobody reserves.
        most.map_or(0, |(unit, _)| *unit)
    }
}

/// Returns the folder of a path, and the stem of the file's name.
fn place_and_stem(path: &str) -> (String, String) {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    (folder.to_owned(), stem(file).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::model::{Claim, Size};
    use crate::plan::unit_id::UnitId;

    fn unit(id: &str, files: &[&str], create: &[&str]) -> Unit {
        let owned = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
        Unit {
            id: UnitId::parse(id).unwrap(),
            title: id.to_owned(),
            description: None,
            agent: None,
            needs: Vec::new(),
            claim: Claim {
                files: owned(files),
                create: owned(create),
            },
            size: Size::default(),
            owners: Vec::new(),
        }
    }

    #[test]
    fn every_path_has_the_unit_that_it_lies_nearest_to() {
        let division = Division::of(&[
            unit("a", &["src/a.js", "src/x/1.js"], &["gen/"]),
            unit(
                "b",
                &["src/b.js", "src/x/2.js", "src/x/3.js"],
                &["docs/b.md"],
            ),
            unit("c", &["src/a.js", "lib/c.js"], &[]),
        ]);
        for (path, expected) in [
            ("src/a.js", 0),
            ("src/A.js", 0),
            ("src/b.ts", 1),
            ("src/b.test.ts", 1),
            ("src/new.js", 1),
            ("src/x/new/deep.js", 1),
            ("gen/b.js", 0),
            ("docs/b.md", 1),
            ("lib/x.css", 2),
            ("package.json", 1),
            (".eslintrc.json", 1),
        ] {
            assert_eq!(division.unit_of(path), expected, "{path}");
        }
    }
}
