//! Finds the files that are binary, generated or vendored by the `.gitattributes` of the base.
//!
//! They are read from the base's tree, never from a checkout, so that a plan depends on the base alone.

use std::path::{Path, PathBuf};

use gix_attributes::StateRef;
use gix_attributes::glob::pattern::Case;
use gix_attributes::search::{MetadataCollection, Outcome};

use super::entries::{Entry, EntryKind};
use super::error::GitError;
use super::objects::Objects;

const BINARY: &str = "binary";
const GENERATED: &str = "linguist-generated";
const VENDORED: &str = "linguist-vendored";

/// What the attributes say about a path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) binary: bool,
    pub(crate) generated: bool,
    /// `Some(false)` if the attributes say that the file is not vendored, whatever its name.
    pub(crate) vendored: Option<bool>,
}

/// The rules of all `.gitattributes` files of a tree (gitattributes(5)).
pub(crate) struct Attributes {
    search: gix_attributes::Search,
    outcome: Outcome,
}

impl Attributes {
    /// Reads the rules of the tree with these entries.
    pub(crate) fn read(entries: &[Entry], objects: &Objects) -> Result<Self, GitError> {
        let mut known = MetadataCollection::default();
        let mut search = gix_attributes::Search::new_globals(
            std::iter::empty::<PathBuf>(),
            &mut Vec::new(),
            &mut known,
        )
        .map_err(|source| unreadable(Path::new(".gitattributes"), source))?;
        let mut files: Vec<(&str, &Entry)> = entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::File)
            .filter_map(|entry| Some((std::str::from_utf8(&entry.path).ok()?, entry)))
            .filter(|(path, _)| *path == ".gitattributes" || path.ends_with("/.gitattributes"))
            .collect();
        // Later lists win, so the rules of a deeper folder come after the rules of the folders above it.
        files.sort_by_key(|(path, _)| path.matches('/').count());
        let mut buffer = Vec::new();
        for (path, entry) in files {
            search
                .add_patterns_buffer(
                    objects
                        .blob(entry.blob, &mut buffer)
                        .map_err(|error| error.in_file(path))?,
                    path.into(),
                    Some(Path::new("")),
                    &mut known,
                    path == ".gitattributes",
                )
                .map_err(|source| unreadable(Path::new(path), source))?;
        }
        let mut outcome = Outcome::default();
        outcome.initialize_with_selection(&known, [BINARY, GENERATED, VENDORED]);
        Ok(Self { search, outcome })
    }

    /// Returns what the attributes say about this path.
    pub(crate) fn marks(&mut self, path: &str) -> Marks {
        self.outcome.reset();
        self.search.pattern_matching_relative_path(
            path.as_bytes().into(),
            Case::Sensitive,
            Some(false),
            &mut self.outcome,
        );
        let mut marks = Marks::default();
        for found in self.outcome.iter_selected() {
            let on = match found.assignment.state {
                StateRef::Set => Some(true),
                StateRef::Value(value) => Some(value.as_bstr() == "true"),
                StateRef::Unset => Some(false),
                StateRef::Unspecified => None,
            };
            match found.assignment.name.as_str() {
                BINARY => marks.binary = on == Some(true),
                GENERATED => marks.generated = on == Some(true),
                VENDORED => marks.vendored = on,
                _ => {}
            }
        }
        marks
    }
}

fn unreadable(path: &Path, source: std::io::Error) -> GitError {
    GitError::Io {
        what: "cannot read the rules of",
        path: path.to_path_buf(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::repository;

    #[test]
    fn attributes_of_a_deeper_folder_win() {
        let it = repository(&[
            (
                ".gitattributes",
                "*.bin binary\ngen/** linguist-generated\n",
            ),
            ("gen/.gitattributes", "hand.js -linguist-generated\n"),
            ("gen/hand.js", ""),
            ("gen/made.js", ""),
            ("src/logo.bin", ""),
            ("src/main.js", ""),
        ]);
        let base = it.repo.base(None, None).unwrap();
        let entries = it.repo.entries(&base.id).unwrap();
        let mut rules = Attributes::read(&entries, &it.repo.objects().unwrap()).unwrap();
        assert!(rules.marks("gen/made.js").generated);
        assert_eq!(rules.marks("gen/hand.js"), Marks::default());
        assert!(rules.marks("src/logo.bin").binary);
        assert_eq!(rules.marks("src/main.js"), Marks::default());
    }

    #[test]
    fn what_is_said_to_be_vendored_is_told_from_what_is_not_spoken_of() {
        let it = repository(&[(
            ".gitattributes",
            "lib/ext/** linguist-vendored\nvendor/ours/** linguist-vendored=false\n",
        )]);
        let base = it.repo.base(None, None).unwrap();
        let entries = it.repo.entries(&base.id).unwrap();
        let mut rules = Attributes::read(&entries, &it.repo.objects().unwrap()).unwrap();
        assert_eq!(rules.marks("lib/ext/a.js").vendored, Some(true));
        assert_eq!(rules.marks("vendor/ours/a.js").vendored, Some(false));
        assert_eq!(rules.marks("vendor/a.js").vendored, None);
    }
}
