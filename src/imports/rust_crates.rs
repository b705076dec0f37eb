//! Resolves Rust paths: the crates of a repository, and the files of their modules.
//!
//! The path of a file tells which module it holds. Re-exports (`pub use`) are not followed: an import of a re-exported
//! name resolves to the module that re-exports it.

use std::collections::HashMap;

use super::family::FamilyResolver;
use super::outline::{Import, ImportKind};
use super::paths;
use super::source_file::{FileIndex, SourceFile};

pub(super) fn is_manifest(name: &str) -> bool {
    name == "Cargo.toml"
}

/// The crates of a repository.
pub(super) struct RustCrates {
    files: HashMap<String, FileIndex>,
    /// By folder.
    packages: HashMap<String, Package>,
    /// The root file of each library, by the names under which other crates import it.
    libraries: HashMap<String, String>,
}

struct Package {
    /// The path of the library's root file, which need not exist.
    library: String,
    /// Whether a path may begin at the crate's root without `crate::`, as in edition 2015.
    is_edition_2015: bool,
}

/// The module that a file holds.
struct Module<'a> {
    /// The folder of the crate's root file.
    root: &'a str,
    /// The names from the crate's root down to the module; empty for the root itself.
    path: Vec<&'a str>,
    package: Option<&'a Package>,
}

