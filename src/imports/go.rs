//! Go: the imports in a file's head, and the packages of the modules in a repository.

use std::collections::HashMap;

use super::cursor::{Cursor, is_word, text};
use super::resolver::{Resolve, Source};
use super::{Form, Import, Outline, paths};

pub(super) fn is_manifest(name: &str) -> bool {
    name == "go.mod"
}

/// Imports stand before everything else, so it reads no further than to the first declaration.
pub(super) fn extract(source: &[u8]) -> Outline {
    let mut found = Outline::default();
    let mut cursor = Cursor::new(source);
    loop {
        skip(&mut cursor);
        match cursor.word() {
            b"package" => {
                skip(&mut cursor);
                cursor.word();
            }
            b"import" => {
                skip(&mut cursor);
                if cursor.eat(b"(") {
                    loop {
                        skip(&mut cursor);
                        if cursor.eat(b")") || !spec(&mut cursor, &mut found) {
                            break;
                        }
                    }
                } else if !spec(&mut cursor, &mut found) {
                    return found;
                }
            }
            _ => return found,
        }
    }
}

fn skip(cursor: &mut Cursor<'_>) {
    cursor.skip_space();
    while cursor.eat(b";") {
        cursor.skip_space();
    }
}

/// `name "path"`
fn spec(cursor: &mut Cursor<'_>, found: &mut Outline) -> bool {
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
        found.import(Form::Whole, text(path));
    }
    path.is_some()
}

/// The packages of all modules. A package is a folder, and who imports it means all of its files but the tests.
pub(super) struct Go {
    /// The folder of each module by its path.
    modules: HashMap<String, String>,
    packages: HashMap<String, Vec<u32>>,
}

impl Go {
    pub(super) fn new(sources: &[(u32, Source<'_>)], manifests: &[(&str, &str)]) -> Self {
        let mut packages: HashMap<String, Vec<u32>> = HashMap::new();
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
                // A copy deeper down, as fixtures have them, is not the one that others mean.
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

impl Resolve for Go {
    fn resolve(&self, from: &Source<'_>, import: &Import, found: &mut Vec<u32>) {
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
        // The longest path of a module that the package is in.
        let module = paths::upwards(&import.name)
            .find_map(|path| Some((self.modules.get(path)?, &import.name[path.len()..])));
        if let Some((folder, rest)) = module
            && let Some(package) = paths::join(folder, rest)
            && let Some(files) = self.packages.get(&package)
        {
            return found.extend(files);
        }
        // What a module keeps of others.
        for folder in paths::upwards(here) {
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
    fn only_the_head_is_read() {
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
