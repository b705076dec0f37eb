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
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::time::SystemTime;

use reader::{Names, Reader};

/// Longer lines are cut. Only a JSON report, which is one line, comes near this size.
const LINE_LIMIT: u64 = 16 * 1024 * 1024;

/// Returns the tests that failed in an execution of `command` in `worktree`, which started at `started` and wrote
/// `log`; empty where no runner is recognised.
pub(super) fn failed_tests(
    command: &str,
    worktree: &Path,
    log: &Path,
    started: SystemTime,
) -> io::Result<Names> {
    let mut failed = read(BufReader::new(File::open(log)?))?;
    if java::writes_reports(command) {
        failed.extend(java::reports(worktree, started));
    }
    let here = format!("{}/", worktree.display());
    Ok(failed
        .into_iter()
        .map(|name| name.replace(&here, ""))
        .collect())
}

fn read(mut output: impl BufRead) -> io::Result<Names> {
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
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if output
            .by_ref()
            .take(LINE_LIMIT)
            .read_until(b'\n', &mut bytes)?
            == 0
        {
            return Ok(failed);
        }
        let text = String::from_utf8_lossy(&bytes);
        let line = console::strip_ansi_codes(text.trim_end_matches(['\r', '\n']));
        for reader in &mut readers {
            reader.line(&line, &mut failed);
        }
    }
}

#[cfg(test)]
mod tests;
