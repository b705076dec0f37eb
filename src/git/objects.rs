//! Objects by their ids, as fast as they can be had: to plan is to read all trees of the base and all files in question.
//!
//! Like git, it holds what it unpacks against the checksum that it was packed with, not against its id.

use gix_hash::ObjectId;
use gix_object::{Find, Kind};
use gix_pack::cache::lru::MemoryCappedHashmap;
use rayon::prelude::*;

use super::error::GitError;
use super::repo::Repo;

/// So many bytes of what others are packed as changes of are remembered by each reader.
const REMEMBERED: usize = 4 << 20;

/// How many blobs are read with one reader at least, and how many readers each core gets.
const BATCH: usize = 64;
const READERS: usize = 8;

/// Reads objects. Not shared between threads; each makes its own.
pub struct Objects(gix_odb::Handle);

impl Repo {
    /// A reader of objects for the calling thread.
    pub fn objects(&self) -> Result<Objects, GitError> {
        let folder = self.common_dir().join("objects");
        let mut store =
            gix_odb::at(&folder, gix_hash::Kind::Sha1).map_err(|source| GitError::Io {
                what: "cannot read",
                path: folder,
                source,
            })?;
        store.set_pack_cache(|| Box::new(MemoryCappedHashmap::new(REMEMBERED)));
        Ok(Objects(store))
    }

    /// Reads the blob of each of these once, on all cores. What is made of them comes in their order.
    pub fn read_each<I: Sync, T: Send>(
        &self,
        all: &[I],
        blob: impl Fn(&I) -> git2::Oid + Sync,
        each: impl Fn(&I, Result<&[u8], GitError>) -> T + Sync,
    ) -> Result<Vec<T>, GitError> {
        let read_batch = |batch: &[I]| -> Result<Vec<T>, GitError> {
            let (objects, mut buffer) = (self.objects()?, Vec::new());
            let read = |it| each(it, objects.blob(blob(it), &mut buffer));
            Ok(batch.iter().map(read).collect())
        };
        let readers = rayon::current_num_threads() * READERS;
        let batch = all.len().div_ceil(readers).max(BATCH);
        let batches: Vec<_> = all.par_chunks(batch).map(read_batch).collect();
        let mut made = Vec::with_capacity(all.len());
        for batch in batches {
            made.extend(batch?);
        }
        Ok(made)
    }
}

impl Objects {
    /// The content of a blob, which takes the place of what was in the buffer.
    pub fn blob<'b>(&self, id: git2::Oid, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], GitError> {
        self.read(id, Kind::Blob, buffer)
    }

    /// The content of a tree.
    pub(super) fn tree<'b>(
        &self,
        id: git2::Oid,
        buffer: &'b mut Vec<u8>,
    ) -> Result<&'b [u8], GitError> {
        self.read(id, Kind::Tree, buffer)
    }

    fn read<'b>(
        &self,
        id: git2::Oid,
        kind: Kind,
        buffer: &'b mut Vec<u8>,
    ) -> Result<&'b [u8], GitError> {
        let wanted =
            ObjectId::try_from(id.as_bytes()).map_err(|fault| damaged(id, fault.to_string()))?;
        // Git knows it without having it.
        if wanted == ObjectId::empty_tree(gix_hash::Kind::Sha1) {
            return Ok(&[]);
        }
        match self.0.try_find(&wanted, buffer) {
            Ok(Some(found)) if found.kind == kind => Ok(found.data),
            Ok(Some(found)) => Err(damaged(id, format!("it is a {}", found.kind))),
            Ok(None) => Err(GitError::Missing { id: id.to_string() }),
            Err(fault) => Err(damaged(id, fault.to_string())),
        }
    }
}

/// The id that git would give a file of these bytes: it tells contents apart, and stays the same for ever.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    git2::Oid::hash_object(git2::ObjectType::Blob, bytes)
        .map_or_else(|_| String::new(), |id| id.to_string())
}

pub(super) fn damaged(id: git2::Oid, fault: String) -> GitError {
    GitError::Damaged {
        id: id.to_string(),
        fault,
    }
}

#[cfg(test)]
mod tests {
    use crate::git::fixture::repository;

    #[test]
    fn damage_to_an_object_is_seen() {
        let it = repository(&[("a", "one\ntwo\nthree\n")]);
        let blob = it.repo.entries(&it.first).unwrap()[0].blob;
        let id = blob.to_string();
        let path = it.repo.common_dir().join("objects");
        let path = path.join(&id[..2]).join(&id[2..]);
        let sound = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let read = |content: &[u8]| {
            std::fs::write(&path, content).unwrap();
            let mut buffer = Vec::new();
            let read = it.repo.objects().unwrap().blob(blob, &mut buffer);
            read.map(<[u8]>::to_vec).map_err(|fault| fault.to_string())
        };
        assert_eq!(read(&sound).unwrap(), b"one\ntwo\nthree\n");
        for at in 0..sound.len() {
            let mut damaged = sound.clone();
            damaged[at] ^= 1;
            let fault = read(&damaged).unwrap_err();
            assert!(
                fault.starts_with(&format!("object {id} cannot be read: ")),
                "{at}: {fault}"
            );
            // Only the checksum may be cut.
            if let Ok(content) = read(&sound[..at]) {
                assert_eq!(content, b"one\ntwo\nthree\n", "cut at {at}");
            }
        }
    }
}
