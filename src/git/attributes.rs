//! Tells which files are binary or generated, by the `.gitattributes` of the base.
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
                    objects.blob(entry.blob, &mut buffer)?,
                    path.into(),
                    Some(Path::new("")),
                    &mut known,
                    path == ".gitattributes",
                )
                .map_err(|source| unreadable(Path::new(path), source))?;
        }
        let mut outcome = Outcome::default();
        outcome.initialize_with_selection(&known, [BINARY, GENERATED]);
        Ok(Self { search, outcome })
    }

    /// Returns `binary` or `generated` where an attribute says so about this path.
    pub(crate) fn reason_to_exclude(&mut self, path: &str) -> Option<&'static str> {
        self.outcome.reset();
        self.search.pattern_matching_relative_path(
            path.as_bytes().into(),
            Case::Sensitive,
            Some(false),
            &mut self.outcome,
        );
        self.outcome.iter_selected().find_map(|found| {
            let on = match found.assignment.state {
                StateRef::Set => true,
                StateRef::Value(value) => value.as_bstr() == "true",
                StateRef::Unset | StateRef::Unspecified => false,
            };
            match found.assignment.name.as_str() {
                BINARY if on => Some("binary"),
                GENERATED if on => Some("generated"),
                _ => None,
            }
        })
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
        assert_eq!(rules.reason_to_exclude("gen/made.js"), Some("generated"));
        assert_eq!(rules.reason_to_exclude("gen/hand.js"), None);
        assert_eq!(rules.reason_to_exclude("src/logo.bin"), Some("binary"));
        assert_eq!(rules.reason_to_exclude("src/main.js"), None);
    }
}
