//! The repairs of a proposal, as facts and in sentences.

use std::fmt;

use crate::words;

/// A sentence names at most this many files.
const NAMED: usize = 3;

/// One repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// A path was removed from a list. `of` names the unit or list.
    Dropped {
        of: String,
        path: String,
        why: DropReason,
    },
    /// A file was in several units and is now only in the unit `to`.
    Contested {
        path: String,
        units: Vec<String>,
        to: String,
    },
    /// Files were both left out and in a unit, and stay in the unit.
    KeptInUnit(Vec<String>),
    /// Files in no unit joined the units with the strongest ties.
    Joined(Vec<String>),
    /// Files in no unit and without ties stay together as in the plan without the proposal.
    Untied(Vec<String>),
    /// Files whose names some file system treats as equal stay together.
    SameName(Vec<String>),
    /// A unit had no file and nothing to create.
    Empty(String),
    /// A unit that only creates files became part of another.
    Absorbed { unit: String, into: String },
    /// Two units became one, because there were too many.
    Merged { unit: String, into: String },
    /// A unit was split, because it was too large or there were too few.
    Split { unit: String, parts: usize },
    /// A unit was divided, because its files have different owners.
    SplitByOwner { unit: String, parts: usize },
    /// A unit needs something that is not a unit.
    UnknownNeed { unit: String, need: String },
    /// A need was dropped, because the other unit already needs this one.
    NeedCycle { unit: String, need: String },
    /// The unit that all others were to need does not exist.
    NoPrerequisite(String),
    /// A further unit was to start from the work of all others.
    SecondIntegration(String),
    /// A text was too long.
    Shortened(String),
    /// There were too many conventions.
    TooManyConventions { kept: usize, of: usize },
}

/// Why a path is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DropReason {
    #[error("it is not a path from the root of the repository")]
    NoPath,
    #[error("the base has no such file")]
    NotThere,
    #[error("it is not among the files that were asked for")]
    NotAsked,
    #[error("it is left out already")]
    LeftOut,
    #[error("the base has it already, so it cannot be created")]
    Exists,
    #[error("it would take the place of a file or folder")]
    InTheWay,
    #[error("another unit creates it")]
    Taken,
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Dropped { of, path, why } => {
                let path = words::line(path);
                let path = console::truncate_str(&path, 120, "…");
                format!("{path} ({}) is dropped: {why}", quoted(of))
            }
            Self::Contested { path, units, to } => {
                format!(
                    "{path} was in {}: it is now only in {}",
                    list(units),
                    quoted(to)
                )
            }
            Self::KeptInUnit(files) => format!(
                "{} both in a unit and left out: kept in the unit ({})",
                were(files.len()),
                some(files)
            ),
            Self::Joined(files) => format!(
                "{} in no unit: put where imports tie them most ({})",
                were(files.len()),
                some(files)
            ),
            Self::Untied(files) => format!(
                "{} in no unit and tied to none: put together as without the proposal ({})",
                were(files.len()),
                some(files)
            ),
            Self::SameName(files) => format!(
                "{} are the same name on some file systems, so they are in one unit",
                files.join(" and ")
            ),
            Self::Empty(unit) => format!("{} has no file to work on: it is dropped", quoted(unit)),
            Self::Absorbed { unit, into } => format!(
                "{} has no file of its own yet: it is now part of {}",
                quoted(unit),
                quoted(into)
            ),
            Self::Merged { unit, into } => format!(
                "there were too many units: {} is now part of {}",
                quoted(unit),
                quoted(into)
            ),
            Self::Split { unit, parts } => {
                format!(
                    "{} is split into {parts} units, to keep within the limits",
                    quoted(unit)
                )
            }
            Self::SplitByOwner { unit, parts } => format!(
                "the files of {} have different owners: it is split into {parts} units",
                quoted(unit)
            ),
            Self::UnknownNeed { unit, need } => {
                format!(
                    "{} needs {}, which is not a unit",
                    quoted(unit),
                    quoted(need)
                )
            }
            Self::NeedCycle { unit, need } => format!(
                "{} cannot need {}, which needs it: the need is dropped",
                quoted(unit),
                quoted(need)
            ),
            Self::NoPrerequisite(unit) => {
                format!("{} was to come first, but is not a unit", quoted(unit))
            }
            Self::SecondIntegration(unit) => format!(
                "{} is a second unit that integrates: it is a unit like any other",
                quoted(unit)
            ),
            Self::Shortened(what) => format!("{what} was too long and is shortened"),
            Self::TooManyConventions { kept, of } => {
                format!("only the first {kept} of {of} conventions are kept")
            }
        };
        f.write_str(&words::line(&text))
    }
}

fn quoted(title: &str) -> String {
    match words::line(title) {
        none if none.is_empty() => "a unit without a title".to_owned(),
        title => format!("\"{}\"", console::truncate_str(&title, 60, "…")),
    }
}

fn list(titles: &[String]) -> String {
    let mut named: Vec<String> = titles.iter().take(NAMED).map(|it| quoted(it)).collect();
    if let Some(more @ 1..) = titles.len().checked_sub(NAMED) {
        named.push(format!("{more} more"));
    }
    named.join(" and ")
}

fn were(files: usize) -> String {
    let verb = if files == 1 { "was" } else { "were" };
    format!("{} {verb}", words::count(files, "file"))
}

fn some(files: &[String]) -> String {
    let mut named = files[..files.len().min(NAMED)].join(", ");
    if files.len() > NAMED {
        named.push_str(", …");
    }
    named
}