impl<'a> Module<'a> {
    /// Turns a path that begins in this module into a path from the root of its crate.
    fn path_from_root(&self, path: &[&'a str]) -> Vec<&'a str> {
        [self.path.as_slice(), path].concat()
    }
}

impl RustCrates {
    pub(super) fn new(sources: &[(FileIndex, SourceFile<'_>)], manifests: &[(&str, &str)]) -> Self {
        let mut crates = Self {
            files: sources
                .iter()
                .map(|(file, source)| (source.path.to_owned(), *file))
                .collect(),
            packages: HashMap::new(),
            libraries: HashMap::new(),
        };
        let mut dependencies = Vec::new();
        for (path, manifest) in manifests {
            if is_manifest(paths::name(path))
                && let Ok(manifest) = toml::from_str(manifest)
            {
                let folder = paths::folder(path);
                crates.add(folder, &manifest);
                dependencies.extend(path_dependencies(folder, &manifest));
            }
        }
        for (name, folder) in dependencies {
            if let Some(package) = crates.packages.get(&folder) {
                let library = package.library.clone();
                crates.libraries.entry(name).or_insert(library);
            }
        }
        crates
    }

    fn add(&mut self, folder: &str, manifest: &toml::Table) {
        let lib = |key| manifest.get("lib")?.get(key)?.as_str();
        let Some(package) = manifest.get("package") else {
            return;
        };
        let Some(library) = paths::join(folder, lib("path").unwrap_or("src/lib.rs")) else {
            return;
        };
        let name = lib("name").or_else(|| package.get("name")?.as_str());
        if let Some(name) = name {
            self.libraries
                .entry(name.replace('-', "_"))
                .or_insert_with(|| library.clone());
        }
        let is_edition_2015 = match package.get("edition") {
            None => true,
            // Without a text, the workspace names the edition.
            Some(edition) => edition.as_str() == Some("2015"),
        };
        self.packages.insert(
            folder.to_owned(),
            Package {
                library,
                is_edition_2015,
            },
        );
    }

    /// Returns the module that the file at `path` holds.
    fn module_of<'a>(&'a self, path: &'a str) -> Module<'a> {
        let folder = paths::folder(path);
        let found =
            paths::ancestors(folder).find_map(|folder| Some((folder, self.packages.get(folder)?)));
        let package = found.map(|(_, package)| package);
        let base = found.map_or_else(|| above_src(folder), |(folder, _)| folder);
        let inner = path[base.len()..].trim_start_matches('/');
        let parts: Vec<&str> = inner.split('/').collect();
        // The number of leading parts that are the folder of the crate's root.
        let depth = match parts[..] {
            ["src", "bin", _] => 2,
            ["src", "bin", ..] => 3,
            ["src", ..] | ["tests" | "examples" | "benches", _] => 1,
            ["tests" | "examples" | "benches", folder, ..] => {
                let start = path.len() - inner.len() + parts[0].len();
                let main = format!("{}/{folder}/main.rs", &path[..start]);
                if self.files.contains_key(&main) { 2 } else { 1 }
            }
            _ => {
                let library = package.map_or("", |package| paths::folder(&package.library));
                if paths::is_within(path, library) && library.len() > base.len() {
                    library[base.len()..]
                        .split('/')
                        .filter(|part| !part.is_empty())
                        .count()
                } else {
                    parts.len() - 1
                }
            }
        };
        let below = &parts[depth..];
        // A file in the root of the repository has no slash before it.
        let below_len = below.iter().map(|part| part.len() + 1).sum::<usize>();
        let root_len = path.len().saturating_sub(below_len);
        let is_root = below.len() == 1
            && (parts[0] != "src"
                || depth == 2
                || matches!(below[0], "lib.rs" | "main.rs")
                || package.is_some_and(|package| package.library == path));
        let mut module: Vec<&str> = if is_root { Vec::new() } else { below.to_vec() };
        if let Some(last) = module.pop()
            && last != "mod.rs"
            && !is_root
        {
            module.push(paths::without_extension(last));
        }
        // `examples/a/main.rs` is a root as well.
        if depth > 1 && module == ["main"] {
            module.clear();
        }
        Module {
            root: &path[..root_len],
            path: module,
            package,
        }
    }

    /// Returns the file of the module with this path from the root.
    fn file_of(&self, root: &str, module: &[&str]) -> Option<FileIndex> {
        let mut path = String::from(root);
        for part in module {
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(part);
        }
        let len = path.len();
        path.push_str(".rs");
        self.files.get(&path).copied().or_else(|| {
            path.truncate(len);
            path.push_str("/mod.rs");
            self.files.get(&path).copied()
        })
    }

    /// Returns the file of the deepest module on the path that has a file and is deeper than `above`. An inline module
    /// has no file, but a module inside it may have one.
    fn deepest_file(&self, root: &str, path: &[&str], above: usize) -> Option<FileIndex> {
        (above + 1..=path.len())
            .rev()
            .find_map(|len| self.file_of(root, &path[..len]))
    }

    fn root_file(&self, module: &Module<'_>, importer: &str) -> Option<FileIndex> {
        if module.path.is_empty() {
            return self.files.get(importer).copied();
        }
        let library = module.package.map(|package| package.library.clone());
        let library = library.filter(|library| paths::folder(library) == module.root);
        library
            .into_iter()
            .chain(
                ["lib.rs", "main.rs"]
                    .iter()
                    .filter_map(|name| paths::join(module.root, name)),
            )
            .find_map(|path| self.files.get(&path).copied())
    }

    /// Resolves a path that begins with the name of a library.
    fn in_library(&self, path: &[&str]) -> Option<FileIndex> {
        let (name, rest) = path.split_first()?;
        let library = self.libraries.get(*name)?;
        self.deepest_file(paths::folder(library), rest, 0)
            .or_else(|| self.files.get(library).copied())
    }

    fn find<'a>(
        &'a self,
        from: &'a SourceFile<'_>,
        kind: ImportKind,
        path: &[&'a str],
    ) -> Option<FileIndex> {
        let module = self.module_of(from.path);
        let (first, rest) = path.split_first()?;
        match *first {
            "crate" => self
                .deepest_file(module.root, rest, 0)
                .or_else(|| self.root_file(&module, from.path)),
            // A `mod` names exactly this file, none above it.
            "self" if kind == ImportKind::Exact => {
                self.file_of(module.root, &module.path_from_root(rest))
            }
            "self" => {
                self.deepest_file(module.root, &module.path_from_root(rest), module.path.len())
            }
            "super" => {
                let ups = path.iter().take_while(|part| **part == "super").count();
                let parent = &module.path[..module.path.len().saturating_sub(ups)];
                self.deepest_file(module.root, &[parent, &path[ups..]].concat(), 0)
                    .or_else(|| self.root_file(&module, from.path))
            }
            "" => self.in_library(rest),
            _ => self
                .deepest_file(module.root, &module.path_from_root(path), module.path.len())
                .or_else(|| self.in_library(path))
                .or_else(|| {
                    module
                        .package
                        .filter(|package| package.is_edition_2015)
                        .and_then(|_| self.deepest_file(module.root, path, 0))
                }),
        }
    }
}

impl FamilyResolver for RustCrates {
    fn resolve(&self, from: &SourceFile<'_>, import: &Import, found: &mut Vec<FileIndex>) {
        if import.kind == ImportKind::File {
            let file = paths::join(paths::folder(from.path), &import.name);
            found.extend(file.and_then(|file| self.files.get(&file)));
            return;
        }
        let path: Vec<&str> = import.name.split("::").collect();
        found.extend(self.find(from, import.kind, &path));
    }
}

/// Returns the path dependencies of a manifest: the name of each, and the folder of its package.
fn path_dependencies(folder: &str, manifest: &toml::Table) -> Vec<(String, String)> {
    const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let workspace = manifest.get("workspace").and_then(toml::Value::as_table);
    std::iter::once(manifest)
        .chain(workspace)
        .flat_map(|table| {
            TABLES
                .iter()
                .filter_map(|name| table.get(*name)?.as_table())
        })
        .flatten()
        .filter_map(|(name, dependency)| {
            let path = paths::join(folder, dependency.get("path")?.as_str()?)?;
            Some((name.replace('-', "_"), path))
        })
        .collect()
}

/// Returns the folder above the nearest `src`, or the folder itself without one.
fn above_src(folder: &str) -> &str {
    paths::ancestors(folder)
        .find(|folder| paths::name(folder) == "src")
        .map_or(folder, paths::folder)
}
