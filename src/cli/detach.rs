//! Starts a run in the background: in a process of its own, which this process waits for until that one drives the run.

use std::io::Write;
use std::time::Duration;

use anyhow::Context;

use super::flags::Consent;
use super::output::say;
use super::workspace::{Workspace, warn_of_repair};
use crate::process;
use crate::run::{self, Job, KnownRun};

/// The pause between two looks at the journal. A person does not notice it.
const LOOK: Duration = Duration::from_millis(10);

/// Records the run, starts a process for it, and returns once that process drives it. Where it does not come so far,
/// its output is shown, and its exit code is returned.
pub(super) fn detach(job: &Job, workspace: &Workspace, consent: Consent) -> anyhow::Result<u8> {
    run::announce(job)?;
    let id = job.id();
    let log = workspace.places().output(id);
    let program = std::env::current_exe().context("batch cannot find its own program")?;
    let mut args = vec!["--color", "never", "resume", id.as_str()];
    if consent == Consent::Given {
        args.push("--yes");
    }
    let mut child = process::start_in_background(&program, args, workspace.repo.root(), &log)?;
    let pid = child.id();
    loop {
        // Read before the journal: a process that has ended has written all its events.
        let ended = child.try_wait()?;
        let known = KnownRun::open(workspace.repo.clone(), Some(id.as_str()), warn_of_repair)?;
        if known.state.header.pid == pid {
            break;
        }
        if let Some(ended) = ended {
            let said = std::fs::read(&log).unwrap_or_default();
            let _ = std::io::stderr().write_all(&said);
            say(&format!(
                "run {id} did not start in the background; batch resume {id} tries again"
            ));
            let code = ended.code().and_then(|code| u8::try_from(code).ok());
            return Ok(code.filter(|code| *code != 0).unwrap_or(1));
        }
        std::thread::sleep(LOOK);
    }
    say(&format!(
        "run {id} continues in the background, in process {pid}: batch status {id}\nits output: {}",
        log.display(),
    ));
    Ok(0)
}
