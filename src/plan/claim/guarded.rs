//! Places whose files decide what machines execute: no unit comes to own a file there by touching it.

use super::names::fold;

/// What a guarded file does, as a message names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guarded {
    Workflow,
    Hook,
    GitSetting,
    BatchSetting,
}

impl std::fmt::Display for Guarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Workflow => "it belongs to the continuous integration",
            Self::Hook => "it decides which hooks run",
            Self::GitSetting => "it decides how git treats files",
            Self::BatchSetting => "it decides what batch runs",
        })
    }
}

/// Folders whose files are guarded, folded, from the root.
const FOLDERS: [(&str, Guarded); 13] = [
    (".github/workflows/", Guarded::Workflow),
    (".github/actions/", Guarded::Workflow),
    (".gitea/workflows/", Guarded::Workflow),
    (".forgejo/workflows/", Guarded::Workflow),
    (".circleci/", Guarded::Workflow),
    (".buildkite/", Guarded::Workflow),
    (".woodpecker/", Guarded::Workflow),
    (".azure-pipelines/", Guarded::Workflow),
    (".teamcity/", Guarded::Workflow),
    (".gitlab/ci/", Guarded::Workflow),
    (".husky/", Guarded::Hook),
    (".githooks/", Guarded::Hook),
    (".batch/", Guarded::BatchSetting),
];

/// Files at the root that are guarded, folded.
const ROOT_FILES: [(&str, Guarded); 15] = [
    (".gitlab-ci.yml", Guarded::Workflow),
    (".travis.yml", Guarded::Workflow),
    (".drone.yml", Guarded::Workflow),
    (".woodpecker.yml", Guarded::Workflow),
    (".cirrus.yml", Guarded::Workflow),
    ("appveyor.yml", Guarded::Workflow),
    (".appveyor.yml", Guarded::Workflow),
    ("azure-pipelines.yml", Guarded::Workflow),
    ("bitbucket-pipelines.yml", Guarded::Workflow),
    ("jenkinsfile", Guarded::Workflow),
    (".pre-commit-config.yaml", Guarded::Hook),
    (".pre-commit-config.yml", Guarded::Hook),
    ("lefthook.yml", Guarded::Hook),
    (".lfsconfig", Guarded::GitSetting),
    ("batch.toml", Guarded::BatchSetting),
];

/// Names of files that are guarded in every folder, folded.
const NAMES: [(&str, Guarded); 2] = [
    (".gitattributes", Guarded::GitSetting),
    (".gitmodules", Guarded::GitSetting),
];

/// Returns what the file at `path` decides, where it is guarded.
pub(super) fn guarded(path: &str) -> Option<Guarded> {
    let folded = fold(path);
    let name = folded.rsplit('/').next().unwrap_or(&folded);
    let inside = FOLDERS.iter().find(|(at, _)| folded.starts_with(at));
    let root = || ROOT_FILES.iter().find(|(at, _)| folded == *at);
    let everywhere = || NAMES.iter().find(|(at, _)| name == *at);
    inside
        .or_else(root)
        .or_else(everywhere)
        .map(|(_, what)| *what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guarded_places_are_known_in_any_case_and_others_are_free() {
        for path in [
            ".github/workflows/ci.yml",
            ".GitHub/Workflows/ci.yml",
            ".husky/pre-commit",
            "sub/.gitattributes",
            ".gitmodules",
            "Jenkinsfile",
            "batch.toml",
        ] {
            assert!(guarded(path).is_some(), "{path}");
        }
        for path in [
            ".github/CODEOWNERS",
            "src/batch.toml",
            "docs/Jenkinsfile.md",
        ] {
            assert_eq!(guarded(path), None, "{path}");
        }
    }
}
