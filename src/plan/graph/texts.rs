//! Reads what the texts of a base import and declare, on all cores. Texts that an earlier plan has read come from the
//! cache.

use std::collections::HashSet;

use super::outline_cache::{BlobKey, CachedText, OutlineCache};
use crate::git::{Entry, EntryKind, GitError, Repo};
use crate::imports::{Language, SourceFile, extract, is_manifest};

/// The texts that a graph is made of.
pub(super) struct Texts<'a> {
    files: Vec<(&'a str, Language, BlobKey)>,
    manifests: Vec<(&'a str, BlobKey)>,
    outlines: OutlineCache,
    /// Whether every text could be read.
    pub(super) is_whole: bool,
}

impl<'a> Texts<'a> {
    /// Reads the texts of a tree, whose entries come in path order.
    pub(super) fn of_tree(repo: &Repo, entries: &'a [Entry]) -> Result<Self, GitError> {
        let mut texts = Self {
            files: Vec::new(),
            manifests: Vec::new(),
            outlines: OutlineCache::open(repo),
            is_whole: true,
        };
        // In path order, because git packs neighbours as deltas of each other, and a reader remembers what it unpacked
        // last.
        let mut unread: Vec<(BlobKey, (&str, &Entry))> = Vec::new();
        let mut seen: HashSet<BlobKey> = HashSet::new();
        let regular = entries.iter().filter(|it| it.kind == EntryKind::File);
        for entry in regular {
            let Ok(path) = str::from_utf8(&entry.path) else {
                continue;
            };
            let language = Language::of_path(path);
            let is_manifest = is_manifest(path);
            if language.is_none() && !is_manifest {
                continue;
            }
            let key = BlobKey::new(entry.blob, language);
            if let Some(language) = language {
                texts.files.push((path, language, key));
            }
            if is_manifest {
                texts.manifests.push((path, key));
            }
            if !texts.outlines.holds(&key) && seen.insert(key) {
                unread.push((key, (path, entry)));
            }
        }
        if !unread.is_empty() {
            let in_use = texts.files.len() + texts.manifests.len();
            let read = read(repo, &unread)?;
            texts.is_whole = read.len() == unread.len();
            texts.outlines.add(read);
            let of_files = texts.files.iter().map(|(_, _, key)| key);
            let of_manifests = texts.manifests.iter().map(|(_, key)| key);
            texts.outlines.trim(in_use, of_files.chain(of_manifests));
            texts.outlines.save();
        }
        Ok(texts)
    }

    /// Returns the files by path.
    pub(super) fn sources(&self) -> Vec<SourceFile<'_>> {
        self.files
            .iter()
            .filter_map(|(path, language, key)| {
                Some(SourceFile {
                    path,
                    language: *language,
                    outline: self.outlines.outline(key)?,
                })
            })
            .collect()
    }

    /// Returns the manifests with their texts. A manifest that is a program has an empty text, because nothing reads
    /// it.
    pub(super) fn manifests(&self) -> Vec<(&str, &str)> {
        self.manifests
            .iter()
            .map(|(path, key)| (*path, self.outlines.manifest(key)))
            .collect()
    }
}

/// Reads each blob once. A missing blob, as in a partial clone, is skipped.
fn read(
    repo: &Repo,
    unread: &[(BlobKey, (&str, &Entry))],
) -> Result<Vec<(BlobKey, CachedText)>, GitError> {
    let read = repo.read_each(
        unread,
        |(_, (_, entry))| entry.blob,
        |(key, (path, _)), content| {
            let content = content.ok()?;
            let kept = Language::of_path(path).map_or_else(
                || CachedText::Manifest(String::from_utf8_lossy(content).into_owned()),
                |language| CachedText::Outline(extract(language, content)),
            );
            Some((*key, kept))
        },
    )?;
    Ok(read.into_iter().flatten().collect())
}
