//! Finds files by the full names that they declare, for languages that import names instead of files.

use std::collections::HashMap;

use super::family::FamilyResolver;
use super::outline::{Import, ImportKind};
use super::paths;
use super::source_file::{FileIndex, SourceFile};

/// The declared names of all files.
pub(super) struct DeclaredNames {
    separator: &'static str,
    /// The paths of all files that declare a name.
    paths: HashMap<FileIndex, String>,
    /// The files that declare each name.
    declaring: HashMap<String, Vec<FileIndex>>,
    /// The files that declare a name directly in each namespace.
    namespaces: HashMap<String, Vec<FileIndex>>,
}

impl DeclaredNames {
    pub(super) fn new(sources: &[(FileIndex, SourceFile<'_>)], separator: &'static str) -> Self {
        let mut declaring: HashMap<String, Vec<FileIndex>> = HashMap::new();
        let mut namespaces: HashMap<String, Vec<FileIndex>> = HashMap::new();
        let mut paths = HashMap::new();
        for (file, source) in sources {
            if !source.outline.declares.is_empty() {
                paths.insert(*file, source.path.to_owned());
            }
            for name in &source.outline.declares {
                let files = declaring.entry(name.clone()).or_default();
                if files.last() != Some(file) {
                    files.push(*file);
                }
                let namespace = name.rsplit_once(separator).map_or("", |(outer, _)| outer);
                match namespaces.get_mut(namespace) {
                    Some(files) if files.last() == Some(file) => {}
                    Some(files) => files.push(*file),
                    None => {
                        namespaces.insert(namespace.to_owned(), vec![*file]);
                    }
                }
            }
        }
        Self {
            separator,
            paths,
            declaring,
            namespaces,
        }
    }

    /// Returns the files that declare this name.
    pub(super) fn declaring(&self, name: &str) -> &[FileIndex] {
        self.declaring.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the file that shares most folders with the importer at `from`.
    pub(super) fn nearest(&self, from: &str, files: &[FileIndex]) -> Option<FileIndex> {
        files
            .iter()
            .rev()
            .max_by_key(|file| {
                let path = self.paths.get(file).map_or("", String::as_str);
                paths::shared_folders(from, path)
            })
            .copied()
    }

    /// Returns the files that declare this name or its innermost enclosing name.
    fn declaring_or_enclosing(&self, name: &str) -> &[FileIndex] {
        let mut name = name;
        loop {
            if let Some(files) = self.declaring.get(name) {
                return files;
            }
            match name.rsplit_once(self.separator) {
                Some((outer, _)) => name = outer,
                None => return &[],
            }
        }
    }

    /// Returns the files that declare a name directly in this namespace, or that declare the name `namespace` itself.
    fn in_namespace(&self, namespace: &str) -> &[FileIndex] {
        self.namespaces
            .get(namespace)
            .or_else(|| self.declaring.get(namespace))
            .map_or(&[], Vec::as_slice)
    }
}

/// Resolves imports of C#, Java and Kotlin: an import names a declaration, or everything in a namespace.
impl FamilyResolver for DeclaredNames {
    fn resolve(&self, _: &SourceFile<'_>, import: &Import, found: &mut Vec<FileIndex>) {
        found.extend(match import.kind {
            ImportKind::Wildcard => self.in_namespace(&import.name),
            _ => self.declaring_or_enclosing(&import.name),
        });
    }
}
