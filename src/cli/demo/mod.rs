//! `batch demo`: the whole job on acorn, a small polyglot repository that the program carries within itself. It needs
//! nothing of the machine but a folder: no network, no git identity.
//!
//! The migration is started with the very words a person would type, so what the demo shows is what everybody gets.

pub(super) mod acorn;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Parser};

use super::workspace::KnownRun;
use super::{Cli, Global, dispatch, say};
use crate::run::{Outcome, RunState};

use acorn::unpack;

/// What is to be changed in acorn, in words.
const INSTRUCTION: &str =
    "speak TLS to the service: http://api.acorn.example becomes https://api.acorn.example";

/// Where: everywhere.
const GLOB: &str = "**";

/// The codemod that does it.
const REGEX: &str = r"http://api\.acorn\.example";

/// What [`REGEX`] becomes.
const TO: &str = "https://api.acorn.example";

/// Acorn's own tests. They fail for `device/`, whose radio module has no TLS: the one unit that a person has to look at.
const CHECK: &str = "sh scripts/test.sh";

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Make the repository in this folder [default: a new temporary folder]
    #[arg(long = "dir", value_name = "DIR")]
    place: Option<PathBuf>,
}

pub(super) fn run(global: &Global, args: &DemoArgs) -> anyhow::Result<u8> {
    let folder = match &args.place {
        Some(dir) => super::workspace::folder(global)?.join(dir),
        // Kept, so that it can be looked into afterwards.
        None => tempfile::Builder::new()
            .prefix("batch-demo-")
            .tempdir()
            .context("no temporary folder can be made")?
            .keep(),
    };
    let acorn = unpack(&folder)?;
    let root = acorn.root.to_string_lossy().into_owned();
    let words = [
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
    let shown = shlex::try_join(words).unwrap_or_else(|_| words.join(" "));
    say(&format!("$ cd {root}\n$ batch {shown}\n"));
    let mut line = vec!["batch", "-C", &root];
    line.extend(words);
    let mut cli = Cli::try_parse_from(line).context("the demo's own command is wrong")?;
    cli.global.json = global.json;
    dispatch(&cli)?;

    let known = KnownRun::open(&cli.global, None)?;
    let as_meant = is_as_meant(&known.state);
    say(&format!(
        "\n{}\nLook around: cd {root}, then batch status, batch logs device, batch diff device, git log --all --oneline.\n\
         When you have seen enough: rm -r {}",
        if as_meant {
            "That is the demo: every unit but one has its pull request. The one that failed is meant to: the device's radio \
             module has no TLS, its own test says so, and no other unit had to wait for it."
        } else {
            "The demo did not end as it is meant to: all units but the device's should have been published."
        },
        folder.display()
    ));
    Ok(u8::from(!as_meant))
}

/// Whether exactly the unit of `device/` failed, at its check, and all others were published.
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
