//! Resolves JavaScript and TypeScript modules: relative files, folders with an index, packages of the workspace, and
//! path aliases from the configuration of a project.

use std::collections::HashMap;

use serde_json::Value;

use super::family::FamilyResolver;
use super::outline::{Import, ImportKind};
use super::paths;
use super::source_file::{FileIndex, SourceFile};
use super::tsconfig::Projects;

/// The file extensions that an import may leave out, in the order in which they are tried. A source comes before its
/// compiled form.
const EXTENSIONS: [&str; 14] = [
    ".ts", ".tsx", ".mts", ".cts", ".d.ts", ".d.mts", ".d.cts", ".js", ".jsx", ".mjs", ".cjs",
    ".vue", ".svelte", "",
];
/// Folders of build output, each built from the folder `src`.
const OUTPUT_FOLDERS: [&str; 8] = [
    "dist", "lib", "build", "out", "es", "esm", "cjs", "dist-src",
];

pub(super) fn is_manifest(name: &str) -> bool {
    name == "package.json"
}

/// The modules and packages of a repository.
pub(super) struct NodeModules {
    files: HashMap<String, FileIndex>,
    /// The files by their path without extension, each with the rank of its extension.
    stems: HashMap<String, Vec<(usize, FileIndex)>>,
    projects: Projects,
    /// The folder of each package, by name.
    packages: HashMap<String, String>,
    /// Each `package.json`, by folder.
    manifests: HashMap<String, Value>,
}

impl NodeModules {
    pub(super) fn new(sources: &[(FileIndex, SourceFile<'_>)], manifests: &[(&str, &str)]) -> Self {
        let mut files = HashMap::new();
        let mut stems: HashMap<String, Vec<(usize, FileIndex)>> = HashMap::new();
        for (file, source) in sources {
            files.insert(source.path.to_owned(), *file);
            let extension = EXTENSIONS
                .iter()
                .enumerate()
                .filter(|(_, extension)| source.path.ends_with(*extension))
                .max_by_key(|(_, extension)| extension.len());
            if let Some((rank, extension)) = extension {
                let stem = &source.path[..source.path.len() - extension.len()];
                stems
                    .entry(stem.to_owned())
                    .or_default()
                    .push((rank, *file));
            }
        }
        for ranked in stems.values_mut() {
            ranked.sort_unstable();
        }
        let mut modules = Self {
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
                    modules
                        .packages
                        .entry(name.to_owned())
                        .or_insert_with(|| folder.clone());
                }
                modules.manifests.insert(folder, manifest);
            }
        }
        modules
    }

    /// Returns the file at a path, which may lack its extension.
    fn file(&self, path: &str) -> Option<FileIndex> {
        if let Some(file) = self.files.get(path) {
            return Some(*file);
        }
        self.stem(path).or_else(|| {
            // TypeScript imports a file by the name of its compiled form.
            let extension = [".js", ".jsx", ".mjs", ".cjs"]
                .into_iter()
                .find(|extension| path.ends_with(extension))?;
            self.stem(path.strip_suffix(extension)?)
        })
    }

    fn stem(&self, path: &str) -> Option<FileIndex> {
        self.stems.get(path)?.first().map(|(_, file)| *file)
    }

    /// Returns the file at a path, or the entry file of the folder at the path.
    fn file_or_folder(&self, path: &str) -> Option<FileIndex> {
        self.file(path)
            .or_else(|| self.entry_file(path))
            .or_else(|| self.file(&paths::join(path, "index")?))
    }

    /// Returns the entry file that the `package.json` of a folder names.
    fn entry_file(&self, folder: &str) -> Option<FileIndex> {
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
            .find_map(|path| self.source_of(folder, &path))
            .or_else(|| {
                ["src/index", "index", "src/main", "lib/index"]
                    .iter()
                    .find_map(|path| self.file(&paths::join(folder, path)?))
            })
    }

    /// Returns the file at a path from a manifest. The path may name build output outside the repository; then the file
    /// is the source that it is built from.
    fn source_of(&self, folder: &str, path: &str) -> Option<FileIndex> {
        let path = path.strip_prefix("./").unwrap_or(path);
        let direct = paths::join(folder, path).and_then(|full| {
            self.file(&full)
                .or_else(|| self.file(&paths::join(&full, "index")?))
        });
        direct.or_else(|| {
            let (first, rest) = path.split_once('/')?;
            if !OUTPUT_FOLDERS.contains(&first) {
                return None;
            }
            let stem = EXTENSIONS
                .iter()
                .filter(|extension| !extension.is_empty())
                .filter_map(|extension| rest.strip_suffix(extension))
                .min_by_key(|stem| stem.len())
                .unwrap_or(rest);
            // `dist/esm/a.js` is built from `src/a.ts`.
            let deeper = stem
                .split_once('/')
                .filter(|(first, _)| OUTPUT_FOLDERS.contains(first));
            [Some(stem), deeper.map(|(_, stem)| stem)]
                .into_iter()
                .flatten()
                .find_map(|stem| self.file_or_index(&paths::join(folder, &format!("src/{stem}"))?))
        })
    }

