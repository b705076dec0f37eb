//! Which files must be in one unit, whatever else decides: both names of a renamed file, names that some file system
//! takes for one, a file that stands where a folder was, and a lock file with the manifest beside it.

use std::collections::{BTreeMap, HashMap};

use super::claim::fold;

/// Lock files with the manifests that they follow.
const LOCK_FILES: [(&str, &str); 12] = [
    ("package-lock.json", "package.json"),
    ("npm-shrinkwrap.json", "package.json"),
    ("pnpm-lock.yaml", "package.json"),
    ("yarn.lock", "package.json"),
    ("bun.lock", "package.json"),
    ("Cargo.lock", "Cargo.toml"),
    ("go.sum", "go.mod"),
    ("uv.lock", "pyproject.toml"),
    ("poetry.lock", "pyproject.toml"),
    ("pdm.lock", "pyproject.toml"),
    ("Gemfile.lock", "Gemfile"),
    ("composer.lock", "composer.json"),
];

/// Pairs of files that belong together.
#[derive(Debug, Clone, Default)]
pub(super) struct Together(Vec<(String, String)>);

impl Together {
    /// Finds the pairs among the paths that work changes. `renamed` holds the old and the new name of each renamed
    /// file.
    pub(super) fn of<'a>(
        paths: impl IntoIterator<Item = &'a str>,
        renamed: Vec<(String, String)>,
    ) -> Self {
        let mut pairs = renamed;
        let mut by_name: HashMap<String, &str> = HashMap::new();
        let paths: Vec<&str> = paths.into_iter().collect();
        for path in &paths {
            if let Some(other) = by_name.insert(fold(path), path) {
                pairs.push((other.to_owned(), (*path).to_owned()));
            }
        }
        for path in paths {
            let folded = fold(path);
            for (end, _) in folded.match_indices('/') {
                if let Some(file) = by_name.get(&folded[..end]) {
                    pairs.push(((*file).to_owned(), path.to_owned()));
                }
            }
        }
        pairs.extend(by_name.values().filter_map(|path| {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let (_, manifest) = LOCK_FILES.iter().find(|(lock, _)| *lock == name)?;
            let manifest = match folder {
                "" => (*manifest).to_owned(),
                folder => format!("{folder}/{manifest}"),
            };
            // Only a manifest that the work changes too is among the files.
            Some((manifest, (*path).to_owned()))
        }));
        Self(pairs)
    }

    /// Returns the place of each file that follows another, with the place of the file that it follows, which follows
    /// none.
    pub(super) fn followers(&self, paths: &[&str]) -> BTreeMap<usize, usize> {
        if self.0.is_empty() {
            return BTreeMap::new();
        }
        let places: HashMap<&str, usize> = paths
            .iter()
            .enumerate()
            .map(|(place, path)| (*path, place))
            .collect();
        let mut leads: Vec<usize> = (0..paths.len()).collect();
        for (one, other) in &self.0 {
            let found = (places.get(one.as_str()), places.get(other.as_str()));
            let (Some(&one), Some(&other)) = found else {
                continue;
            };
            let (kept, gone) = (leads[one].min(leads[other]), leads[one].max(leads[other]));
            for lead in leads.iter_mut().filter(|lead| **lead == gone) {
                *lead = kept;
            }
        }
        let pairs = leads.into_iter().enumerate();
        pairs.filter(|(file, lead)| file != lead).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_exclude_or_replace_each_other_follow_one_file() {
        let paths = ["a", "a/x", "b/Y", "b/y", "c/new", "d/old", "e"];
        let renamed = vec![("d/old".to_owned(), "c/new".to_owned())];
        let together = Together::of(paths, renamed);
        assert_eq!(
            together.followers(&paths),
            BTreeMap::from([(1, 0), (3, 2), (5, 4)])
        );
        assert_eq!(together.followers(&["e", "a"]), BTreeMap::new());
    }

    #[test]
    fn a_lock_file_follows_the_manifest_beside_it() {
        let paths = ["a/Cargo.lock", "a/Cargo.toml", "b/go.sum", "go.mod"];
        let together = Together::of(paths, Vec::new());
        assert_eq!(together.followers(&paths), BTreeMap::from([(1, 0)]));
    }

    #[test]
    fn a_chain_of_pairs_is_one_group() {
        let renamed = vec![
            ("a".to_owned(), "b".to_owned()),
            ("c".to_owned(), "d".to_owned()),
            ("d".to_owned(), "b".to_owned()),
        ];
        let together = Together::of([], renamed);
        assert_eq!(
            together.followers(&["a", "b", "c", "d"]),
            BTreeMap::from([(1, 0), (2, 0), (3, 0)])
        );
    }
}
