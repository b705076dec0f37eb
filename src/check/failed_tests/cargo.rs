//! Rust: the output of `cargo test` and `cargo nextest run`.
//! <https://doc.rust-lang.org/rustc/tests/index.html>, <https://nexte.st/docs/reporting/>

use super::reader::{Names, Reader};

/// The harness of `cargo test`.
#[derive(Default)]
pub(super) struct Libtest {
    /// The test program that is running.
    program: String,
}

impl Reader for Libtest {
    fn line(&mut self, line: &str, failed: &mut Names) {
        let text = line.trim_start();
        if let Some(path) = text
            .strip_prefix("Running ")
            .and_then(|rest| rest.strip_suffix(')')?.rsplit_once('(').map(|(_, it)| it))
        {
            let file = path.rsplit('/').next().unwrap_or(path);
            // The rest is a hash of the compiler and the features.
            let name = file.rsplit_once('-').map_or(file, |(name, _)| name);
            name.clone_into(&mut self.program);
        } else if let Some(name) = text.strip_prefix("Doc-tests ") {
            self.program = format!("doc {name}");
        }
        let name = line
            .strip_prefix("test ")
            .and_then(|rest| rest.strip_suffix(" ... FAILED"))
            .or_else(|| line.strip_prefix("---- ")?.strip_suffix(" stdout ----"));
        let Some(name) = name else { return };
        let name = name.strip_suffix(" - should panic").unwrap_or(name);
        // The line of a doc test changes with every edit above it.
        let name = name.split_once(" (line ").map_or(name, |(name, _)| name);
        failed.insert(if self.program.is_empty() {
            name.to_owned()
        } else {
            format!("{}: {name}", self.program)
        });
    }
}

/// `cargo nextest run`.
#[derive(Default)]
pub(super) struct Nextest;

impl Reader for Nextest {
    fn line(&mut self, line: &str, failed: &mut Names) {
        let Some((status, rest)) = line.trim_start().split_once(" [") else {
            return;
        };
        let status = status.trim_end();
        let (word, is_try) = match status.strip_prefix("TRY ") {
            Some(rest) => (rest.split_once(' ').map_or("", |(_, word)| word), true),
            None => (status, false),
        };
        let fails = matches!(word, "FAIL" | "TIMEOUT" | "ABORT" | "TMT") || word.starts_with("SIG");
        let passes = is_try && matches!(word, "PASS" | "LEAK");
        let Some((_, rest)) = rest
            .split_once(']')
            .filter(|(time, _)| (fails || passes) && time.trim_start_matches('>').contains('s'))
        else {
            return;
        };
        let rest = rest.trim_start();
        // Newer versions print a counter such as `( 3/12)` before the name.
        let name = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            Some((_, name)) => name,
            None => rest,
        };
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            return;
        }
        if fails {
            failed.insert(name);
        } else {
            failed.remove(&name);
        }
    }
}
