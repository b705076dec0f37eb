//! `batch demo`: the whole job on acorn, a small polyglot repository inside the program. The demo needs nothing of the
//! machine but a folder: no network, no git identity.
//!
//! The migration starts with the words that a person would type, so the demo shows what everybody gets.

pub(super) mod acorn;
mod migration;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Parser};

use self::acorn::unpack;
use self::migration::{CHECK, GLOB, INSTRUCTION, REGEX, TO};
use super::global::Global;
use super::migrate::{self, MigrateArgs};
use super::output::say;
use super::workspace::{folder, known_run};
use crate::config::Config;
use crate::run::{self, Outcome, RunState};

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Make the repository in this folder [default: a new temporary folder]
    #[arg(long = "dir", value_name = "DIR")]
    place: Option<PathBuf>,
}

/// The arguments of the demo's own migration.
#[derive(Debug, Parser)]
struct Migration {
    #[command(flatten)]
    args: MigrateArgs,
}

pub(super) fn run(global: &Global, args: &DemoArgs) -> anyhow::Result<u8> {
    let place = match &args.place {
        Some(dir) => folder(global)?.join(dir),
        // The folder is kept, so that a person can look into it afterwards.
        None => tempfile::Builder::new()
            .prefix("batch-demo-")
            .tempdir()
            .context("no temporary folder can be made")?
            .keep(),
    };
    let acorn = unpack(&place)?;
    let root = acorn.root.to_string_lossy().into_owned();
    // The demo's own check harms nobody.
    let sandbox = match run::sandbox_level(&Config::default()) {
        Ok(_) => "auto",
        Err(error) => {
            say(&format!("note: {error}; the demo goes on without one\n"));
            "off"
        }
    };
    let mut words = vec![
        "migrate",
        GLOB,
        INSTRUCTION,
        "--regex",
        REGEX,
        "--to",
        TO,
        "--check",
        CHECK,
        "--yes",
    ];
    if sandbox != "auto" {
        words.extend(["--sandbox", sandbox]);
    }
    let words = words;
    let shown = shlex::try_join(words.iter().copied()).unwrap_or_else(|_| words.join(" "));
    say(&format!("$ cd {root}\n$ batch {shown}\n"));
    let migration = Migration::try_parse_from(words).context("the demo's own command is wrong")?;
    let inside = Global {
        dir: Some(acorn.root),
        json: global.json,
        ..Global::default()
    };
    migrate::run(&inside, &migration.args)?;

    let known = known_run(&inside, None)?;
    let as_meant = is_as_meant(&known.state);
    say(&format!(
        "\n{}\n\
         Look around: cd {root}, then batch status, batch logs device, batch diff device, git log --all --oneline.\n\
         When you have seen enough: rm -r {}",
        if as_meant {
            "That is the demo: every unit but one has its pull request. The failure is part of the demo: the device's \
             radio module has no TLS, so its own test fails, and no other unit had to wait for it."
        } else {
            "The demo did not end as expected: all units but the device's should have been published."
        },
        place.display()
    ));
    Ok(u8::from(!as_meant))
}

/// Checks whether exactly the unit of `device/` failed, at its check, and all others were published.
fn is_as_meant(state: &RunState) -> bool {
    let (device, others): (Vec<_>, Vec<_>) = state
        .units
        .iter()
        .partition(|unit| matches!(unit.outcome(), Some(Outcome::Failed { .. })));
    device.len() == 1
        && device[0].header.id.as_str().contains("device")
        && others.len() >= 4
        && others
            .iter()
            .all(|unit| unit.outcome() == Some(&Outcome::Published))
}
