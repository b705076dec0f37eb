//! `batch logs`: what a unit's setup, agent and checks said.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::workspace::KnownRun;
use super::{Global, print, print_bytes};

#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    /// A unit's id, or a part of it
    unit: String,
    /// A run's id, or a part of it [default: the latest run]
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// Only the logs of this step [default: all there are]
    #[arg(long, value_enum, value_name = "STEP")]
    of: Option<Source>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Source {
    Setup,
    Agent,
    Check,
}

#[derive(Serialize)]
struct Log {
    name: String,
    path: PathBuf,
    bytes: u64,
}

pub(super) fn run(global: &Global, args: &LogsArgs) -> anyhow::Result<u8> {
    let known = KnownRun::open(global, args.run.as_deref())?;
    let unit = known.unit(&args.unit)?;
    let folder = known.places.unit(&known.state.id, &unit.header.id);
    let logs = find(&folder, args.of)
        .with_context(|| format!("the logs in {} cannot be listed", folder.display()))?;
    if global.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&logs)?))?;
        return Ok(0);
    }
    if logs.is_empty() {
        let id = &unit.header.id;
        match args.of {
            None => anyhow::bail!("unit {id} has no logs: nothing was started for it yet"),
            Some(_) => anyhow::bail!("unit {id} has no log of that step"),
        }
    }
    for (number, log) in logs.iter().enumerate() {
        if logs.len() > 1 {
            let mut heading = String::new();
            let space = if number > 0 { "\n" } else { "" };
            let _ = writeln!(heading, "{space}── {} ── {}", log.name, log.path.display());
            print(&heading)?;
        }
        let text = std::fs::read(&log.path)
            .with_context(|| format!("the log {} cannot be read", log.path.display()))?;
        print_bytes(&text)?;
    }
    Ok(0)
}

/// The logs in the order in which they were written: setup, agent, checks.
fn find(folder: &std::path::Path, of: Option<Source>) -> std::io::Result<Vec<Log>> {
    let mut logs: Vec<(Source, usize, Log)> = Vec::new();
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    for entry in entries {
        let entry = entry?;
        let file = entry.file_name().to_string_lossy().into_owned();
        let Some(name) = file.strip_suffix(".log") else {
            continue;
        };
        let (source, number) = match (name, name.strip_prefix("check-")) {
            ("setup", _) => (Source::Setup, 0),
            ("agent", _) => (Source::Agent, 0),
            (_, Some(number)) => (Source::Check, number.parse().unwrap_or(usize::MAX)),
            _ => continue,
        };
        if of.is_none_or(|wanted| wanted == source) {
            let log = Log {
                name: name.to_owned(),
                path: entry.path(),
                bytes: entry.metadata()?.len(),
            };
            logs.push((source, number, log));
        }
    }
    logs.sort_by_key(|(source, number, _)| (*source as u8, *number));
    Ok(logs.into_iter().map(|(_, _, log)| log).collect())
}
