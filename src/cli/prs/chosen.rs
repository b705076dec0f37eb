//! Reads which pull requests an action is for, and whether it is a dry run.

use clap::Args;

use crate::prs::Mode;

#[derive(Debug, Args)]
pub(super) struct Chosen {
    /// The ids of the units, or parts of their ids
    #[arg(value_name = "UNIT")]
    units: Vec<String>,
    /// All pull requests of the run
    #[arg(long, conflicts_with = "units")]
    all: bool,
    /// Print what would be done, without doing it
    #[arg(long)]
    dry_run: bool,
}

impl Chosen {
    /// Returns the given names; `None` where all pull requests are meant.
    pub(super) fn names(&self) -> anyhow::Result<Option<&[String]>> {
        if self.units.is_empty() && !self.all {
            anyhow::bail!("name the units, or give --all for all pull requests of the run");
        }
        Ok((!self.all).then_some(&self.units[..]))
    }

    pub(super) fn mode(&self) -> Mode {
        mode(self.dry_run)
    }
}

/// Returns the mode that `--dry-run` chooses.
pub(super) fn mode(dry_run: bool) -> Mode {
    if dry_run { Mode::DryRun } else { Mode::Real }
}
