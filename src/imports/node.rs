//! Where JavaScript and TypeScript look for a module: files beside, folders with an index, packages of the workspace,
//! and names that a project's configuration gives to folders.

use std::collections::HashMap;

use serde_json::Value;

use super::resolver::{Resolve, Source};
use super::tsconfig::Projects;
use super::{Form, Import, paths};

/// The endings that need not be written, in the order in which they are tried. What is compiled comes before what it
/// is compiled to.
const ENDINGS: [&str; 14] = [
    ".ts", ".tsx", ".mts", ".cts", ".d.ts", ".d.mts", ".d.cts", ".js", ".jsx", ".mjs", ".cjs",
    ".vue", ".svelte", "",
];
/// Folders of what is built, which stand for the folder of what it is built from.
const BUILT: [&str; 8] = [
    "dist", "lib", "build", "out", "es", "esm", "cjs", "dist-src",
];

pub(super) fn is_manifest(name: &str) -> bool {
    name == "package.json"
}

pub(super) struct Node {
    files: HashMap<String, u32>,
    /// The files by their path without ending, each with the rank of the ending.
    stems: HashMap<String, Vec<(usize, u32)>>,
    projects: Projects,
    /// The folders of packages by name.
    packages: HashMap<String, String>,
    /// What a package says of itself, by folder.
    manifests: HashMap<String, Value>,
}

