//! Where Rust looks for a module: the crates of a repository, and the files of their modules.
//!
//! Where a module's file stands follows from its path, so the module of a file is read off its name. What a module
//! hands on (`pub use`) is not followed: who imports it imports from the module that hands it on.

use std::collections::HashMap;

use super::resolver::{Resolve, Source};
use super::{Form, Import, paths};

pub(super) fn is_manifest(name: &str) -> bool {
    name == "Cargo.toml"
}

pub(super) struct Crates {
    files: HashMap<String, u32>,
    /// By folder.
    packages: HashMap<String, Package>,
    /// The root of each library by the name that others call it.
    libraries: HashMap<String, String>,
}

struct Package {
    /// The root of the library, if it has one, from the root of the repository.
    library: String,
    /// Whether a plain path begins at the crate's root, as before 2018.
    is_old: bool,
}

/// The module that a file is.
struct Home<'a> {
    /// The folder of the crate's root.
    root: &'a str,
    /// The path from there; nothing at the root itself.
    module: Vec<&'a str>,
    package: Option<&'a Package>,
}

impl<'a> Home<'a> {
    /// A path from this module as one from the root of its crate.
    fn inside(&self, path: &[&'a str]) -> Vec<&'a str> {
        [self.module.as_slice(), path].concat()
    }
}

impl Crates {
    pub(super) fn new(sources: &[(u32, Source<'_>)], manifests: &[(&str, &str)]) -> Self {
        let mut it = Self {
            files: sources
                .iter()
                .map(|(file, source)| (source.path.to_owned(), *file))
                .collect(),
            packages: HashMap::new(),
            libraries: HashMap::new(),
        };
        let mut named = Vec::new();
        for (path, manifest) in manifests {
            if is_manifest(paths::name(path))
                && let Ok(manifest) = toml::from_str(manifest)
            {
                let folder = paths::folder(path);
                it.add(folder, &manifest);
                named.extend(dependencies(folder, &manifest));
            }
        }
        for (name, folder) in named {
            if let Some(package) = it.packages.get(&folder) {
                let library = package.library.clone();
                it.libraries.entry(name).or_insert(library);
            }
        }
        it
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
        let is_old = match package.get("edition") {
            None => true,
            // Else it is that of the workspace.
            Some(edition) => edition.as_str() == Some("2015"),
        };
        self.packages
            .insert(folder.to_owned(), Package { library, is_old });
    }

    fn home<'a>(&'a self, path: &'a str) -> Home<'a> {
        let folder = paths::folder(path);
        let found =
            paths::upwards(folder).find_map(|folder| Some((folder, self.packages.get(folder)?)));
        let package = found.map(|(_, package)| package);
        let base = found.map_or_else(|| above_src(folder), |(folder, _)| folder);
        let inner = path[base.len()..].trim_start_matches('/');
        let parts: Vec<&str> = inner.split('/').collect();
        // The root's folder is so many parts of the path within the package.
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
                if within(path, library).is_some() && library.len() > base.len() {
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
        let root_len = path.len() - below.iter().map(|part| part.len() + 1).sum::<usize>();
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
            module.push(paths::without_ending(last));
        }
        // `examples/a/main.rs` is a root of its own.
        if depth > 1 && module == ["main"] {
            module.clear();
        }
        Home {
            root: &path[..root_len.min(path.len())],
            module,
            package,
        }
    }

    fn module(&self, root: &str, module: &[&str]) -> Option<u32> {
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

    /// The deepest module on the path that is deeper than `above`. Modules inside of a file have no file of their own,
    /// but there may be one below them.
    fn deepest(&self, root: &str, path: &[&str], above: usize) -> Option<u32> {
        (above + 1..=path.len())
            .rev()
            .find_map(|len| self.module(root, &path[..len]))
    }

    fn root_file(&self, home: &Home<'_>, importer: &str) -> Option<u32> {
        if home.module.is_empty() {
            return self.files.get(importer).copied();
        }
        let library = home.package.map(|package| package.library.clone());
        let library = library.filter(|library| paths::folder(library) == home.root);
        library
            .into_iter()
            .chain(
                ["lib.rs", "main.rs"]
                    .iter()
                    .filter_map(|name| paths::join(home.root, name)),
            )
            .find_map(|path| self.files.get(&path).copied())
    }

    fn in_library(&self, path: &[&str]) -> Option<u32> {
        let (name, rest) = path.split_first()?;
        let library = self.libraries.get(*name)?;
        self.deepest(paths::folder(library), rest, 0)
            .or_else(|| self.files.get(library).copied())
    }

    fn find<'a>(&'a self, from: &'a Source<'_>, form: Form, path: &[&'a str]) -> Option<u32> {
        let home = self.home(from.path);
        let (first, rest) = path.split_first()?;
        match *first {
            "crate" => self
                .deepest(home.root, rest, 0)
                .or_else(|| self.root_file(&home, from.path)),
            // The file that a `mod` means, not one on the way to it.
            "self" if form == Form::Whole => self.module(home.root, &home.inside(rest)),
            "self" => self.deepest(home.root, &home.inside(rest), home.module.len()),
            "super" => {
                let ups = path.iter().take_while(|part| **part == "super").count();
                let module = &home.module[..home.module.len().saturating_sub(ups)];
                self.deepest(home.root, &[module, &path[ups..]].concat(), 0)
                    .or_else(|| self.root_file(&home, from.path))
            }
            "" => self.in_library(rest),
            _ => self
                .deepest(home.root, &home.inside(path), home.module.len())
                .or_else(|| self.in_library(path))
                .or_else(|| {
                    home.package
                        .filter(|package| package.is_old)
                        .and_then(|_| self.deepest(home.root, path, 0))
                }),
        }
    }
}

impl Resolve for Crates {
    fn resolve(&self, from: &Source<'_>, import: &Import, found: &mut Vec<u32>) {
        if import.form == Form::File {
            let file = paths::join(paths::folder(from.path), &import.name);
            found.extend(file.and_then(|file| self.files.get(&file)));
            return;
        }
        let path: Vec<&str> = import.name.split("::").collect();
        found.extend(self.find(from, import.form, &path));
    }
}

/// What others call the packages of this repository: the names under which a manifest depends on them, with their
/// folders.
fn dependencies(folder: &str, manifest: &toml::Table) -> Vec<(String, String)> {
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

/// The folder above the nearest `src`, or else the folder itself.
fn above_src(folder: &str) -> &str {
    paths::upwards(folder)
        .find(|folder| paths::name(folder) == "src")
        .map_or(folder, paths::folder)
}

/// What of the path is below the folder.
fn within<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    if folder.is_empty() {
        return Some(path);
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}
