//! Imports of packages that no manifest declares: npm, Python and Cargo.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use super::file::ChangedFile;
use super::finding::Finding;
use super::instruction::Instruction;
use super::repository::{Repository, folders, imports_of, join};
use crate::config::FindingKind;
use crate::imports::Language;

/// Packages that belong to their language, and packages that are declared under another name.
#[derive(Default, Deserialize)]
struct Known {
    node: BTreeSet<String>,
    python: BTreeSet<String>,
    rust: BTreeSet<String>,
    /// Names of modules, each with a part of the name of its distribution.
    python_names: std::collections::BTreeMap<String, String>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    // A test proves that the file can be read.
    toml::from_str(include_str!("packages.toml")).unwrap_or_default()
});

/// Settings of tools that give packages other names.
const ALIAS_FILES: [&str; 9] = [
    "vite.config.ts",
    "vite.config.js",
    "vite.config.mts",
    "webpack.config.js",
    "jest.config.js",
    "jest.config.ts",
    "babel.config.js",
    "tsconfig.json",
    "jsconfig.json",
];

/// Returns the imports that the unit adds, of packages that no manifest declares.
pub(super) fn undeclared_imports(
    files: &[ChangedFile],
    instruction: &Instruction,
    repository: &Repository<'_>,
) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for file in files {
        let Some(language) = Language::of_path(&file.path) else {
            continue;
        };
        let package_of = match language {
            Language::JavaScript | Language::Component => npm_package,
            Language::Python => python_module,
            Language::Rust => rust_crate,
            _ => continue,
        };
        let known = |file: &ChangedFile| {
            let imports = imports_of(language, file.text_before()).into_iter();
            let packages = imports.filter_map(|it| package_of(&it.name).map(ToOwned::to_owned));
            packages.collect::<BTreeSet<String>>()
        };
        let before = known(file);
        let mut told = BTreeSet::new();
        for import in imports_of(language, file.text_after()) {
            let Some(package) = package_of(&import.name) else {
                continue;
            };
            if before.contains(package)
                || !told.insert(package.to_owned())
                || instruction.names(package)
            {
                continue;
            }
            // What stands inside a function or a condition may be left out on purpose.
            let Some(line) = line_of(language, package, file) else {
                continue;
            };
            if is_declared(language, package, file, repository)
                || !repository.resolve(&file.path, language, &import).is_empty()
            {
                continue;
            }
            found.push(Finding {
                kind: FindingKind::UndeclaredImport,
                path: file.path.clone(),
                line: Some(line),
                said: format!("it imports `{package}`, which no manifest declares"),
            });
        }
    }
    found
}

fn is_declared(
    language: Language,
    package: &str,
    file: &ChangedFile,
    repository: &Repository<'_>,
) -> bool {
    match language {
        Language::Python => is_declared_in_python(package, repository),
        Language::Rust => is_declared_in_cargo(package, file, repository),
        _ => is_declared_in_npm(package, &file.path, repository),
    }
}

/// Returns the number of the first new line at the margin that imports the package.
fn line_of(language: Language, package: &str, file: &ChangedFile) -> Option<usize> {
    let added = file.added_lines();
    let imports = |text: &str| match language {
        Language::Python | Language::Rust => text.starts_with(|c: char| !c.is_whitespace()),
        _ => true,
    };
    let first = added
        .iter()
        .find(|line| line.text.contains(package) && imports(line.text));
    first.map(|line| line.number)
}

/// Returns the package of a specifier that names one.
fn npm_package(specifier: &str) -> Option<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '@' | '-' | '_' | '.' | '/');
    let begins = specifier.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '@');
    if !begins || specifier.starts_with("@/") || !specifier.chars().all(is_name) {
        return None;
    }
    let parts = if specifier.starts_with('@') { 2 } else { 1 };
    let end = specifier.match_indices('/').nth(parts - 1);
    let package = &specifier[..end.map_or(specifier.len(), |(at, _)| at)];
    let is_whole = parts == 1 || package.contains('/');
    (is_whole && !KNOWN.node.contains(package)).then_some(package)
}

