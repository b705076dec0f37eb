//! Finds the packages of a base.

use std::collections::BTreeSet;

use super::tracked::utf8_paths;
use crate::git::Entry;

/// Returns the folders that hold a manifest. Such a folder is built, tested and reviewed as one.
pub(super) fn packages(entries: &[Entry]) -> BTreeSet<String> {
    const MANIFESTS: &[&str] = &[
        "BUILD.bazel",
        "CMakeLists.txt",
        "Cargo.toml",
        "Gemfile",
        "Package.swift",
        "build.gradle",
        "build.gradle.kts",
        "build.sbt",
        "composer.json",
        "go.mod",
        "mix.exs",
        "package.json",
        "pom.xml",
        "pubspec.yaml",
        "pyproject.toml",
        "setup.py",
    ];
    const ENDINGS: &[&str] = &[".cabal", ".csproj", ".fsproj", ".gemspec", ".vbproj"];
    utf8_paths(entries)
        .map(|path| path.rsplit_once('/').unwrap_or(("", path)))
        .filter(|(_, name)| {
            MANIFESTS.contains(name) || ENDINGS.iter().any(|ending| name.ends_with(ending))
        })
        .map(|(folder, _)| folder.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::repository;

    #[test]
    fn folders_with_a_manifest_are_packages() {
        let it = repository(&[
            ("Cargo.toml", ""),
            ("cs/App.csproj", ""),
            ("js/web/package.json", ""),
            ("js/package.json.bak", ""),
        ]);
        let entries = it.repo.entries(&it.first).unwrap();
        assert!(packages(&entries).iter().eq(["", "cs", "js/web"]));
    }
}
