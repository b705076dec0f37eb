//! Requests to the process that drives a run: leaves one, and waits for the answer in the journal.

use std::time::{Duration, Instant};

use anyhow::Context;

use super::global::Global;
use super::output::{print, say};
use super::workspace::known_run;
use crate::run::{self, KnownRun, Liveness, Request};

/// The driving process answers a request at once, or within a second on a shared file system, unless something holds
/// the process up.
const PATIENCE: Duration = Duration::from_secs(30);

const LOOK: Duration = Duration::from_millis(50);

/// Returns the run, which a process must be driving.
pub(super) fn refuse_unless_going(known: KnownRun) -> anyhow::Result<KnownRun> {
    let id = &known.state.id;
    match known.liveness {
        Liveness::Going => Ok(known),
        Liveness::Ended => anyhow::bail!("run {id} has ended"),
        Liveness::Died => {
            anyhow::bail!(
                "run {id} was interrupted and no process drives it: batch resume {id} continues it"
            )
        }
    }
}

/// Leaves a request and waits for the answer in the journal; `None` where the run ended first.
pub(super) fn ask<T>(
    global: &Global,
    known: &KnownRun,
    request: &Request,
    answer: impl Fn(&KnownRun) -> Option<T>,
) -> anyhow::Result<Option<T>> {
    let id = known.state.id.as_str();
    let folder = known.places.requests(&known.state.id);
    run::leave(&folder, request)
        .with_context(|| format!("the request cannot be written to {}", folder.display()))?;
    let asked = Instant::now();
    loop {
        let known = known_run(global, Some(id))?;
        if let Some(answer) = answer(&known) {
            return Ok(Some(answer));
        }
        if known.liveness != Liveness::Going {
            return Ok(None);
        }
        if asked.elapsed() > PATIENCE {
            anyhow::bail!(
                "process {} has not answered the request yet; batch status shows the run",
                known.state.header.pid
            );
        }
        std::thread::sleep(LOOK);
    }
}

pub(super) fn tell(
    global: &Global,
    known: &KnownRun,
    unit: Option<&str>,
    said: &str,
) -> anyhow::Result<u8> {
    if global.json {
        let answer = serde_json::json!({ "run": known.state.id, "unit": unit, "done": said });
        print(&format!("{answer}\n"))?;
    } else {
        say(said);
    }
    Ok(0)
}

/// Returns the name of the user, as the system knows it.
pub(super) fn who() -> String {
    ["USER", "LOGNAME"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| format!("process {}", std::process::id()))
}