fn is_declared_in_npm(package: &str, path: &str, repository: &Repository<'_>) -> bool {
    let mut has_manifest = false;
    for folder in folders(path) {
        if let Some(text) = repository.read_if_there(&join(folder, "package.json")) {
            has_manifest = true;
            if declares_npm(&text, package) {
                return true;
            }
        }
        let quoted = [format!("\"{package}"), format!("'{package}")];
        for name in ALIAS_FILES {
            let text = repository.read_if_there(&join(folder, name));
            if text.is_some_and(|text| quoted.iter().any(|name| text.contains(name))) {
                return true;
            }
        }
        // The folder of a project may be a root of its imports.
        let first = package.split('/').next().unwrap_or(package);
        let below = [join(folder, first), join(folder, &format!("src/{first}"))];
        if below.iter().any(|place| repository.has_folder(place)) {
            return true;
        }
    }
    !has_manifest || is_own_package(package, repository)
}

fn declares_npm(text: &str, package: &str) -> bool {
    let Ok(manifest) = serde_json::from_str::<serde_json::Value>(text) else {
        return true;
    };
    let types = match package.strip_prefix('@').and_then(|it| it.split_once('/')) {
        Some((scope, name)) => format!("@types/{scope}__{name}"),
        None => format!("@types/{package}"),
    };
    manifest["name"] == package
        || [
            "dependencies",
            "devDependencies",
            "peerDependencies",
            "optionalDependencies",
            "resolutions",
            "overrides",
            "alias",
            "imports",
        ]
        .iter()
        .any(|table| {
            let table = &manifest[*table];
            table.get(package).is_some() || table.get(&types).is_some()
        })
}

/// Checks whether the package is one of the repository's own.
fn is_own_package(package: &str, repository: &Repository<'_>) -> bool {
    let manifests = repository.paths().filter(|path| {
        path.strip_suffix("package.json")
            .is_some_and(|folder| folder.is_empty() || folder.ends_with('/'))
    });
    let name = format!("\"{package}\"");
    manifests
        .filter_map(|path| repository.read(path))
        .any(|text| text.contains(&name))
}

fn python_module(name: &str) -> Option<&str> {
    let module = name.split('.').next()?;
    let is_plain = !module.is_empty() && !module.starts_with('_');
    (is_plain && !KNOWN.python.contains(module)).then_some(module)
}

fn is_declared_in_python(module: &str, repository: &Repository<'_>) -> bool {
    let plain = |name: &str| name.to_lowercase().replace(['_', '.'], "-");
    let wanted = plain(module);
    let other = KNOWN.python_names.get(module);
    let mut has_manifest = false;
    for path in repository.paths() {
        let mut parts = path.rsplit('/');
        let name = parts.next().unwrap_or(path);
        // A module or a package of the repository, wherever its root is.
        let stem = name
            .strip_suffix(".py")
            .or_else(|| name.strip_suffix(".pyi"));
        if stem == Some(module) || parts.any(|folder| folder == module) {
            return true;
        }
        if !is_python_manifest(name) {
            continue;
        }
        let Some(text) = repository.read(path) else {
            continue;
        };
        has_manifest = true;
        let text = plain(&text);
        if text.contains(&wanted) || other.is_some_and(|other| text.contains(other.as_str())) {
            return true;
        }
    }
    !has_manifest
}

fn is_python_manifest(name: &str) -> bool {
    let is_requirements =
        name.contains("requirements") && [".txt", ".in"].iter().any(|end| name.ends_with(end));
    is_requirements
        || matches!(
            name,
            "pyproject.toml"
                | "setup.py"
                | "setup.cfg"
                | "Pipfile"
                | "Pipfile.lock"
                | "poetry.lock"
                | "uv.lock"
                | "pdm.lock"
                | "tox.ini"
                | "noxfile.py"
                | "environment.yml"
                | "environment.yaml"
        )
}

fn rust_crate(name: &str) -> Option<&str> {
    let (krate, _) = name.split_once("::")?;
    let is_plain = krate.starts_with(|c: char| c.is_ascii_lowercase());
    (is_plain && !KNOWN.rust.contains(krate)).then_some(krate)
}

