//! What the gate may ask of the repository around a unit's files: which files there are, what they hold, and which
//! files an import leads to.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::imports::{Import, Language, Outline, Resolver, SourceFile, extract, is_manifest};

/// The repository with a unit's work.
pub(crate) struct Repository<'a> {
    paths: &'a BTreeSet<String>,
    read: &'a dyn Fn(&str) -> Option<String>,
    imports: OnceCell<Imports>,
}

/// The files that import something, and what resolves their imports.
struct Imports {
    sources: Vec<(String, Language)>,
    resolver: Resolver,
}

impl<'a> Repository<'a> {
    /// Makes it of all paths, sorted, and of what reads a text.
    pub(crate) fn new(
        paths: &'a BTreeSet<String>,
        read: &'a dyn Fn(&str) -> Option<String>,
    ) -> Self {
        Self {
            paths,
            read,
            imports: OnceCell::new(),
        }
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// Checks whether there is a file below this folder.
    pub(super) fn has_folder(&self, folder: &str) -> bool {
        let below = format!("{folder}/");
        let first = self.paths.range(below.clone()..).next();
        first.is_some_and(|path| path.starts_with(&below))
    }

    pub(super) fn read(&self, path: &str) -> Option<String> {
        (self.read)(path)
    }

    /// Reads a file that may not be there.
    pub(super) fn read_if_there(&self, path: &str) -> Option<String> {
        self.paths.contains(path).then(|| self.read(path)).flatten()
    }

    /// Returns the files in a known language.
    pub(super) fn sources(&self) -> impl Iterator<Item = (&str, Language)> {
        let sources = self.imports().sources.iter();
        sources.map(|(path, language)| (path.as_str(), *language))
    }

    /// Returns the paths that an import in the file at `from` leads to.
    pub(super) fn resolve(&self, from: &str, language: Language, import: &Import) -> Vec<&str> {
        let all = self.imports();
        let at = all
            .sources
            .binary_search_by(|(path, _)| path.as_str().cmp(from));
        let index = at.map_or(u32::MAX, |at| u32::try_from(at).unwrap_or(u32::MAX));
        let outline = Outline::default();
        let file = SourceFile {
            path: from,
            language,
            outline: &outline,
        };
        let found = all.resolver.resolve(index, &file, import).into_iter();
        found
            .filter_map(|at| all.sources.get(usize::try_from(at).ok()?))
            .map(|(path, _)| path.as_str())
            .collect()
    }

    fn imports(&self) -> &Imports {
        self.imports.get_or_init(|| {
            let sources: Vec<(String, Language)> = self
                .paths()
                .filter_map(|path| Some((path.to_owned(), Language::of_path(path)?)))
                .collect();
            let manifests: Vec<(&str, String)> = self
                .paths()
                .filter(|path| is_manifest(path))
                .filter_map(|path| Some((path, self.read(path)?)))
                .collect();
            // The languages that are asked about import files, and no declared names.
            let outline = Outline::default();
            let files: Vec<SourceFile<'_>> = sources
                .iter()
                .map(|(path, language)| SourceFile {
                    path,
                    language: *language,
                    outline: &outline,
                })
                .collect();
            let manifests: Vec<(&str, &str)> = manifests
                .iter()
                .map(|(path, text)| (*path, text.as_str()))
                .collect();
            let resolver = Resolver::new(&files, &manifests);
            Imports { sources, resolver }
        })
    }
}

/// Returns the imports in a text.
pub(super) fn imports_of(language: Language, text: Option<&str>) -> Vec<Import> {
    text.map_or_else(Vec::new, |text| extract(language, text.as_bytes()).imports)
}

/// Returns the folders of a path, the deepest one first, and `""` for the root at the end.
pub(super) fn folders(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(path);
    std::iter::from_fn(move || {
        let path = rest?;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        rest = (!folder.is_empty()).then_some(folder);
        Some(folder)
    })
}

/// Joins a folder and a name.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_of_a_path_end_at_the_root() {
        let all: Vec<&str> = folders("a/b/c.js").collect();
        assert_eq!(all, ["a/b", "a", ""]);
        assert_eq!(folders("c.js").collect::<Vec<_>>(), [""]);
    }
}
