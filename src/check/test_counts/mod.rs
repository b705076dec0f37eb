//! Reads from the output of a check how many tests it ran and how many it skipped.
//!
//! Every reader sees every line and recognises what its own runner says at its end; a check may start several runners,
//! whose numbers add up. Tests that a filter leaves out are neither run nor skipped. Where no reader recognises a line,
//! nothing is known.

mod console;
mod figures;
mod json;
mod part;
mod reports;
mod tap;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use part::Part;

use super::junit;
use super::lines::each_line;

/// How many tests a check ran, and how many it skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestCounts {
    pub ran: u64,
    pub skipped: u64,
}

/// What the lines of one kind say together; `None` until one of them is recognised.
#[derive(Default)]
struct Sum(Option<Part>);

impl Sum {
    fn add(&mut self, part: Option<Part>) {
        let Some(part) = part else { return };
        let sum = self.0.get_or_insert_default();
        sum.ran = sum.ran.saturating_add(part.ran);
        sum.skipped = sum.skipped.saturating_add(part.skipped);
    }

    fn counts(&self) -> Option<TestCounts> {
        self.0.map(|sum| TestCounts {
            ran: u64::try_from(sum.ran).unwrap_or_default(),
            skipped: u64::try_from(sum.skipped).unwrap_or_default(),
        })
    }
}

/// Returns how many tests an execution of `command` in `worktree` ran, which started at `started` and wrote `log`;
/// `None` where no runner says so.
pub(super) fn test_counts(
    command: &str,
    worktree: &Path,
    log: &Path,
    started: SystemTime,
) -> io::Result<Option<TestCounts>> {
    let mut reports = Sum::default();
    if junit::writes_reports(command) {
        for text in junit::reports(worktree, started) {
            reports.add(reports::report(&text));
        }
    }
    let printed = read(BufReader::new(File::open(log)?))?;
    Ok(reports.counts().or(printed))
}

/// A report may be printed beside the words for people, and then both say the same.
fn read(output: impl BufRead) -> io::Result<Option<TestCounts>> {
    let (mut words, mut json, mut tap) = (Sum::default(), Sum::default(), Sum::default());
    each_line(output, |line| {
        words.add(console::line(line));
        json.add(json::line(line));
        tap.add(tap::line(line));
    })?;
    Ok(words
        .counts()
        .or_else(|| json.counts())
        .or_else(|| tap.counts()))
}

#[cfg(test)]
mod tests;