fn is_declared_in_cargo(krate: &str, file: &ChangedFile, repository: &Repository<'_>) -> bool {
    let dashed = krate.replace('_', "-");
    let mut has_manifest = false;
    for folder in folders(&file.path) {
        let Some(text) = repository.read_if_there(&join(folder, "Cargo.toml")) else {
            continue;
        };
        has_manifest = true;
        if text.contains(krate) || text.contains(&dashed) {
            return true;
        }
    }
    // A module, or a name that the file brings in, is no crate.
    let is_module = repository.paths().any(|path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.strip_suffix(".rs") == Some(krate) || path.contains(&format!("/{krate}/"))
    });
    let text = file.text_after().unwrap_or_default();
    let is_named = ["mod ", "as ", "::", "{", ", ", "enum ", "trait "]
        .iter()
        .any(|before| names_after(text, before, krate));
    !has_manifest || is_module || is_named
}

/// Checks whether the text has this whole name directly after `before`.
fn names_after(text: &str, before: &str, name: &str) -> bool {
    let wanted = format!("{before}{name}");
    text.match_indices(&wanted).any(|(at, _)| {
        let rest = &text[at + wanted.len()..];
        !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::content::file::changed;

    fn said(path: &str, before: &str, after: &str, others: &[(&str, &str)]) -> Vec<String> {
        let mut paths: BTreeSet<String> =
            others.iter().map(|(path, _)| (*path).to_owned()).collect();
        paths.insert(path.to_owned());
        let read = |wanted: &str| {
            let found = others.iter().find(|(path, _)| *path == wanted);
            found.map(|(_, text)| (*text).to_owned())
        };
        let repository = Repository::new(&paths, &read);
        let file = changed(path, Some(before), Some(after));
        let found = undeclared_imports(&[file], &Instruction::new("old to new"), &repository);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_known_packages_can_be_read() {
        let known: Known = toml::from_str(include_str!("packages.toml")).unwrap();
        assert!(known.node.contains("fs") && known.python.contains("os"));
    }

    #[test]
    fn an_npm_package_is_declared_somewhere_above() {
        let manifest =
            r#"{"name": "r", "dependencies": {"a": "1"}, "devDependencies": {"@types/b": "1"}}"#;
        let others = [
            ("package.json", manifest),
            ("packages/c/package.json", r#"{"name": "@r/c"}"#),
            ("src/utils/d.js", ""),
        ];
        let after = "import dayjs from 'dayjs';\nimport a from 'a/b';\nimport b from 'b';\nimport c from '@r/c';\n\
                     import { d } from 'utils/d';\nimport fs from 'node:fs';\nimport { join } from 'path';\n\
                     import x from './x';\nimport y from '@/y';\n";
        assert_eq!(
            said("src/a/x1.js", "x", after, &others),
            ["src/a/x1.js:1: it imports `dayjs`, which no manifest declares"]
        );
        assert_eq!(said("src/a/x1.js", after, after, &others), [""; 0]);
        assert_eq!(said("src/a/x1.js", "x", after, &[]), [""; 0]);
    }

    #[test]
    fn a_python_module_is_of_the_language_the_repository_or_a_distribution() {
        let others = [
            (
                "pyproject.toml",
                "[project]\ndependencies = [\"PyYAML\", \"ruamel.yaml\"]\n",
            ),
            ("src/own/b.py", ""),
        ];
        let after = "import os, sys\nimport yaml\nimport own.b\nfrom arrow import get\nimport ruamel.yaml\n\
                     def f():\n    import lazy\n";
        assert_eq!(
            said("src/own/a.py", "", after, &others),
            ["src/own/a.py:4: it imports `arrow`, which no manifest declares"]
        );
    }

    #[test]
    fn a_crate_is_in_a_manifest_above() {
        let others = [
            ("Cargo.toml", "[dependencies]\nserde_json = \"1\"\n"),
            ("src/own.rs", ""),
        ];
        let after =
            "use std::fs;\nuse serde_json::Value;\nuse own::f;\nuse rand::random;\nuse crate::x;\n";
        assert_eq!(
            said("src/a.rs", "", after, &others),
            ["src/a.rs:4: it imports `rand`, which no manifest declares"]
        );
    }
}