    fn file_or_index(&self, path: &str) -> Option<FileIndex> {
        self.file(path)
            .or_else(|| self.file(&paths::join(path, "index")?))
    }

    /// Resolves a module of a package in the repository.
    fn in_package(&self, name: &str) -> Option<FileIndex> {
        let end = match name.strip_prefix('@') {
            Some(_) => name.match_indices('/').nth(1),
            None => name.match_indices('/').next(),
        };
        let (package, rest) = end.map_or((name, ""), |(at, _)| (&name[..at], &name[at + 1..]));
        let folder = self.packages.get(package)?;
        if rest.is_empty() {
            return self.entry_file(folder);
        }
        let manifest = self.manifests.get(folder);
        let exports = manifest.and_then(|manifest| manifest.get("exports"));
        let exported = exports
            .map(|exports| targets(exports, &format!("./{rest}")))
            .unwrap_or_default();
        exported
            .iter()
            .find_map(|path| self.source_of(folder, path))
            .or_else(|| self.file_or_folder(&paths::join(folder, rest)?))
            .or_else(|| self.source_of(folder, rest))
            .or_else(|| self.file_or_folder(&paths::join(folder, &format!("src/{rest}"))?))
    }

    /// Resolves a name that begins with `#` by the `imports` of the importing package.
    fn in_own_package(&self, folder: &str, name: &str) -> Option<FileIndex> {
        let package =
            paths::ancestors(folder).find(|folder| self.manifests.contains_key(*folder))?;
        let imports = self.manifests.get(package)?.get("imports")?;
        targets(imports, name).iter().find_map(|path| {
            self.source_of(package, path)
                .or_else(|| self.in_package(path))
        })
    }

    /// Resolves `@/a` and `~/a`, which bundlers look up in the sources of the project.
    fn in_sources(&self, folder: &str, name: &str) -> Option<FileIndex> {
        let rest = name
            .strip_prefix("@/")
            .or_else(|| name.strip_prefix("~/"))?;
        paths::ancestors(folder)
            .filter(|folder| self.manifests.contains_key(*folder))
            .find_map(|folder| {
                self.file_or_folder(&paths::join(folder, &format!("src/{rest}"))?)
                    .or_else(|| self.file_or_folder(&paths::join(folder, rest)?))
            })
    }
}

impl FamilyResolver for NodeModules {
    fn resolve(&self, from: &SourceFile<'_>, import: &Import, found: &mut Vec<FileIndex>) {
        let folder = paths::folder(from.path);
        // A query behind a question mark addresses a bundler.
        let name = import.name.split(['?', '!']).next().unwrap_or_default();
        let is_relative = import.kind == ImportKind::File
            || matches!(name, "." | "..")
            || name.starts_with("./")
            || name.starts_with("../");
        if is_relative {
            let file = paths::join(folder, name).and_then(|path| {
                // A slash or dot at the end names a folder.
                if name.ends_with(['/', '.']) {
                    self.entry_file(&path)
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

/// Returns the paths that the `exports` or `imports` of a manifest list for a name, over all conditions.
fn targets(table: &Value, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    match table {
        Value::Object(entries) if entries.keys().any(|key| key.starts_with(['.', '#'])) => {
            if let Some(target) = entries.get(name) {
                collect_paths(target, "", &mut found);
            }
            for (pattern, target) in entries {
                if let Some((start, end)) = pattern.split_once('*')
                    && let Some(rest) = name
                        .strip_prefix(start)
                        .and_then(|rest| rest.strip_suffix(end))
                {
                    collect_paths(target, rest, &mut found);
                }
            }
        }
        // A package with a single entry may leave out its name.
        other if name == "." => collect_paths(other, "", &mut found),
        _ => {}
    }
    found
}

fn collect_paths(target: &Value, star: &str, found: &mut Vec<String>) {
    match target {
        Value::String(path) => found.push(path.replace('*', star)),
        Value::Array(many) => many.iter().for_each(|one| collect_paths(one, star, found)),
        Value::Object(conditions) => conditions
            .values()
            .for_each(|one| collect_paths(one, star, found)),
        _ => {}
    }
}
