//! Which tests failed, by the names that their runner prints for programs to read.
//!
//! Every reader looks at every line of a check's output and knows the lines of its own runner; a check may run several.
//! Names must be the same on two runs of the same tests in two folders, so what varies (times, numbers, the folder) is
//! left out. Where no reader knows a line, nothing is known of single tests, and the exit code has to do.

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

/// Longer lines are cut: no reader needs more, but for a report in JSON, which is one line.
const LINE_LIMIT: u64 = 16 * 1024 * 1024;

/// The tests that failed in a run of `command` in `worktree` that began at `began` and wrote `log`; empty where no runner
/// is recognised.
pub(super) fn failed(
    command: &str,
    worktree: &Path,
    log: &Path,
    began: SystemTime,
) -> io::Result<Names> {
    let mut failed = read(BufReader::new(File::open(log)?))?;
    if java::writes_reports(command) {
        failed.extend(java::reports(worktree, began));
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
        Box::<javascript::Suites>::default(),
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
