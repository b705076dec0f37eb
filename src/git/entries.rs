//! Lists everything that a tree tracks, in the order of the paths.

use gix_object::TreeRefIter;
use gix_object::tree::EntryKind as Kind;

use super::error::{Context, GitError};
use super::id::CommitId;
use super::lookup::{is_partial, tree_of};
use super::objects::{Objects, damaged};
use super::repo::Repo;

/// A file, symlink or submodule that a tree tracks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path from the root, in git's own bytes.
    pub path: Vec<u8>,
    /// The id of the blob; for a submodule, of its commit.
    pub blob: git2::Oid,
    pub kind: EntryKind,
}

/// The kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    File,
    Symlink,
    Submodule,
}

impl Repo {
    /// Lists everything that the commit tracks, in the order of the paths.
    pub fn entries(&self, commit: &CommitId) -> Result<Vec<Entry>, GitError> {
        let repo = self.open()?;
        let tree = tree_of(&repo, commit)?.id();
        let entries = Walk::over(&self.objects()?, tree).map_err(|fault| match fault {
            GitError::MissingObject { .. } if is_partial(&repo) => {
                GitError::PartialClone { missing: None }
            }
            fault => fault,
        })?;
        if is_partial(&repo) {
            refuse_missing(&repo, &entries)?;
        }
        Ok(entries)
    }

    /// Returns the sizes in bytes of all files that the commit tracks, as git stores them.
    pub(crate) fn sizes(&self, commit: &CommitId) -> Result<Vec<u64>, GitError> {
        let repo = self.open()?;
        let odb = repo.odb().context(|| "the objects cannot be read".into())?;
        let entries = self.entries(commit)?;
        let sizes = entries
            .iter()
            .filter(|entry| entry.kind != EntryKind::Submodule);
        // The size of a file that a partial clone lacks is not known.
        Ok(sizes
            .map(|entry| {
                odb.read_header(entry.blob)
                    .map_or(0, |(size, _)| size as u64)
            })
            .collect())
    }
}

/// Refuses a repository that lacks some of the files. Every checkout needs all of them, whatever the plan is about.
fn refuse_missing(repo: &git2::Repository, entries: &[Entry]) -> Result<(), GitError> {
    let odb = repo.odb().context(|| "the objects cannot be read".into())?;
    // Without this flag libgit2 rereads the list of packs for every missing file.
    let has = |blob| odb.exists_ext(blob, git2::OdbLookupFlags::NO_REFRESH);
    let lacking: Vec<&Entry> = entries
        .iter()
        .filter(|entry| entry.kind != EntryKind::Submodule && !has(entry.blob))
        .collect();
    if lacking.is_empty() {
        return Ok(());
    }
    // Git may have replaced the packs meanwhile: a fetch has them packed anew in the background.
    odb.refresh()
        .context(|| "the objects cannot be read".into())?;
    match lacking.iter().filter(|entry| !has(entry.blob)).count() {
        0 => Ok(()),
        missing => Err(GitError::PartialClone {
            missing: Some(missing),
        }),
    }
}

/// A walk through all folders without recursion: a hostile tree may be deeper than the thread's stack.
struct Walk<'a> {
    objects: &'a Objects,
    /// The open folders, from the root to the current one.
    folders: Vec<Folder>,
    /// The path of the current entry.
    path: Vec<u8>,
    entries: Vec<Entry>,
    /// Buffers of folders that the walk has left, for reuse.
    buffers: Vec<Vec<u8>>,
}

/// A folder that the walk has read up to `next`.
struct Folder {
    id: git2::Oid,
    tree: Vec<u8>,
    next: usize,
    /// The length of the folder's own path.
    path: usize,
}

impl<'a> Walk<'a> {
    fn over(objects: &'a Objects, root: git2::Oid) -> Result<Vec<Entry>, GitError> {
        let mut walk = Self {
            objects,
            folders: Vec::new(),
            path: Vec::new(),
            entries: Vec::new(),
            buffers: Vec::new(),
        };
        walk.enter(root)?;
        while walk.step()? {}
        // Git writes trees in this order, but another program may have written this one.
        walk.entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(walk.entries)
    }

