//! `batch report`: what came out of a run, for a terminal, a page or a script.

use clap::{Args, ValueEnum};

use super::workspace::KnownRun;
use super::{Global, print, status};
use crate::{report, run};

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// A run's id, or a part of it [default: the latest run]
    run: Option<String>,
    /// The form of the report; --json is the same as json
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    format: Form,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    #[default]
    Text,
    Markdown,
    Json,
}

pub(super) fn run(global: &Global, args: &ReportArgs) -> anyhow::Result<u8> {
    let wanted = args.run.as_deref();
    match args.format {
        Form::Markdown if !global.json => {
            let known = KnownRun::open(global, wanted)?;
            print(&report::markdown(&known.state, known.liveness, run::now()))?;
        }
        Form::Json => {
            let known = KnownRun::open(global, wanted)?;
            print(&super::drive::json(&known.state, known.liveness)?)?;
        }
        Form::Text | Form::Markdown => status::show(global, wanted)?,
    }
    Ok(0)
}
