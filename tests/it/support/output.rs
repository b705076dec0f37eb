//! What the program said, in a form that tests can ask and snapshots can hold.

use std::fmt;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// What every line of progress begins with.
const PROGRESS: &str = "+[DURATION]  ";

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
        // Lines of progress are as far to the right as their time is short.
        (r"(?m)^ *\+\[DURATION\]  ", PROGRESS),
        // What keeps workers from what is not theirs depends on the machine.
        (r"(?m)^sandbox: .*\n\n", ""),
        (r"(?m)^- sandbox: .*\n", ""),
        (r"\nSandbox of agents and checks: .*\n", ""),
        // So many as the machine has processors.
        (r", \d+ at once", ", [JOBS] at once"),
        // A table is as wide as what varies in it.
        ("─{2,}", "──"),
        ("│ {2,}", "│ "),
        (r"(\S) {2,}│", "$1 │"),
    ]
    .into_iter()
    .map(|(pattern, word)| (Regex::new(pattern).expect("a pattern of this file"), word))
    .collect()
});

/// How many columns a snapshot of a whole output has, as the terminal of tests does.
const WIDTH: usize = 100;

/// How a run of the program ended, and what it printed.
///
/// Its `Display` is what a person sees at a terminal, for snapshots: the command line after `$`, stdout, stderr with a
/// `!` before each line, and the exit code where the program did not succeed. Long lines are broken between words,
/// with a backslash. Units work side by side, so the lines of progress stand unit by unit, after those of the run.
#[derive(Debug)]
pub struct Output {
    line: String,
    code: i32,
    stdout: String,
    stderr: String,
    root: String,
}

impl Output {
    /// The output of the program for this command line.
    pub fn new(line: String, output: &std::process::Output, root: &Path) -> Self {
        Self {
            line,
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

    /// What it printed, as a snapshot of the whole output shows it.
    pub fn printed(&self) -> String {
        broken_lines(&self.stdout())
    }

    /// What it told before the first line of progress, which is the plan, as a snapshot shows it.
    #[track_caller]
    pub fn plan(&self) -> String {
        let said = self.stderr();
        let (plan, _) = said.split_once(PROGRESS).expect("lines of progress");
        broken_lines(plan)
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

    /// The hash that a refusal names for `--approve`.
    pub fn hash_to_approve(&self) -> String {
        let (_, rest) = self.stderr.split_once("--approve ").expect("a hash");
        rest.chars().take_while(char::is_ascii_hexdigit).collect()
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

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        broken(f, ["$ ", "> "], &self.settle(&self.line))?;
        for line in self.stdout().lines() {
            broken(f, [""; 2], line)?;
        }
        for line in by_unit(self.stderr().lines().collect()) {
            let mark = if line.is_empty() { "!" } else { "! " };
            broken(f, [mark; 2], line)?;
        }
        if self.code != 0 {
            writeln!(f, "[exit code {}]", self.code)?;
        }
        Ok(())
    }
}

/// The lines, of which those of progress that follow each other are sorted by their unit.
fn by_unit(mut lines: Vec<&str>) -> Vec<&str> {
    let is_progress = |line: &&str| line.starts_with(PROGRESS);
    // A line of a unit begins with its id, which stands apart.
    let unit = |line: &&str| {
        let text = line.strip_prefix(PROGRESS).unwrap_or_default();
        let id = text.split_once("  ").map(|(id, _)| id);
        id.filter(|id| !id.contains(' '))
            .unwrap_or_default()
            .to_owned()
    };
    let same = |one: &&str, other: &&str| is_progress(one) == is_progress(other);
    for block in lines.chunk_by_mut(same) {
        if block.first().is_some_and(is_progress) {
            block.sort_by_key(unit);
        }
    }
    lines
}

/// Writes a line; what goes past the width is broken between words. The marks stand before the first and the others.
fn broken(out: &mut impl fmt::Write, [first, next]: [&str; 2], line: &str) -> fmt::Result {
    let mut rest = line;
    let mut before = first.to_owned();
    while let Some((most, _)) = rest.char_indices().nth(WIDTH) {
        // A line may begin with spaces, after which nothing can be broken.
        let begin = rest.len() - rest.trim_start().len();
        let Some(at) = rest[begin..most].rfind(' ') else {
            break;
        };
        let (line, more) = rest.split_at(begin + at);
        writeln!(out, "{before}{line} \\")?;
        rest = &more[1..];
        before = format!("{next}    ");
    }
    writeln!(out, "{before}{rest}")
}

/// The text with its long lines broken between words.
fn broken_lines(text: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        broken(&mut lines, [""; 2], line).expect("a string takes every text");
    }
    lines
}

/// A command line as a person types it into a shell.
pub(super) fn typed<W: AsRef<std::ffi::OsStr>>(words: impl IntoIterator<Item = W>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+:,./@%".contains(c);
    let word = |word: W| {
        let word = word.as_ref().to_string_lossy();
        if !word.is_empty() && word.chars().all(plain) {
            word.into_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    words.into_iter().map(word).collect::<Vec<_>>().join(" ")
}

/// The text without the numbers of pull requests.
pub(super) fn without_numbers(text: &str) -> String {
    static NUMBER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(#|/pull/)\d+\b").expect("a pattern of this file"));
    NUMBER.replace_all(text, "${1}n").into_owned()
}

/// The text with all that varies from run to run replaced.
pub(super) fn settle(text: &str, root: &Path) -> String {
    let text = text.replace(&*root.to_string_lossy(), "[TMP]");
    VARIES.iter().fold(text, |text, (pattern, word)| {
        pattern.replace_all(&text, *word).into_owned()
    })
}
