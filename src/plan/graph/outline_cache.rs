//! Keeps what each text imports and declares from one plan to the next, in `<git common dir>/batch/cache/imports`.
//!
//! A blob never changes, so its cached outline stays valid until the code that reads it changes.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::cache_file;
use crate::git::Repo;
use crate::imports::{Language, Outline};

/// Unused outlines are kept until there are this many times as many of them as of used ones.
const SPARE: usize = 3;

/// A blob, and the language it was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct BlobKey {
    blob: [u8; 20],
    language: Option<Language>,
}

impl BlobKey {
    pub(super) fn new(blob: git2::Oid, language: Option<Language>) -> Self {
        let mut bytes = [0; 20];
        for (byte, of_id) in bytes.iter_mut().zip(blob.as_bytes()) {
            *byte = *of_id;
        }
        Self {
            blob: bytes,
            language,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum CachedText {
    Outline(Outline),
    /// The text of a manifest.
    Manifest(String),
}

#[derive(Debug)]
pub(super) struct OutlineCache {
    path: PathBuf,
    entries: HashMap<BlobKey, CachedText>,
}

impl OutlineCache {
    pub(super) fn open(repo: &Repo) -> Self {
        let path = repo.state_dir().join("cache/imports");
        let entries: Vec<(BlobKey, CachedText)> = cache_file::read(&path).unwrap_or_default();
        Self {
            path,
            entries: entries.into_iter().collect(),
        }
    }

    pub(super) fn holds(&self, key: &BlobKey) -> bool {
        self.entries.contains_key(key)
    }

    pub(super) fn outline(&self, key: &BlobKey) -> Option<&Outline> {
        match self.entries.get(key)? {
            CachedText::Outline(outline) => Some(outline),
            CachedText::Manifest(_) => None,
        }
    }

    pub(super) fn manifest(&self, key: &BlobKey) -> &str {
        match self.entries.get(key) {
            Some(CachedText::Manifest(text)) => text,
            _ => "",
        }
    }

    pub(super) fn add(&mut self, read: Vec<(BlobKey, CachedText)>) {
        self.entries.extend(read);
    }

    /// Removes unused outlines if there are many.
    pub(super) fn trim<'a>(&mut self, in_use: usize, keys: impl Iterator<Item = &'a BlobKey>) {
        if self.entries.len() > in_use * (1 + SPARE) {
            let keys: HashSet<&BlobKey> = keys.collect();
            self.entries.retain(|key, _| keys.contains(key));
        }
    }

    pub(super) fn save(&self) {
        let mut sorted: Vec<(&BlobKey, &CachedText)> = self.entries.iter().collect();
        sorted.sort_unstable_by_key(|(key, _)| **key);
        cache_file::write(&self.path, &sorted);
    }
}
