//! Finds the reports in `JUnit`'s XML format that Maven and Gradle write.
//! <https://maven.apache.org/surefire/maven-surefire-plugin/>

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use walkdir::WalkDir;

/// Reports are no deeper below the worktree than this.
const MAX_DEPTH: usize = 12;
/// A larger file is not a report of tests.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Checks whether the command runs a tool that writes reports.
pub(super) fn writes_reports(command: &str) -> bool {
    command
        .split(|c: char| c.is_whitespace() || c == '/')
        .any(|word| matches!(word, "mvn" | "mvnw" | "mvnd" | "gradle" | "gradlew"))
}

/// Returns the texts of all reports that were written since `started`.
pub(super) fn reports(worktree: &Path, started: SystemTime) -> impl Iterator<Item = String> {
    WalkDir::new(worktree)
        .max_depth(MAX_DEPTH)
        .into_iter()
        .filter_entry(|entry| {
            entry.depth() == 0
                || !matches!(entry.file_name().to_str(), Some(".git" | "node_modules"))
        })
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy();
            name.starts_with("TEST-") && name.ends_with(".xml") && entry.file_type().is_file()
        })
        .filter(move |entry| {
            entry.metadata().is_ok_and(|meta| {
                meta.len() <= MAX_BYTES && meta.modified().is_ok_and(|at| at >= started)
            })
        })
        .filter_map(|entry| fs::read_to_string(entry.path()).ok())
}
