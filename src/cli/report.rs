//! `batch report`: renders the results of a run for a terminal, a page or a script.

use clap::{Args, ValueEnum};

use super::global::Global;
use super::output::print;
use super::status;
use super::workspace::known_run;
use crate::{report, run};

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// A run's id, or a part of it [default: the latest run]
    run: Option<String>,
    /// The format of the report; --json means json
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    format: ReportFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    #[default]
    Text,
    Markdown,
    Json,
}

pub(super) fn run(global: &Global, args: &ReportArgs) -> anyhow::Result<u8> {
    let wanted = args.run.as_deref();
    match args.format {
        ReportFormat::Markdown if !global.json => {
            let known = known_run(global, wanted)?;
            print(&report::markdown(&known.state, known.liveness, run::now()))?;
        }
        ReportFormat::Json => {
            let known = known_run(global, wanted)?;
            print(&report::json(
                &known.state,
                known.liveness,
                known.left_processes(),
                run::now(),
            )?)?;
        }
        ReportFormat::Text | ReportFormat::Markdown => status::show(global, wanted)?,
    }
    Ok(0)
}
