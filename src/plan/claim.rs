//! Decides who owns which path: proves that no two claims overlap, and judges every path that a unit changed.
//!
//! This file works on names alone and takes only the kind of a change from git. It does not ask the file system, so
//! that one proof holds on every machine: names that any file system treats as equal are equal here.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use super::model::Unit;
use super::unit_id::UnitId;
use crate::git::ChangeKind;

/// Returns the form in which two names are compared. Names with the same form may be one file on some machine.
///
/// The form is NFC, upper-cased and then lower-cased letter by letter. The detour over upper case unites letters that
/// lower-casing alone keeps apart (`ς` and `σ`, `ß` and `ss`), as case-insensitive file systems do.
#[must_use]
pub(crate) fn fold(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    path.nfc()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfc()
        .collect()
}

/// One entry of a claim, as an error points at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimEntry {
    /// The unit's place in the plan.
    pub(crate) index: usize,
    pub(crate) unit: UnitId,
    /// The path or `folder/` as the claim spells it.
    pub(crate) path: String,
}

/// Why the claims of a plan do not hold together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OwnershipError {
    #[error(
        "{:?} is claimed by unit '{}' and {}by unit '{}': a path belongs to one unit only, remove it from one of them",
        .second.path, .second.unit, spelled(&.first.path, &.second.path), .first.unit
    )]
    Overlap {
        first: Box<ClaimEntry>,
        second: Box<ClaimEntry>,
    },
}

fn spelled(first: &str, second: &str) -> String {
    if first == second {
        String::new()
    } else {
        format!("(as {first:?}, the same name on some file systems) ")
    }
}

/// Why a unit may not change a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScopeViolation {
    #[error("it belongs to unit '{0}'")]
    Other(UnitId),
    #[error("it is not among the files that this unit claims")]
    Unclaimed,
    #[error("this unit may not create files there")]
    NotCreatable,
    #[error("some file systems take its name for that of {0:?}")]
    SameName(String),
    #[error("{0:?} is a file, and would have to become a folder")]
    BelowFile(String),
    #[error("its name is a folder in which unit '{0}' may create files")]
    IsFolder(UnitId),
    #[error("its name is not UTF-8, so no claim can hold it")]
    NotUtf8,
}

#[derive(Debug, Clone)]
struct Owned {
    unit: usize,
    /// One name, or several where a unit claims files whose names fold to the same form.
    spellings: Vec<String>,
}

/// The claims of all units, proven disjoint.
#[derive(Debug, Clone)]
pub(crate) struct Ownership {
    units: Vec<UnitId>,
    /// Claimed files and exact paths to create, by their folded name.
    paths: HashMap<String, Owned>,
    /// Folders in which units may create files, folded and without the closing slash; the root is the empty name.
    folders: HashMap<String, Owned>,
    /// Tracked names that are in no claim, by their folded name.
    tracked: HashMap<String, String>,
}

impl Ownership {
    /// Proves that no path is in two claims. `tracked` holds all tracked paths of the base, because an added file must
    /// not take the name of a tracked file in another spelling.
    pub(crate) fn prove<'a>(
        units: &[Unit],
        tracked: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, OwnershipError> {
        let mut proof = Self {
            units: units.iter().map(|unit| unit.id.clone()).collect(),
            paths: HashMap::new(),
            folders: HashMap::new(),
            tracked: HashMap::new(),
        };
        for (index, unit) in units.iter().enumerate() {
            for path in &unit.claim.files {
                proof.claim(index, path)?;
            }
            for path in &unit.claim.create {
                proof.claim(index, path)?;
            }
        }
        for path in tracked {
            let folded = fold(path);
            if !proof.paths.contains_key(&folded) {
                proof.tracked.insert(folded, path.to_owned());
            }
        }
        Ok(proof)
    }

    fn claim(&mut self, unit: usize, path: &str) -> Result<(), OwnershipError> {
        let folder = folder_name(path);
        let (claims, name) = match folder {
            Some(folder) => (&mut self.folders, folder),
            None => (&mut self.paths, path),
        };
        let owned = claims.entry(fold(name)).or_insert_with(|| Owned {
            unit,
            spellings: Vec::new(),
        });
        if owned.unit == unit {
            owned.spellings.push(path.to_owned());
            return Ok(());
        }
        Err(OwnershipError::Overlap {
            first: Box::new(ClaimEntry {
                index: owned.unit,
                unit: self.units[owned.unit].clone(),
                path: owned.spellings[0].clone(),
            }),
            second: Box::new(ClaimEntry {
                index: unit,
                unit: self.units[unit].clone(),
                path: path.to_owned(),
            }),
        })
    }

