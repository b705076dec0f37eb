//! Finds the paths in which two trees differ, without reading what they have in common: libgit2 reads every folder of
//! both trees.

use std::collections::BTreeMap;

use super::error::{Context, GitError};

/// An entry of a tree: its id and its mode.
type Entry = (git2::Oid, i32);

/// Returns the paths of all files, symlinks and submodules that only one of the trees has, or that differ.
pub(super) fn changed_paths(
    repo: &git2::Repository,
    old: &git2::Tree<'_>,
    new: &git2::Tree<'_>,
) -> Result<Vec<Vec<u8>>, GitError> {
    let mut changed = Vec::new();
    // Without recursion: a hostile tree may be deeper than the thread's stack.
    let mut left = vec![(Vec::new(), Some(old.id()), Some(new.id()))];
    while let Some((folder, old, new)) = left.pop() {
        let (old, new) = (entries(repo, old)?, entries(repo, new)?);
        let only_old = old.keys().filter(|name| !new.contains_key(*name));
        for name in only_old.chain(new.keys()) {
            let (before, after) = (old.get(name), new.get(name));
            if before == after {
                continue;
            }
            let path = [&folder[..], name].concat();
            let [before_folder, after_folder] = [before, after].map(|entry| {
                let entry = entry.filter(|(_, mode)| *mode == i32::from(git2::FileMode::Tree));
                entry.map(|(id, _)| *id)
            });
            let is_file = |entry: Option<&Entry>, folder: Option<git2::Oid>| {
                entry.is_some() && folder.is_none()
            };
            if is_file(before, before_folder) || is_file(after, after_folder) {
                changed.push(path.clone());
            }
            if before_folder.is_some() || after_folder.is_some() {
                left.push(([&path[..], b"/"].concat(), before_folder, after_folder));
            }
        }
    }
    Ok(changed)
}

/// Compares two trees with all options of libgit2, but reads only what differs.
pub(super) fn diff<'r>(
    repo: &'r git2::Repository,
    old: &git2::Tree<'_>,
    new: &git2::Tree<'_>,
) -> Result<git2::Diff<'r>, GitError> {
    let failed = || "the changes cannot be listed".to_owned();
    // libgit2 would read the user's index for its attributes, and understands neither a split nor a sparse one.
    let nothing = git2::Index::new().context(|| "an index cannot be made".to_owned())?;
    repo.set_index(&mut { nothing })
        .context(|| "an index cannot be set".to_owned())?;
    let mut changed = changed_paths(repo, old, new)?;
    if changed.is_empty() {
        // A list without paths would stand for all paths.
        return repo.diff_tree_to_tree(None, None, None).context(failed);
    }
    changed.sort_unstable();
    let mut options = git2::DiffOptions::new();
    options.disable_pathspec_match(true);
    for path in changed {
        options.pathspec(path);
    }
    repo.diff_tree_to_tree(Some(old), Some(new), Some(&mut options))
        .context(failed)
}

fn entries(
    repo: &git2::Repository,
    tree: Option<git2::Oid>,
) -> Result<BTreeMap<Vec<u8>, Entry>, GitError> {
    let Some(id) = tree else {
        return Ok(BTreeMap::new());
    };
    let tree = repo
        .find_tree(id)
        .context(|| format!("tree {id} cannot be read"))?;
    Ok(tree
        .iter()
        .map(|entry| {
            (
                entry.name_bytes().to_vec(),
                (entry.id(), entry.filemode_raw()),
            )
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::{Fixture, repository};
    use crate::git::lookup::tree_of;

    type Files<'a> = &'a [(&'a [u8], u32, &'a [u8])];

    fn changed(it: &Fixture, old: Files<'_>, new: Files<'_>) -> (Vec<String>, Vec<String>) {
        let (old, new) = (it.commit(old), it.commit(new));
        let repo = it.repo.open().unwrap();
        let (old, new) = (
            tree_of(&repo, &old.id).unwrap(),
            tree_of(&repo, &new.id).unwrap(),
        );
        let paths = |diff: git2::Diff<'_>| -> Vec<String> {
            let paths = diff.deltas().map(|delta| {
                let path = delta.new_file().path_bytes().unwrap();
                format!("{:?} {}", delta.status(), path.escape_ascii())
            });
            paths.collect()
        };
        let whole = repo
            .diff_tree_to_tree(Some(&old), Some(&new), None)
            .unwrap();
        (paths(diff(&repo, &old, &new).unwrap()), paths(whole))
    }

    #[test]
    fn the_difference_is_that_of_libgit2() {
        let it = repository(&[]);
        let file = 0o100_644;
        let base: Files<'_> = &[
            (b"a", file, b"1"),
            (b"b/c", file, b"1"),
            (b"b/d/e", file, b"1"),
            (b"f*", file, b"1"),
            (b"z\xff/g", file, b"1"),
        ];
        let cases: [Files<'_>; 6] = [
            base,
            &[],
            &[
                (b"a", 0o100_755, b"1"),
                (b"b/c", file, b"1"),
                (b"b/d/e", file, b"2"),
            ],
            // A file becomes a folder, and a folder a file.
            &[
                (b"a/x", file, b"1"),
                (b"b", file, b"1"),
                (b"f*", file, b"2"),
            ],
            &[
                (b"a", 0o120_000, b"1"),
                (b"b/d/e", file, b"1"),
                (b"z\xff/g", file, b"3"),
            ],
            &[
                (b"a", file, b"1"),
                (b"fa", file, b"1"),
                (b"b/c", 0o160_000, b"1"),
            ],
        ];
        for new in cases {
            let (ours, whole) = changed(&it, base, new);
            assert_eq!(ours, whole);
            let (ours, whole) = changed(&it, new, base);
            assert_eq!(ours, whole);
        }
    }
}
