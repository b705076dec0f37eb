//! `batch logs`: prints the output of a unit's setup, agent and checks, as text without escape sequences.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::follow::{Follower, pause};
use super::global::Global;
use super::output::print;
use super::workspace::known_run;
use crate::plan::UnitId;
use crate::run::{KnownRun, UnitState};
use crate::words;

#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    /// A unit's id, or a part of it
    unit: String,
    /// A run's id, or a part of it [default: the latest run]
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// Keep printing until the unit ends; with --json, one object for each line
    #[arg(short, long)]
    follow: bool,
    /// Only the logs of this step [default: all steps]
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

impl Log {
    /// Returns the line above the log's text, which names the log.
    fn heading(&self) -> String {
        format!("── {} ── {}\n", self.name, self.path.display())
    }
}

pub(super) fn run(global: &Global, args: &LogsArgs) -> anyhow::Result<u8> {
    let known = known_run(global, args.run.as_deref())?;
    let unit = known.unit(&args.unit)?;
    let folder = known.places.unit(&known.state.id, &unit.header.id);
    if args.follow {
        return follow(global, &known, &unit.header.id, args.of);
    }
    let logs = find(&folder, args.of)
        .with_context(|| format!("the logs in {} cannot be listed", folder.display()))?;
    if global.json {
        print(&format!("{}\n", words::json_in_lines(&logs)?))?;
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
            let space = if number > 0 { "\n" } else { "" };
            print(&format!("{space}{}", log.heading()))?;
        }
        let text = std::fs::read(&log.path)
            .with_context(|| format!("the log {} cannot be read", log.path.display()))?;
        print(&words::lines(&String::from_utf8_lossy(&text)))?;
    }
    Ok(0)
}

/// Prints what the unit's logs hold and what is added to them, until the unit ends or nobody drives the run.
fn follow(
    global: &Global,
    known: &KnownRun,
    unit: &UnitId,
    of: Option<Source>,
) -> anyhow::Result<u8> {
    let folder = known.places.unit(&known.state.id, unit);
    let mut follower = Follower::new(known)?;
    follower.catch_up(|_, _| {})?;
    let mut tails = Tails::default();
    loop {
        let ended = follower.state.unit(unit).and_then(UnitState::outcome);
        let over = ended.is_some() || follower.is_over()?;
        for log in find(&folder, of)
            .with_context(|| format!("the logs in {} cannot be listed", folder.display()))?
        {
            let new = tails
                .new_text(&log, over)
                .with_context(|| format!("the log {} cannot be read", log.path.display()))?;
            if new.is_empty() {
                continue;
            }
            if global.json {
                for line in String::from_utf8_lossy(&new).lines() {
                    let line = serde_json::json!({ "log": log.name, "text": line });
                    print(&format!("{line}\n"))?;
                }
            } else {
                if let Some(heading) = tails.heading(&log) {
                    print(&heading)?;
                }
                print(&words::lines(&String::from_utf8_lossy(&new)))?;
            }
        }
        if over {
            return Ok(0);
        }
        pause();
        follower.catch_up(|_, _| {})?;
    }
}

/// How much of each log has been printed.
#[derive(Default)]
struct Tails {
    printed: BTreeMap<PathBuf, u64>,
    last: Option<PathBuf>,
}

impl Tails {
    /// Returns the text of the log that was not printed yet; only whole lines, unless `rest` is set.
    fn new_text(&mut self, log: &Log, rest: bool) -> std::io::Result<Vec<u8>> {
        let printed = self.printed.entry(log.path.clone()).or_default();
        if log.bytes < *printed {
            // The step started again.
            *printed = 0;
        }
        let mut file = std::fs::File::open(&log.path)?;
        file.seek(SeekFrom::Start(*printed))?;
        let mut new = Vec::new();
        file.read_to_end(&mut new)?;
        if !rest {
            let whole = new.iter().rposition(|byte| *byte == b'\n');
            new.truncate(whole.map_or(0, |end| end + 1));
        }
        *printed += new.len() as u64;
        Ok(new)
    }

    /// Returns the line above the log's text, where the text before belongs to another log.
    fn heading(&mut self, log: &Log) -> Option<String> {
        if self.last.as_ref() == Some(&log.path) {
            return None;
        }
        let space = if self.last.is_some() { "\n" } else { "" };
        self.last = Some(log.path.clone());
        Some(format!("{space}{}", log.heading()))
    }
}

/// Returns the logs in the order in which they were written: setup, agent, checks.
fn find(folder: &std::path::Path, of: Option<Source>) -> std::io::Result<Vec<Log>> {
    let mut logs: Vec<((usize, u8, usize), Log)> = Vec::new();
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
        let Some((source, attempt, number)) = log_order(name) else {
            continue;
        };
        if of.is_none_or(|wanted| wanted == source) {
            let log = Log {
                name: name.to_owned(),
                path: entry.path(),
                bytes: entry.metadata()?.len(),
            };
            logs.push(((attempt, source as u8, number), log));
        }
    }
    // The last log of the agent has no number.
    let earlier = logs
        .iter()
        .filter(|(_, log)| log.name.starts_with("agent."));
    let last = earlier.count() + 1;
    for ((attempt, ..), log) in &mut logs {
        if log.name == "agent" {
            *attempt = last;
        }
    }
    logs.sort_by(|(one, log), (other, next)| (one, &log.name).cmp(&(other, &next.name)));
    Ok(logs.into_iter().map(|(_, log)| log).collect())
}

/// Reads the name of a log (`agent`, `agent.1`, `check-2`, `check-2.3`, `check-2.again`): its source, the attempt of
/// the agent, and the number of the check.
fn log_order(name: &str) -> Option<(Source, usize, usize)> {
    let mut parts = name.split('.');
    let head = parts.next()?;
    let attempt = parts.find_map(|part| part.parse().ok()).unwrap_or(1);
    match (head, head.strip_prefix("check-")) {
        ("setup", _) => Some((Source::Setup, 0, 0)),
        ("agent", _) => Some((Source::Agent, attempt, 0)),
        (_, Some(number)) => Some((Source::Check, attempt, number.parse().ok()?)),
        _ => None,
    }
}
