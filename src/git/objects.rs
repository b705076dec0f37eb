//! Reads objects by their ids, fast: a plan reads all trees of the base and all files that it is about.
//!
//! Like git, it verifies the checksum of an unpacked object, not the object's id.

use gix_hash::ObjectId;
use gix_object::{Find, Kind};
use gix_pack::cache::lru::MemoryCappedHashmap;
use rayon::prelude::*;

use super::error::GitError;
use super::repo::Repo;

/// How many bytes of delta bases each reader caches.
const CACHE_BYTES: usize = 4 << 20;

/// How many blobs one reader reads at least.
const MIN_BATCH: usize = 64;
/// How many readers each core gets.
const READERS_PER_CORE: usize = 8;

/// Reads objects. Threads cannot share a reader, so each makes its own.
pub struct Objects(gix_odb::Handle);

impl Repo {
    /// Makes a reader of objects for the calling thread.
    pub fn objects(&self) -> Result<Objects, GitError> {
        let folder = self.common_dir().join("objects");
        let mut store =
            gix_odb::at(&folder, gix_hash::Kind::Sha1).map_err(|source| GitError::Io {
                what: "cannot read",
                path: folder,
                source,
            })?;
        store.set_pack_cache(|| Box::new(MemoryCappedHashmap::new(CACHE_BYTES)));
        Ok(Objects(store))
    }

    /// Reads the blob of each item on all cores, and returns the results of `each` in the order of the items.
    pub(crate) fn read_each<I: Sync, T: Send>(
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
        let readers = rayon::current_num_threads() * READERS_PER_CORE;
        let batch = all.len().div_ceil(readers).max(MIN_BATCH);
        let batches: Vec<_> = all.par_chunks(batch).map(read_batch).collect();
        let mut made = Vec::with_capacity(all.len());
        for batch in batches {
            made.extend(batch?);
        }
        Ok(made)
    }
}

impl Objects {
    /// Returns the content of a blob. The buffer is overwritten.
    pub fn blob<'b>(&self, id: git2::Oid, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], GitError> {
        self.read(id, Kind::Blob, buffer)
    }

    /// Returns the content of a tree. The buffer is overwritten.
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
        // No repository stores the empty tree.
        if wanted == ObjectId::empty_tree(gix_hash::Kind::Sha1) {
            return Ok(&[]);
        }
        match self.0.try_find(&wanted, buffer) {
            Ok(Some(found)) if found.kind == kind => Ok(found.data),
            Ok(Some(found)) => Err(damaged(id, format!("it is a {}", found.kind))),
            Ok(None) => Err(GitError::MissingObject { id: id.to_string() }),
            Err(fault) => Err(damaged(id, fault.to_string())),
        }
    }
}

/// Returns git's blob id of these bytes, as a digest that is stable for ever.
#[must_use]
pub(crate) fn digest(bytes: &[u8]) -> String {
    git2::Oid::hash_object(git2::ObjectType::Blob, bytes)
        .map_or_else(|_| String::new(), |id| id.to_string())
}

pub(super) fn damaged(id: git2::Oid, fault: String) -> GitError {
    GitError::DamagedObject {
        id: id.to_string(),
        fault,
    }
}

#[cfg(test)]
mod tests {
    use crate::git::fixture::repository;

    #[test]
    fn a_damaged_object_is_an_error() {
        let it = repository(&[("a", "one\ntwo\nthree\n")]);
        let blob = it.repo.entries(&it.first).unwrap()[0].blob;
        let id = blob.to_string();
        let path = it.repo.common_dir().join("objects");
        let path = path.join(&id[..2]).join(&id[2..]);
        let intact = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let read = |content: &[u8]| {
            std::fs::write(&path, content).unwrap();
            let mut buffer = Vec::new();
            let read = it.repo.objects().unwrap().blob(blob, &mut buffer);
            read.map(<[u8]>::to_vec).map_err(|fault| fault.to_string())
        };
        assert_eq!(read(&intact).unwrap(), b"one\ntwo\nthree\n");
        for at in 0..intact.len() {
            let mut damaged = intact.clone();
            damaged[at] ^= 1;
            let fault = read(&damaged).unwrap_err();
            assert!(
                fault.starts_with(&format!("object {id} cannot be read: ")),
                "{at}: {fault}"
            );
            // An object that is cut may be read only where just its checksum is missing.
            if let Ok(content) = read(&intact[..at]) {
                assert_eq!(content, b"one\ntwo\nthree\n", "cut at {at}");
            }
        }
    }
}