    fn enter(&mut self, id: git2::Oid) -> Result<(), GitError> {
        let mut tree = self.buffers.pop().unwrap_or_default();
        // The tree may be shorter than the reused buffer.
        let length = self.objects.tree(id, &mut tree)?.len();
        tree.truncate(length);
        self.folders.push(Folder {
            id,
            tree,
            next: 0,
            path: self.path.len(),
        });
        Ok(())
    }

    /// Reads entries up to the next folder. Returns whether more are left.
    fn step(&mut self) -> Result<bool, GitError> {
        let Some(mut folder) = self.folders.pop() else {
            return Ok(false);
        };
        let mut rest = TreeRefIter::from_bytes(&folder.tree[folder.next..], gix_hash::Kind::Sha1);
        while let Some(entry) = rest.next() {
            let entry = entry.map_err(|fault| damaged(folder.id, fault.to_string()))?;
            let id = git2::Oid::from_bytes(entry.oid.as_bytes())
                .map_err(|fault| damaged(folder.id, fault.message().to_owned()))?;
            self.path.truncate(folder.path);
            self.path.extend_from_slice(entry.filename);
            let kind = match entry.mode.kind() {
                Kind::Tree => {
                    self.path.push(b'/');
                    folder.next += rest.offset_to_next_entry(&folder.tree[folder.next..]);
                    self.folders.push(folder);
                    self.enter(id)?;
                    return Ok(true);
                }
                Kind::Blob | Kind::BlobExecutable => EntryKind::File,
                Kind::Link => EntryKind::Symlink,
                Kind::Commit => EntryKind::Submodule,
            };
            self.entries.push(Entry {
                path: self.path.clone(),
                blob: id,
                kind,
            });
        }
        self.buffers.push(folder.tree);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::repository;

    #[test]
    fn entries_come_in_the_order_of_their_paths() {
        let it = repository(&[]);
        let base = it.commit(&[
            (b"a-b", 0o100_644, b"x"),
            (b"a.txt", 0o100_755, b"x"),
            (b"a/deep/er.txt", 0o100_644, b"x"),
            (b"a/link", 0o120_000, b"a-b"),
            (b"a/z\xff", 0o100_644, b""),
            (b"a0", 0o160_000, b""),
            (b"b/c", 0o100_644, b"y"),
        ]);
        let listed: Vec<String> = it
            .repo
            .entries(&base.id)
            .unwrap()
            .iter()
            .map(|it| format!("{:?} {}", it.kind, it.path.escape_ascii()))
            .collect();
        insta::assert_snapshot!(listed.join("\n"), @r"
        File a-b
        File a.txt
        File a/deep/er.txt
        Symlink a/link
        File a/z\xff
        Submodule a0
        File b/c
        ");
        let mut buffer = Vec::new();
        let blob = it.repo.entries(&base.id).unwrap()[6].blob;
        let objects = it.repo.objects().unwrap();
        assert_eq!(objects.blob(blob, &mut buffer).unwrap(), b"y");
        assert!(it.repo.entries(&it.commit(&[]).id).unwrap().is_empty());
    }

    #[test]
    fn a_missing_tree_is_named() {
        let it = repository(&[("a/b", "x")]);
        let git = git2::Repository::open(it.repo.root()).unwrap();
        let tree = tree_of(&git, &it.first).unwrap();
        let below = tree.get_name("a").unwrap().id().to_string();
        let object = it.repo.common_dir().join("objects");
        std::fs::remove_file(object.join(&below[..2]).join(&below[2..])).unwrap();
        let fault = it.repo.entries(&it.first).unwrap_err().to_string();
        assert_eq!(
            fault,
            format!("object {below} is not in this repository: git fsck lists all that is missing")
        );
    }
}
