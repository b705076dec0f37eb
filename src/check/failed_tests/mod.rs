//! Reads from the output of a check which tests failed.
//!
//! Every reader sees every line and recognises the lines of its own runner; a check may start several runners. The same
//! tests must have the same names in two folders, so parts that vary (times, numbers, the folder) are left out. Where
//! no reader recognises a line, no failed tests are known, and the exit code decides.

mod cargo;
mod go;
mod java;
mod javascript;
mod json;
mod python;
mod reader;
mod tap;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::time::SystemTime;

use reader::{Names, Reader};

use super::junit;
use super::lines::each_line;

/// Returns the tests that failed in an execution of `command` in `worktree`, which started at `started` and wrote
/// `log`; empty where no runner is recognised.
pub(super) fn failed_tests(
    command: &str,
    worktree: &Path,
    log: &Path,
    started: SystemTime,
) -> io::Result<Names> {
    let mut failed = read(BufReader::new(File::open(log)?))?;
    if junit::writes_reports(command) {
        failed.extend(junit::reports(worktree, started).flat_map(|text| java::report(&text)));
    }
    let here = format!("{}/", worktree.display());
    Ok(failed
        .into_iter()
        .map(|name| name.replace(&here, ""))
        .collect())
}

/// Returns the tests that failed by the output of a check.
pub(crate) fn read(output: impl BufRead) -> io::Result<Names> {
    let mut readers: [Box<dyn Reader>; 8] = [
        Box::<cargo::Libtest>::default(),
        Box::<cargo::Nextest>::default(),
        Box::<python::Pytest>::default(),
        Box::<go::Go>::default(),
        Box::<java::Console>::default(),
        Box::<javascript::JavaScript>::default(),
        Box::<tap::Tap>::default(),
        Box::<json::Json>::default(),
    ];
    let mut failed = Names::new();
    each_line(output, |line| {
        for reader in &mut readers {
            reader.line(line, &mut failed);
        }
    })?;
    Ok(failed)
}

#[cfg(test)]
mod tests;
