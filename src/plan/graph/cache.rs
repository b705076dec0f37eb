//! What texts say of other files, kept from one plan to the next in `<git common dir>/batch/cache/imports`.
//!
//! A blob never changes, so what is kept of it holds until its reader changes. Nothing depends on the file: where it is
//! missing, damaged or of another version, it is made anew, and where it cannot be written, the next plan reads again.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher};
use std::io::Write;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::git::Repo;
use crate::imports::{self, Language, Outline};

/// Stands before everything else; the last number is that of the format.
const MARK: &[u8] = b"batch imports 1\n";
/// What is not in use is kept until there is so many times as much of it as of what is.
const SPARE: usize = 3;

/// A blob, and what it was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Key {
    blob: [u8; 20],
    language: Option<Language>,
}

impl Key {
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
pub(super) enum Kept {
    Outline(Outline),
    /// The text of a manifest.
    Manifest(String),
}

#[derive(Debug)]
pub(super) struct Cache {
    path: PathBuf,
    kept: HashMap<Key, Kept>,
}

impl Cache {
    pub(super) fn open(repo: &Repo) -> Self {
        let path = repo.state_dir().join("cache/imports");
        let kept = std::fs::read(&path)
            .ok()
            .and_then(|bytes| decode(&bytes))
            .unwrap_or_default();
        Self {
            path,
            kept: kept.into_iter().collect(),
        }
    }

    pub(super) fn holds(&self, key: &Key) -> bool {
        self.kept.contains_key(key)
    }

    pub(super) fn outline(&self, key: &Key) -> Option<&Outline> {
        match self.kept.get(key)? {
            Kept::Outline(outline) => Some(outline),
            Kept::Manifest(_) => None,
        }
    }

    pub(super) fn manifest(&self, key: &Key) -> &str {
        match self.kept.get(key) {
            Some(Kept::Manifest(text)) => text,
            _ => "",
        }
    }

    pub(super) fn add(&mut self, read: Vec<(Key, Kept)>) {
        self.kept.extend(read);
    }

    /// Forgets what is not in use, if there is much of it.
    pub(super) fn trim<'a>(&mut self, in_use: usize, keys: impl Iterator<Item = &'a Key>) {
        if self.kept.len() > in_use * (1 + SPARE) {
            let keys: HashSet<&Key> = keys.collect();
            self.kept.retain(|key, _| keys.contains(key));
        }
    }

    /// Writes it in one step, so that nobody reads half of it.
    pub(super) fn save(&self) {
        let write = || -> std::io::Result<()> {
            let Some(folder) = self.path.parent() else {
                return Ok(());
            };
            std::fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(&encode(&self.kept)?)?;
            file.persist(&self.path)?;
            Ok(())
        };
        if let Err(error) = write() {
            tracing::info!("{} cannot be kept: {error}", self.path.display());
        }
    }
}

fn encode(kept: &HashMap<Key, Kept>) -> std::io::Result<Vec<u8>> {
    let mut sorted: Vec<(&Key, &Kept)> = kept.iter().collect();
    sorted.sort_unstable_by_key(|(key, _)| **key);
    let content = postcard::to_stdvec(&sorted).map_err(std::io::Error::other)?;
    let mut bytes = MARK.to_vec();
    bytes.extend(imports::VERSION.to_le_bytes());
    bytes.extend(sum(&content).to_le_bytes());
    bytes.extend(content);
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Option<Vec<(Key, Kept)>> {
    let rest = bytes.strip_prefix(MARK)?;
    let (version, rest) = rest.split_first_chunk()?;
    let (known, content) = rest.split_first_chunk()?;
    let holds = u32::from_le_bytes(*version) == imports::VERSION
        && u64::from_le_bytes(*known) == sum(content);
    holds.then(|| postcard::from_bytes(content).ok()).flatten()
}

/// Another version of Rust may give another sum; then all is read again.
fn sum(content: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_damage_is_seen() {
        let key = Key::new(git2::Oid::ZERO_SHA1, Some(Language::Go));
        let outline = imports::extract(Language::Go, b"package a\nimport \"b\"");
        let kept = HashMap::from([(key, Kept::Outline(outline))]);
        let bytes = encode(&kept).unwrap();
        assert_eq!(decode(&bytes), Some(kept.into_iter().collect()));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(decode(&damaged), None, "byte {at}");
            assert_eq!(decode(&bytes[..at]), None, "cut at {at}");
        }
    }
}
