//! Files by the full names of what they declare, for languages that look for names and not for files.

use std::collections::HashMap;

use super::resolver::{Resolve, Source};
use super::{Form, Import, paths};

pub(super) struct Names {
    separator: &'static str,
    /// The paths of all who declare something.
    paths: HashMap<u32, String>,
    /// Whoever declares the name.
    files: HashMap<String, Vec<u32>>,
    /// Whoever declares something directly in that space.
    spaces: HashMap<String, Vec<u32>>,
}

impl Names {
    pub(super) fn new(sources: &[(u32, Source<'_>)], separator: &'static str) -> Self {
        let mut files: HashMap<String, Vec<u32>> = HashMap::new();
        let mut spaces: HashMap<String, Vec<u32>> = HashMap::new();
        let mut paths = HashMap::new();
        for (file, source) in sources {
            if !source.outline.declares.is_empty() {
                paths.insert(*file, source.path.to_owned());
            }
            for name in &source.outline.declares {
                let declaring = files.entry(name.clone()).or_default();
                if declaring.last() != Some(file) {
                    declaring.push(*file);
                }
                let space = name.rsplit_once(separator).map_or("", |(space, _)| space);
                match spaces.get_mut(space) {
                    Some(files) if files.last() == Some(file) => {}
                    Some(files) => files.push(*file),
                    None => {
                        spaces.insert(space.to_owned(), vec![*file]);
                    }
                }
            }
        }
        Self {
            separator,
            paths,
            files,
            spaces,
        }
    }

    /// The files that declare this name.
    pub(super) fn declaring(&self, name: &str) -> &[u32] {
        self.files.get(name).map_or(&[], Vec::as_slice)
    }

    /// Of these files, the one that is nearest to the importer.
    pub(super) fn nearest(&self, from: &str, files: &[u32]) -> Option<u32> {
        files
            .iter()
            .rev()
            .max_by_key(|file| {
                let path = self.paths.get(file).map_or("", String::as_str);
                paths::nearness(from, path)
            })
            .copied()
    }

    /// The files that declare this name, or what it is inside of.
    pub(super) fn holding(&self, name: &str) -> &[u32] {
        let mut name = name;
        loop {
            if let Some(files) = self.files.get(name) {
                return files;
            }
            match name.rsplit_once(self.separator) {
                Some((outer, _)) => name = outer,
                None => return &[],
            }
        }
    }

    /// The files that declare something directly in this space, which may also be something declared.
    pub(super) fn inside(&self, space: &str) -> &[u32] {
        self.spaces
            .get(space)
            .or_else(|| self.files.get(space))
            .map_or(&[], Vec::as_slice)
    }
}

/// As C#, Java and Kotlin have it: an import names something declared, or all of a space.
impl Resolve for Names {
    fn resolve(&self, _: &Source<'_>, import: &Import, found: &mut Vec<u32>) {
        found.extend(match import.form {
            Form::All => self.inside(&import.name),
            _ => self.holding(&import.name),
        });
    }
}