    /// Checks whether the unit at the place `unit` may change the path in this way.
    pub(crate) fn allows(
        &self,
        unit: usize,
        path: &[u8],
        change: ChangeKind,
    ) -> Result<(), ScopeViolation> {
        let path = str::from_utf8(path).map_err(|_| ScopeViolation::NotUtf8)?;
        let folded = fold(path);
        let claimed = self.paths.get(&folded);
        if let Some(other) = claimed.filter(|owned| owned.unit != unit) {
            return Err(ScopeViolation::Other(self.units[other.unit].clone()));
        }
        let ours = claimed.is_some_and(|owned| owned.spellings.iter().any(|name| name == path));
        match change {
            _ if ours => Ok(()),
            ChangeKind::Modified | ChangeKind::Deleted => Err(ScopeViolation::Unclaimed),
            ChangeKind::Added => self.may_add(unit, path, &folded),
        }
    }

    fn may_add(&self, unit: usize, path: &str, folded: &str) -> Result<(), ScopeViolation> {
        if let Some(owned) = self.paths.get(folded) {
            return Err(ScopeViolation::SameName(owned.spellings.join(", ")));
        }
        if let Some(name) = self.tracked.get(folded) {
            return Err(if name == path {
                ScopeViolation::Unclaimed
            } else {
                ScopeViolation::SameName(name.clone())
            });
        }
        if let Some(folder) = self.folders.get(folded) {
            return Err(ScopeViolation::IsFolder(self.units[folder.unit].clone()));
        }
        for above in ancestors(folded).filter(|above| !above.is_empty()) {
            if let Some(file) = self.paths.get(above).filter(|file| file.unit != unit) {
                return Err(ScopeViolation::BelowFile(file.spellings.join(", ")));
            }
            if let Some(name) = self.tracked.get(above) {
                return Err(ScopeViolation::BelowFile(name.clone()));
            }
        }
        match ancestors(folded).find_map(|above| self.folders.get(above)) {
            Some(owner) if owner.unit == unit => Ok(()),
            Some(owner) => Err(ScopeViolation::Other(self.units[owner.unit].clone())),
            None => Err(ScopeViolation::NotCreatable),
        }
    }
}

/// Returns the folder that a `create` entry stands for, without the closing slash; `None` for an exact path.
fn folder_name(entry: &str) -> Option<&str> {
    if entry == "./" {
        Some("")
    } else {
        entry.strip_suffix('/')
    }
}

/// Returns the folders that hold `path`, the deepest first and the root (an empty name) last.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| {
        (!path.is_empty()).then(|| path.rsplit_once('/').map_or("", |(folder, _)| folder))
    })
    .skip(1)
}

