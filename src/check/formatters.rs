//! Finds the formatters that a repository configures, with the command that runs each of them on some files. It reads
//! only tracked files and executes nothing. Whether anybody runs such a command is not decided here.

use std::collections::BTreeSet;

use serde_json::Value as Json;

/// A formatter that the repository configures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Formatter {
    /// A shell line in which `{files}` stands for the files to format.
    pub(crate) command: String,
    /// The file at the root of the repository that configures it.
    pub(crate) source: String,
}

/// The files that configure Prettier (its documentation, "Configuration File").
const PRETTIER: [&str; 15] = [
    ".prettierrc",
    ".prettierrc.json",
    ".prettierrc.json5",
    ".prettierrc.yaml",
    ".prettierrc.yml",
    ".prettierrc.toml",
    ".prettierrc.js",
    ".prettierrc.cjs",
    ".prettierrc.mjs",
    ".prettierrc.ts",
    "prettier.config.js",
    "prettier.config.cjs",
    "prettier.config.mjs",
    "prettier.config.ts",
    ".prettierignore",
];

/// Files whose presence configures a formatter, with its command.
const BY_FILE: [(&str, &str); 8] = [
    ("rustfmt.toml", "cargo fmt"),
    (".rustfmt.toml", "cargo fmt"),
    ("biome.json", "npx biome format --write {files}"),
    ("biome.jsonc", "npx biome format --write {files}"),
    (".clang-format", "clang-format -i {files}"),
    ("ruff.toml", "ruff format {files}"),
    (".rubocop.yml", "bundle exec rubocop --autocorrect {files}"),
    (".scalafmt.conf", "scalafmt {files}"),
];

/// The tables of pyproject.toml that configure a formatter, with its command.
const OF_PYTHON: [(&str, &str); 2] = [
    ("[tool.black]", "black {files}"),
    ("[tool.ruff", "ruff format {files}"),
];

/// Returns the formatters that files at the root of the repository configure, always in the same order. `read` returns
/// the text of a tracked file.
pub(crate) fn formatters(
    tracked: &BTreeSet<String>,
    read: impl Fn(&str) -> Option<String>,
) -> Vec<Formatter> {
    let mut found: Vec<Formatter> = Vec::new();
    let mut add = |command: &str, source: &str| {
        if !found.iter().any(|known| known.command == command) {
            found.push(Formatter {
                command: command.to_owned(),
                source: source.to_owned(),
            });
        }
    };
    for (file, command) in BY_FILE {
        if tracked.contains(file) {
            add(command, file);
        }
    }
    let prettier = "npx prettier --write --ignore-unknown {files}";
    if let Some(file) = PRETTIER.iter().find(|file| tracked.contains(**file)) {
        add(prettier, file);
    }
    let text = |file: &str| read(file).filter(|_| tracked.contains(file));
    let manifest = text("package.json").and_then(|text| serde_json::from_str::<Json>(&text).ok());
    if manifest.is_some_and(|json| json.get("prettier").is_some()) {
        add(prettier, "package.json");
    }
    let settings = text("pyproject.toml").unwrap_or_default();
    let lines: Vec<&str> = settings.lines().map(str::trim).collect();
    for (table, command) in OF_PYTHON {
        if lines.iter().any(|line| line.starts_with(table)) {
            add(command, "pyproject.toml");
        }
    }
    if tracked.contains("go.mod") {
        // The language has one form, which needs no settings.
        add("gofmt -w {files}", "go.mod");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let tracked = files.iter().map(|(path, _)| (*path).to_owned()).collect();
        let read = |path: &str| {
            let file = files.iter().find(|(it, _)| *it == path);
            file.map(|(_, text)| (*text).to_owned())
        };
        let all = formatters(&tracked, read).into_iter();
        all.map(|it| format!("{} ({})", it.command, it.source))
            .collect()
    }

    #[test]
    fn settings_at_the_root_name_a_formatter() {
        assert_eq!(
            found(&[("rustfmt.toml", ""), ("package.json", "{\"prettier\": {}}")]),
            [
                "cargo fmt (rustfmt.toml)",
                "npx prettier --write --ignore-unknown {files} (package.json)"
            ]
        );
        assert_eq!(
            found(&[
                ("pyproject.toml", "[project]\n[tool.ruff.lint]\n"),
                ("go.mod", "")
            ]),
            [
                "ruff format {files} (pyproject.toml)",
                "gofmt -w {files} (go.mod)"
            ]
        );
    }

    #[test]
    fn settings_elsewhere_and_other_settings_name_none() {
        let none: [String; 0] = [];
        assert_eq!(
            found(&[
                ("docs/.prettierrc", ""),
                ("package.json", "{\"scripts\": {}}")
            ]),
            none
        );
        assert_eq!(found(&[("package.json", "broken")]), none);
    }
}
