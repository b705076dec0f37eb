//! Reaches the pull requests of a run.

use crate::cli::approval;
use crate::cli::global::Global;
use crate::cli::output::say;
use crate::forge::WaitReporter;
use crate::prs::PrSession;
use crate::run::KnownRun;

/// Opens the session of a run, and prints the reason for each wait.
pub(super) fn open(global: &Global, known: KnownRun) -> anyhow::Result<PrSession> {
    approval::require_run(global, &known)?;
    let (waits, mut waited) = WaitReporter::channel();
    std::thread::spawn(move || {
        while let Some(wait) = waited.blocking_recv() {
            say(&format!("  {wait}"));
        }
    });
    Ok(PrSession::open(known, waits)?)
}