/// Chooses the folders in which each unit may create files by default: every folder that holds claimed files goes to
/// the unit with most files in it, of equals to the first. Takes the files of each unit, returns its `create`.
#[must_use]
pub(crate) fn default_create_folders<S: AsRef<str>>(units: &[Vec<S>]) -> Vec<Vec<String>> {
    // By folded name: the number of files of each unit, and the first spelling of the folder in path order.
    let mut folders: HashMap<String, (HashMap<usize, usize>, &str)> = HashMap::new();
    for (unit, files) in units.iter().enumerate() {
        for file in files {
            let folder = ancestors(file.as_ref()).next().unwrap_or("");
            let (counts, spelling) = folders
                .entry(fold(folder))
                .or_insert_with(|| (HashMap::new(), folder));
            *counts.entry(unit).or_default() += 1;
            *spelling = (*spelling).min(folder);
        }
    }
    let mut create = vec![Vec::new(); units.len()];
    for (counts, spelling) in folders.into_values() {
        let most = counts
            .into_iter()
            .max_by_key(|&(unit, files)| (files, std::cmp::Reverse(unit)));
        if let Some((unit, _)) = most {
            create[unit].push(match spelling {
                "" => "./".to_owned(),
                folder => format!("{folder}/"),
            });
        }
    }
    for folders in &mut create {
        folders.sort();
    }
    create
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::model::{Claim, Size};

    fn units(claims: &[(&[&str], &[&str])]) -> Vec<Unit> {
        let owned = |paths: &[&str]| paths.iter().map(ToString::to_string).collect();
        claims
            .iter()
            .enumerate()
            .map(|(index, (files, create))| Unit {
                id: UnitId::parse(&format!("u{index}")).unwrap(),
                title: String::new(),
                description: None,
                agent: None,
                needs: Vec::new(),
                claim: Claim {
                    files: owned(files),
                    create: owned(create),
                },
                size: Size::default(),
                owners: Vec::new(),
            })
            .collect()
    }

    fn id(text: &str) -> UnitId {
        UnitId::parse(text).unwrap()
    }

    #[test]
    fn names_that_are_equal_on_some_file_system_fold_to_one() {
        assert_eq!(fold("Src/Caf\u{e9}"), fold("src/cafe\u{301}"));
        assert_eq!(fold("ΑΣ"), fold("ας"));
        assert_ne!(fold("a/b"), fold("a-b"));
    }

    #[test]
    fn a_path_in_two_claims_is_refused_in_any_spelling() {
        let error =
            Ownership::prove(&units(&[(&["a/X.js"], &[]), (&["a/x.js"], &[])]), []).unwrap_err();
        insta::assert_snapshot!(
            error,
            @"\"a/x.js\" is claimed by unit 'u1' and (as \"a/X.js\", the same name on some file systems) by unit 'u0': \
            a path belongs to one unit only, remove it from one of them"
        );
        assert!(Ownership::prove(&units(&[(&["b"], &["A/"]), (&["c"], &["a/"])]), []).is_err());
        assert!(Ownership::prove(&units(&[(&["b"], &[]), (&["c"], &["b"])]), []).is_err());
    }

    #[test]
    fn only_claimed_files_may_be_changed_or_deleted() {
        let proof = Ownership::prove(
            &units(&[(&["a/x", "a/X"], &["a/"]), (&["b/x"], &[])]),
            ["a/x", "a/X", "b/x", "a/free"],
        )
        .unwrap();
        for change in [ChangeKind::Modified, ChangeKind::Deleted] {
            assert_eq!(proof.allows(0, b"a/x", change), Ok(()));
            assert_eq!(proof.allows(0, b"a/X", change), Ok(()));
            assert_eq!(
                proof.allows(0, b"b/x", change),
                Err(ScopeViolation::Other(id("u1")))
            );
            assert_eq!(
                proof.allows(0, b"a/free", change),
                Err(ScopeViolation::Unclaimed),
                "a create-folder gives no right to what is there already"
            );
            assert_eq!(
                proof.allows(0, b"a/\xff", change),
                Err(ScopeViolation::NotUtf8)
            );
        }
    }

    #[test]
    fn the_deepest_create_folder_decides_who_may_add() {
        let proof = Ownership::prove(
            &units(&[(&["a/x"], &["./"]), (&["a/b/x"], &["a/b/", "a/one.txt"])]),
            ["a/x", "a/b/x", "Makefile"],
        )
        .unwrap();
        let add = |unit, path: &str| proof.allows(unit, path.as_bytes(), ChangeKind::Added);
        assert_eq!(add(0, "new"), Ok(()));
        assert_eq!(add(0, "a/c/new"), Ok(()));
        assert_eq!(add(0, "a/b/c/new"), Err(ScopeViolation::Other(id("u1"))));
        assert_eq!(add(1, "a/b/c/new"), Ok(()));
        assert_eq!(add(1, "a/one.txt"), Ok(()));
        assert_eq!(add(0, "a/one.txt"), Err(ScopeViolation::Other(id("u1"))));
        assert_eq!(
            add(0, "makefile"),
            Err(ScopeViolation::SameName("Makefile".into()))
        );
        assert_eq!(
            add(1, "a/b/X"),
            Err(ScopeViolation::SameName("a/b/x".into()))
        );
        assert_eq!(
            add(0, "Makefile/x"),
            Err(ScopeViolation::BelowFile("Makefile".into()))
        );
        assert_eq!(add(0, "A/B"), Err(ScopeViolation::IsFolder(id("u1"))));
    }

    #[test]
    fn without_a_create_folder_nothing_may_be_added() {
        let proof = Ownership::prove(&units(&[(&["a"], &[])]), ["a"]).unwrap();
        assert_eq!(
            proof.allows(0, b"b", ChangeKind::Added),
            Err(ScopeViolation::NotCreatable)
        );
    }

    #[test]
    fn a_folder_goes_to_the_unit_with_most_files_in_it() {
        let create = default_create_folders(&[
            vec!["a/1", "b/1", "top"],
            vec!["a/2", "A/3", "b/2"],
            vec!["top2"],
        ]);
        assert_eq!(create, [vec!["./", "b/"], vec!["A/"], vec![]]);
    }

    proptest! {
        #[test]
        fn a_new_path_has_at_most_one_owner(
            folders in proptest::collection::btree_set("([ab]/){0,3}", 0..8),
            files in proptest::collection::btree_set("([abAB]/){0,2}[xyXY]", 0..8),
            path in "([abAB]/){0,4}[xyzX]",
        ) {
            let mut claims = vec![Claim::default(); 3];
            for (index, folder) in folders.into_iter().enumerate() {
                let name = if folder.is_empty() { "./".to_owned() } else { folder };
                claims[index % 3].create.push(name);
            }
            let mut seen = std::collections::HashSet::new();
            for (index, file) in files.into_iter().enumerate() {
                if seen.insert(fold(&file)) {
                    claims[index % 3].files.push(file);
                }
            }
            let mut all = units(&[(&[], &[]), (&[], &[]), (&[], &[])]);
            for (unit, claim) in all.iter_mut().zip(claims) {
                unit.claim = claim;
            }
            let proof = Ownership::prove(&all, []).unwrap();
            for change in [ChangeKind::Added, ChangeKind::Modified, ChangeKind::Deleted] {
                let owners = (0..3).filter(|&unit| proof.allows(unit, path.as_bytes(), change).is_ok());
                prop_assert!(owners.count() <= 1);
            }
        }
    }
}
