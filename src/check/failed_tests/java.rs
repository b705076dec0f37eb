//! Maven and Gradle: their reports in `JUnit`'s XML format, and their console output where they write none.
//! <https://maven.apache.org/surefire/maven-surefire-plugin/>

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use walkdir::WalkDir;

use super::reader::{Names, Reader};

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

/// Returns the failed tests of all reports that were written since `started`.
pub(super) fn reports(worktree: &Path, started: SystemTime) -> Names {
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
        .filter(|entry| {
            entry.metadata().is_ok_and(|meta| {
                meta.len() <= MAX_BYTES && meta.modified().is_ok_and(|at| at >= started)
            })
        })
        .filter_map(|entry| fs::read_to_string(entry.path()).ok())
        .flat_map(|text| report(&text))
        .collect()
}

fn report(text: &str) -> Names {
    let Ok(document) = roxmltree::Document::parse(text) else {
        return Names::new();
    };
    document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
        .filter(|case| {
            case.children()
                .any(|child| child.has_tag_name("failure") || child.has_tag_name("error"))
        })
        .map(|case| {
            let part = |name| case.attribute(name).unwrap_or_default();
            // A parameterised test has its arguments in its name.
            format!(
                "{}.{}",
                part("classname"),
                part("name").trim_end_matches("()")
            )
        })
        .collect()
}

/// The console output.
#[derive(Default)]
pub(super) struct Console;

impl Reader for Console {
    fn line(&mut self, line: &str, failed: &mut Names) {
        if let Some(rest) = line.strip_prefix("[ERROR] ")
            && (line.ends_with("<<< FAILURE!") || line.ends_with("<<< ERROR!"))
            && !rest.starts_with("Tests run:")
            && let Some((name, _)) = rest.split_once(" Time elapsed:")
        {
            let name = name.trim().trim_end_matches("--").trim();
            // Older versions print `test(pack.Class)`.
            let name = match name.strip_suffix(')').and_then(|it| it.split_once('(')) {
                Some((test, class)) if !class.is_empty() => format!("{class}.{test}"),
                _ => name.trim_end_matches("()").to_owned(),
            };
            failed.insert(name);
        } else if let Some((class, test)) = line
            .strip_suffix(" FAILED")
            .and_then(|rest| rest.split_once(" > "))
            && !class.contains(' ')
        {
            failed.insert(format!("{class}.{}", test.trim_end_matches("()")));
        }
    }
}