impl Node {
    pub(super) fn new(sources: &[(u32, Source<'_>)], manifests: &[(&str, &str)]) -> Self {
        let mut files = HashMap::new();
        let mut stems: HashMap<String, Vec<(usize, u32)>> = HashMap::new();
        for (file, source) in sources {
            files.insert(source.path.to_owned(), *file);
            let ending = ENDINGS
                .iter()
                .enumerate()
                .filter(|(_, ending)| source.path.ends_with(*ending))
                .max_by_key(|(_, ending)| ending.len());
            if let Some((rank, ending)) = ending {
                let stem = &source.path[..source.path.len() - ending.len()];
                stems
                    .entry(stem.to_owned())
                    .or_default()
                    .push((rank, *file));
            }
        }
        for ranked in stems.values_mut() {
            ranked.sort_unstable();
        }
        let mut it = Self {
            files,
            stems,
            projects: Projects::new(manifests),
            packages: HashMap::new(),
            manifests: HashMap::new(),
        };
        for (path, text) in manifests {
            if is_manifest(paths::name(path))
                && let Ok(manifest) = serde_json::from_str::<Value>(text)
            {
                let folder = paths::folder(path).to_owned();
                if let Some(name) = manifest.get("name").and_then(Value::as_str) {
                    it.packages
                        .entry(name.to_owned())
                        .or_insert_with(|| folder.clone());
                }
                it.manifests.insert(folder, manifest);
            }
        }
        it
    }

    /// The file that a path means, with or without its ending.
    fn file(&self, path: &str) -> Option<u32> {
        if let Some(file) = self.files.get(path) {
            return Some(*file);
        }
        self.stem(path).or_else(|| {
            // What is compiled is imported by the name that it will have.
            let ending = [".js", ".jsx", ".mjs", ".cjs"]
                .into_iter()
                .find(|ending| path.ends_with(ending))?;
            self.stem(path.strip_suffix(ending)?)
        })
    }

    fn stem(&self, path: &str) -> Option<u32> {
        self.stems.get(path)?.first().map(|(_, file)| *file)
    }

    /// As [`Self::file`], or the file that a folder stands for.
    fn file_or_folder(&self, path: &str) -> Option<u32> {
        self.file(path)
            .or_else(|| self.main(path))
            .or_else(|| self.file(&paths::join(path, "index")?))
    }

    /// What a folder's own manifest says is its file.
    fn main(&self, folder: &str) -> Option<u32> {
        let manifest = self.manifests.get(folder)?;
        let exported = manifest
            .get("exports")
            .map(|exports| targets(exports, "."))
            .unwrap_or_default();
        let named = ["source", "types", "typings", "module", "main", "browser"]
            .iter()
            .filter_map(|key| manifest.get(*key)?.as_str());
        named
            .map(str::to_owned)
            .chain(exported)
            .find_map(|path| self.built(folder, &path))
            .or_else(|| {
                ["src/index", "index", "src/main", "lib/index"]
                    .iter()
                    .find_map(|path| self.file(&paths::join(folder, path)?))
            })
    }

    /// A path that a manifest names: it may be that of something built, which is not in the repository.
    fn built(&self, folder: &str, path: &str) -> Option<u32> {
        let path = path.strip_prefix("./").unwrap_or(path);
        let direct = paths::join(folder, path).and_then(|full| {
            self.file(&full)
                .or_else(|| self.file(&paths::join(&full, "index")?))
        });
        direct.or_else(|| {
            let (first, rest) = path.split_once('/')?;
            if !BUILT.contains(&first) {
                return None;
            }
            let stem = ENDINGS
                .iter()
                .filter(|ending| !ending.is_empty())
                .filter_map(|ending| rest.strip_suffix(ending))
                .min_by_key(|stem| stem.len())
                .unwrap_or(rest);
            // `dist/esm/a.js` is built from `src/a.ts`.
            let deeper = stem
                .split_once('/')
                .filter(|(first, _)| BUILT.contains(first));
            [Some(stem), deeper.map(|(_, stem)| stem)]
                .into_iter()
                .flatten()
                .find_map(|stem| self.file_or_index(&paths::join(folder, &format!("src/{stem}"))?))
        })
    }

    fn file_or_index(&self, path: &str) -> Option<u32> {
        self.file(path)
            .or_else(|| self.file(&paths::join(path, "index")?))
    }

    /// A module of a package of the repository.
    fn in_package(&self, name: &str) -> Option<u32> {
        let end = match name.strip_prefix('@') {
            Some(_) => name.match_indices('/').nth(1),
            None => name.match_indices('/').next(),
        };
        let (package, rest) = end.map_or((name, ""), |(at, _)| (&name[..at], &name[at + 1..]));
        let folder = self.packages.get(package)?;
        if rest.is_empty() {
            return self.main(folder);
        }
        let exports = self.manifests.get(folder).and_then(|it| it.get("exports"));
        let exported = exports
            .map(|exports| targets(exports, &format!("./{rest}")))
            .unwrap_or_default();
        exported
            .iter()
            .find_map(|path| self.built(folder, path))
            .or_else(|| self.file_or_folder(&paths::join(folder, rest)?))
            .or_else(|| self.built(folder, rest))
            .or_else(|| self.file_or_folder(&paths::join(folder, &format!("src/{rest}"))?))
    }

    /// A name that begins with `#`, which a package gives to something of its own.
    fn in_own_package(&self, folder: &str, name: &str) -> Option<u32> {
        let package = paths::upwards(folder).find(|folder| self.manifests.contains_key(*folder))?;
        let imports = self.manifests.get(package)?.get("imports")?;
        targets(imports, name)
            .iter()
            .find_map(|path| self.built(package, path).or_else(|| self.in_package(path)))
    }

    /// `@/a` and `~/a`, which bundlers take for a file of the project's sources.
    fn in_sources(&self, folder: &str, name: &str) -> Option<u32> {
        let rest = name
            .strip_prefix("@/")
            .or_else(|| name.strip_prefix("~/"))?;
        paths::upwards(folder)
            .filter(|folder| self.manifests.contains_key(*folder))
            .find_map(|folder| {
                self.file_or_folder(&paths::join(folder, &format!("src/{rest}"))?)
                    .or_else(|| self.file_or_folder(&paths::join(folder, rest)?))
            })
    }
}

impl Resolve for Node {
    fn resolve(&self, from: &Source<'_>, import: &Import, found: &mut Vec<u32>) {
        let folder = paths::folder(from.path);
        // What comes after a question mark is for a bundler.
        let name = import.name.split(['?', '!']).next().unwrap_or_default();
        let is_relative = import.form == Form::File
            || matches!(name, "." | "..")
            || name.starts_with("./")
            || name.starts_with("../");
        if is_relative {
            let file = paths::join(folder, name).and_then(|path| {
                // A slash at the end says that it is a folder.
                if name.ends_with(['/', '.']) {
                    self.main(&path)
                        .or_else(|| self.file(&paths::join(&path, "index")?))
                } else {
                    self.file_or_folder(&path)
                }
            });
            found.extend(file);
            return;
        }
        if name.is_empty() || name.starts_with('/') {
            return;
        }
        if name.starts_with('#')
            && let Some(file) = self.in_own_package(folder, name)
        {
            return found.push(file);
        }
        let configured = self
            .projects
            .candidates(folder, name)
            .into_iter()
            .find_map(|path| self.file_or_folder(&path));
        found.extend(
            configured
                .or_else(|| self.in_package(name))
                .or_else(|| self.in_sources(folder, name)),
        );
    }
}

/// The paths that `exports` or `imports` of a manifest give for a name, over all conditions.
fn targets(table: &Value, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    match table {
        Value::Object(entries) if entries.keys().any(|key| key.starts_with(['.', '#'])) => {
            if let Some(target) = entries.get(name) {
                leaves(target, "", &mut found);
            }
            for (pattern, target) in entries {
                if let Some((start, end)) = pattern.split_once('*')
                    && let Some(rest) = name.strip_prefix(start).and_then(|it| it.strip_suffix(end))
                {
                    leaves(target, rest, &mut found);
                }
            }
        }
        // A package with one entry need not name it.
        other if name == "." => leaves(other, "", &mut found),
        _ => {}
    }
    found
}

fn leaves(target: &Value, star: &str, found: &mut Vec<String>) {
    match target {
        Value::String(path) => found.push(path.replace('*', star)),
        Value::Array(many) => many.iter().for_each(|one| leaves(one, star, found)),
        Value::Object(conditions) => conditions.values().for_each(|one| leaves(one, star, found)),
        _ => {}
    }
}
