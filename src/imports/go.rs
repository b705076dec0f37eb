//! Go: reads the imports at the head of a file and resolves them to packages of the repository's modules.

use std::collections::HashMap;

use super::cursor::{Cursor, is_word, text};
use super::family::FamilyResolver;
use super::outline::{Import, ImportKind, Outline};
use super::paths;
use super::source_file::{FileIndex, SourceFile};

pub(super) fn is_manifest(name: &str) -> bool {
    name == "go.mod"
}

/// Stops at the first declaration, because all imports stand before it.
pub(super) fn extract(source: &[u8]) -> Outline {
    let mut found = Outline::default();
    let mut cursor = Cursor::new(source);
    loop {
        skip_separators(&mut cursor);
        match cursor.word() {
            b"package" => {
                skip_separators(&mut cursor);
                cursor.word();
            }
            b"import" => {
                skip_separators(&mut cursor);
                if cursor.eat(b"(") {
                    loop {
                        skip_separators(&mut cursor);
                        if cursor.eat(b")") || !import_spec(&mut cursor, &mut found) {
                            break;
                        }
                    }
                } else if !import_spec(&mut cursor, &mut found) {
                    return found;
                }
            }
            _ => return found,
        }
    }
}

fn skip_separators(cursor: &mut Cursor<'_>) {
    cursor.skip_space();
    while cursor.eat(b";") {
        cursor.skip_space();
    }
}

/// Reads `name "path"`, and returns whether there was one.
fn import_spec(cursor: &mut Cursor<'_>, found: &mut Outline) -> bool {
    if is_word(cursor.peek()) {
        cursor.word();
    } else {
        cursor.eat(b".");
    }
    cursor.skip_space();
    let path = match cursor.peek() {
        b'"' | b'`' => cursor.quoted(),
        _ => None,
    };
    if let Some(path) = path {
        found.import(ImportKind::Exact, text(path));
    }
    path.is_some()
}

/// The packages of all modules. A package is a folder; an import of the package refers to all its files except tests.
pub(super) struct GoPackages {
    /// The folder of each module, by module path.
    modules: HashMap<String, String>,
    packages: HashMap<String, Vec<FileIndex>>,
}

impl GoPackages {
    pub(super) fn new(sources: &[(FileIndex, SourceFile<'_>)], manifests: &[(&str, &str)]) -> Self {
        let mut packages: HashMap<String, Vec<FileIndex>> = HashMap::new();
        for (file, source) in sources {
            if !source.path.ends_with("_test.go") {
                packages
                    .entry(paths::folder(source.path).to_owned())
                    .or_default()
                    .push(*file);
            }
        }
        let mut modules = HashMap::new();
        for (path, manifest) in manifests {
            if is_manifest(paths::name(path))
                && let Some(module) = module_path(manifest)
            {
                let folder = paths::folder(path).to_owned();
                // Of two modules with one path, the deeper one is a copy, such as a fixture.
                let known = modules.entry(module.to_owned()).or_insert(folder.clone());
                if folder.len() < known.len() {
                    *known = folder;
                }
            }
        }
        Self { modules, packages }
    }
}

fn module_path(manifest: &str) -> Option<&str> {
    manifest.lines().find_map(|line| {
        let path = line.trim().strip_prefix("module")?;
        let path = path.split("//").next()?;
        path.starts_with([' ', '\t', '"'])
            .then(|| path.trim().trim_matches(['"', '`']))
    })
}

impl FamilyResolver for GoPackages {
    fn resolve(&self, from: &SourceFile<'_>, import: &Import, found: &mut Vec<FileIndex>) {
        let here = paths::folder(from.path);
        if import.name.starts_with("./") || import.name.starts_with("../") {
            let package = paths::join(here, &import.name);
            found.extend(
                package
                    .iter()
                    .filter_map(|it| self.packages.get(it))
                    .flatten(),
            );
            return;
        }
        // The innermost module that contains the package.
        let module = paths::ancestors(&import.name)
            .find_map(|path| Some((self.modules.get(path)?, &import.name[path.len()..])));
        if let Some((folder, rest)) = module
            && let Some(package) = paths::join(folder, rest)
            && let Some(files) = self.packages.get(&package)
        {
            return found.extend(files);
        }
        // Packages of other modules, vendored by this one.
        for folder in paths::ancestors(here) {
            let vendored =
                paths::join(folder, "vendor").and_then(|it| paths::join(&it, &import.name));
            if let Some(files) = vendored.and_then(|package| self.packages.get(&package)) {
                return found.extend(files);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_ends_at_the_first_declaration() {
        let source = br#"// Package a
package a; import "fmt"
import (
	. "x/dot"; _ "x/blank" // why
	/* and */ named "x/named"
	`x/raw`
)
import m "m"

const s = "import"
import "too/late"
"#;
        let names: Vec<String> = extract(source)
            .imports
            .into_iter()
            .map(|it| it.name)
            .collect();
        assert_eq!(names, ["fmt", "x/dot", "x/blank", "x/named", "x/raw", "m"]);
    }

    #[test]
    fn a_modules_path_may_be_quoted() {
        assert_eq!(
            module_path("// x\nmodule example.org/a // y\n"),
            Some("example.org/a")
        );
        assert_eq!(
            module_path("module \"example.org/a\"\n"),
            Some("example.org/a")
        );
        assert_eq!(module_path("go 1.2\n"), None);
    }
}
