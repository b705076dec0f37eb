//! The paths beyond the claims that units hold at a moment: what they created, and the companions that they adopted.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{ancestors, fold};

/// The paths that units hold beyond their claims.
#[derive(Debug, Clone, Default)]
pub(crate) struct HeldPaths {
    /// The places of the units in the plan, by the folded name of what they hold.
    by_name: BTreeMap<String, Vec<usize>>,
    /// The places of the units that created a numbered file, by folder and number.
    by_number: BTreeMap<(String, u64), Vec<usize>>,
}

impl HeldPaths {
    /// Takes in that the unit at this place in the plan edits a path that no claim holds.
    pub(crate) fn hold_companion(&mut self, unit: usize, path: &str) {
        self.by_name.entry(fold(path)).or_default().push(unit);
    }

    /// Takes in that the unit at this place in the plan created the path.
    pub(crate) fn hold_created(&mut self, unit: usize, path: &str) {
        self.hold_companion(unit, path);
        if let Some(numbered) = numbered(path) {
            self.by_number.entry(numbered).or_default().push(unit);
        }
    }

    /// Returns the units that created a file of the same number beside the file at `path`, as numbered migrations have
    /// it. Only units that `counts` accepts are looked at.
    pub(crate) fn of_same_number(
        &self,
        path: &str,
        counts: impl Fn(usize) -> bool,
    ) -> BTreeSet<usize> {
        let units = numbered(path).and_then(|number| self.by_number.get(&number));
        let units = units.into_iter().flatten().copied();
        units.filter(|unit| counts(*unit)).collect()
    }

    /// Returns the units that hold a path which cannot exist beside `folded`: the same path, a file where `folded` has
    /// a folder, or a path below `folded`. Only units that `counts` accepts are looked at.
    pub(super) fn in_the_way(
        &self,
        folded: &str,
        counts: impl Fn(usize) -> bool,
    ) -> BTreeSet<usize> {
        let at = |name: &str| self.by_name.get(name).into_iter().flatten();
        let prefix = format!("{folded}/");
        let below = self
            .by_name
            .range(prefix.clone()..)
            .take_while(|(name, _)| name.starts_with(&prefix))
            .flat_map(|(_, holders)| holders);
        let units = at(folded)
            .chain(ancestors(folded).flat_map(at))
            .chain(below);
        units.copied().filter(|unit| counts(*unit)).collect()
    }
}

/// Returns the folder and the number of a file in a numbered sequence, such as `0003_add_users.py`, `V12__users.sql` or
/// `20240131_users.rb`. One digit alone is no number of a sequence, unless a `V` stands before it.
fn numbered(path: &str) -> Option<(String, u64)> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let digits = name.trim_start_matches(['v', 'V']);
    let has_letter = name.len() - digits.len() == 1;
    let end = digits.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, rest) = digits.split_at(end);
    let is_number = name.len() - digits.len() <= 1 && (number.len() >= 2 || has_letter && end > 0);
    (is_number && rest.starts_with(['_', '-', '.']))
        .then(|| number.parse().ok())
        .flatten()
        .map(|number| (fold(folder), number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_sequences_are_read_and_other_names_are_not() {
        for (path, number) in [
            ("db/0003_users.sql", Some(3)),
            ("db/V12__users.sql", Some(12)),
            ("db/V1__users.sql", Some(1)),
            ("db/20240131120000-users.js", Some(20_240_131_120_000)),
            ("01-intro.md", Some(1)),
            ("db/3_users.sql", None),
            ("db/users_0003.sql", None),
            ("db/0003users.sql", None),
            ("db/VV3_users.sql", None),
            ("db/v_users.sql", None),
        ] {
            assert_eq!(numbered(path).map(|(_, number)| number), number, "{path}");
        }
    }

    #[test]
    fn a_held_path_is_in_the_way_of_itself_of_its_folders_and_of_what_is_below() {
        let mut held = HeldPaths::default();
        held.hold_created(1, "a/B/c.ts");
        let by = |path: &str| held.in_the_way(&fold(path), |_| true);
        for path in ["a/b/c.ts", "A/b", "a", "a/b/c.ts/x"] {
            assert_eq!(by(path), BTreeSet::from([1]), "{path}");
        }
        held.hold_companion(2, "a/b/C.ts");
        assert_eq!(
            held.in_the_way("a/b/c.ts", |_| true),
            BTreeSet::from([1, 2])
        );
        let by = |path: &str| held.in_the_way(&fold(path), |unit| unit != 1);
        assert_eq!(by("a/b/c.ts"), BTreeSet::from([2]));
        assert_eq!(by("a/b/d.ts"), BTreeSet::new());
    }
}
