//! What the program said, in a form that tests can ask and snapshots can hold.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// What varies from run to run, and the word that stands for it; the order matters (a run id begins with a date).
static VARIES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\b20\d{6}-[0-9a-z]{4}\b", "[RUN]"),
        (r"\b[0-9a-f]{40}\b", "[COMMIT]"),
        (r"\b[0-9a-f]{16}\b", "[DIGEST]"),
        (r"\b[0-9a-f]{7,12}\b", "[SHORT]"),
        (
            r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?UTC|Z|[+-]\d\d:?\d\d)?",
            "[TIME]",
        ),
        (r"\bbatch \d+\.\d+\.\d+", "batch [VERSION]"),
        // Told only where there is a gain.
        (r", \d+(\.\d+)?× faster than one unit at a time", ""),
        (r"\b\d+\.\d s\b", "[DURATION]"),
        (r"\b(\d+h ?)?(\d+m ?)?\d+(\.\d+)?(ms|s)\b", "[DURATION]"),
        // A table is as wide as what varies in it.
        ("─{2,}", "──"),
        ("│ {2,}", "│ "),
        (r"(\S) {2,}│", "$1 │"),
    ]
    .into_iter()
    .map(|(pattern, word)| (Regex::new(pattern).expect("a pattern of this file"), word))
    .collect()
});

/// How a run of the program ended, and what it printed.
#[derive(Debug)]
pub struct Output {
    code: i32,
    stdout: String,
    stderr: String,
    root: String,
}

impl Output {
    pub fn new(output: &std::process::Output, root: &Path) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            root: root.to_string_lossy().into_owned(),
        }
    }

    /// The exit code; -1 when a signal ended the program.
    pub fn code(&self) -> i32 {
        self.code
    }

    /// What it printed, with all that varies replaced.
    pub fn stdout(&self) -> String {
        self.settle(&self.stdout)
    }

    /// What it complained of, with all that varies replaced.
    pub fn stderr(&self) -> String {
        self.settle(&self.stderr)
    }

    /// What it printed, as it is: for data.
    pub fn raw(&self) -> &str {
        &self.stdout
    }

    /// What it printed, which must be one value in JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// What it complained of, as it is: for paths.
    pub fn raw_stderr(&self) -> &str {
        &self.stderr
    }

    /// Both streams, for "is said somewhere".
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout(), self.stderr())
    }

    /// Fails with everything that was printed unless the exit code is `code`.
    #[track_caller]
    #[must_use]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "exit code; it said:\n{}{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Fails with everything that was printed unless `text` stands somewhere in it.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(
            self.said().contains(text),
            "nothing about {text:?}; it said:\n{}",
            self.said()
        );
        self
    }

    fn settle(&self, text: &str) -> String {
        settle(text, Path::new(&self.root))
    }
}

/// The text with all that varies from run to run replaced.
pub(super) fn settle(text: &str, root: &Path) -> String {
    let text = text.replace(&*root.to_string_lossy(), "[TMP]");
    VARIES.iter().fold(text, |text, (pattern, word)| {
        pattern.replace_all(&text, *word).into_owned()
    })
}
