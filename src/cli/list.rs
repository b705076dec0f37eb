//! `batch list`: lists all runs of the repository, the latest first.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::global::Global;
use super::output::{print, say, stdout_width};
use super::workspace::folder;
use crate::git::Repo;
use crate::journal::Journal;
use crate::report::{self, Totals};
use crate::run::{self, Liveness, Places, RunId, RunState};
use crate::words;

/// Where standard output is no terminal, lines may be long; an instruction may be a page.
const WIDTH_UNASKED: usize = 160;

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Show only the latest N runs
    #[arg(short, long, value_name = "N")]
    number: Option<usize>,
}

/// A run as scripts read it.
#[derive(Serialize)]
struct RunEntry {
    run: RunId,
    /// `going`, `ended`, `stopped` or `interrupted`.
    status: &'static str,
    started: String,
    ended: Option<String>,
    instruction: String,
    totals: Totals,
}

pub(super) fn run(global: &Global, args: &ListArgs) -> anyhow::Result<u8> {
    let places = Places::new(Repo::discover(&folder(global)?)?.state_dir());
    let mut entries = Vec::new();
    if let Some(journal) = Journal::read(&places.journal())? {
        let runs = journal.runs()?;
        for id in runs.iter().take(args.number.unwrap_or(usize::MAX)) {
            // One run that only a newer version understands must not hide the others.
            match run::load(&journal, &RunId::from_journal(id)) {
                Ok(state) => {
                    let liveness = Liveness::of(&places, &state)?;
                    entries.push((entry(&state, liveness), row(&state, liveness)));
                }
                Err(error) => say(&format!("note: run {id} is left out: {error}")),
            }
        }
    }
    if global.json {
        let entries: Vec<RunEntry> = entries.into_iter().map(|(entry, _)| entry).collect();
        print(&format!("{}\n", words::json_in_lines(&entries)?))?;
    } else if entries.is_empty() {
        say("there has been no run in this repository yet");
    } else {
        let rows: Vec<_> = entries.into_iter().map(|(_, row)| row).collect();
        print(&table(&rows))?;
    }
    Ok(0)
}

fn entry(state: &RunState, liveness: Liveness) -> RunEntry {
    RunEntry {
        run: state.id.clone(),
        status: status(state, liveness),
        started: words::timestamp(state.started_at),
        ended: state.ended_at.map(words::timestamp),
        instruction: state.header.instruction.clone(),
        totals: Totals::of(state),
    }
}

fn status(state: &RunState, liveness: Liveness) -> &'static str {
    match (liveness, state.stop) {
        (Liveness::Going, _) => "going",
        (Liveness::Died, _) => "interrupted",
        (Liveness::Ended, Some(_)) => "stopped",
        (Liveness::Ended, None) => "ended",
    }
}

/// Returns the columns of a run's line.
fn row(state: &RunState, liveness: Liveness) -> [String; 5] {
    [
        state.id.to_string(),
        minute(state.started_at),
        status(state, liveness).to_owned(),
        report::sentence(state, liveness),
        words::line(&state.header.instruction),
    ]
}

fn table(rows: &[[String; 5]]) -> String {
    let width = stdout_width().map_or(WIDTH_UNASKED, usize::from);
    let widths: [usize; 5] = std::array::from_fn(|column| {
        let lengths = rows
            .iter()
            .map(|row| console::measure_text_width(&row[column]));
        lengths.max().unwrap_or(0)
    });
    let mut text = String::new();
    for row in rows {
        let cells: Vec<_> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| console::pad_str(cell, width, console::Alignment::Left, None))
            .collect();
        let line = cells.join("  ");
        let _ = writeln!(
            text,
            "{}",
            console::truncate_str(line.trim_end(), width, "…")
        );
    }
    text
}

/// Returns a moment in local time, to the minute.
fn minute(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at)
        .unwrap_or(jiff::Timestamp::MAX)
        .to_zoned(jiff::tz::TimeZone::system())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}
