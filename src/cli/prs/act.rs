//! What is done with pull requests that are open: who is meant, and what came of each.

use clap::Args;
use serde::Serialize;

use crate::cli::{Global, print, say};
use crate::config::MergeMethod;
use crate::forge::{Act, MergeWhen};
use crate::plan::UnitId;
use crate::prs::{Desk, Earnest, Merging, Outcome, Round, Told};
use crate::words;

#[derive(Debug, Args)]
pub(super) struct Chosen {
    /// The ids of units, or parts of them
    #[arg(value_name = "UNIT")]
    units: Vec<String>,
    /// All pull requests of the run
    #[arg(long, conflicts_with = "units")]
    all: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Debug, Args)]
pub(super) struct CommentArgs {
    #[command(flatten)]
    pub(super) chosen: Chosen,
    /// What is said
    #[arg(short, long, value_name = "TEXT")]
    message: String,
}

#[derive(Debug, Args)]
pub(super) struct LabelArgs {
    #[command(flatten)]
    pub(super) chosen: Chosen,
    /// The label; may be given several times
    #[arg(short, long, value_name = "NAME", required = true)]
    name: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct CloseArgs {
    #[command(flatten)]
    pub(super) chosen: Chosen,
    /// Delete their branches on the remote too, where they still stand as this run left them
    #[arg(long)]
    delete_branches: bool,
}

#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    #[command(flatten)]
    pub(super) chosen: Chosen,
    /// How commits come into the base
    #[arg(long, value_enum, value_name = "METHOD", default_value_t)]
    method: MergeMethod,
    /// What each must have before
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    when: MergeWhen,
    /// For pages in this repository: the branch they are merged into, which no checkout stands on [default: the one that
    /// the run is for]
    #[arg(long, value_name = "BRANCH")]
    into: Option<String>,
}

/// One thing to do with each.
pub(super) enum Doing<'a> {
    Ready,
    Comment(&'a CommentArgs),
    Label(&'a LabelArgs),
    Close(&'a CloseArgs),
    Merge(&'a MergeArgs),
    Sync,
}

/// A line for scripts.
#[derive(Serialize)]
struct Line<'a> {
    unit: &'a UnitId,
    number: u64,
    /// `done`, `rehearsed`, `left` or `failed`.
    outcome: &'static str,
    said: &'a str,
}

pub(super) async fn run(
    global: &Global,
    desk: &mut Desk,
    chosen: &Chosen,
    units: Option<&[UnitId]>,
    doing: &Doing<'_>,
) -> anyhow::Result<u8> {
    let earnest = earnest(chosen.dry_run);
    let mut tally = Tally::new(global, earnest);
    let mut tell = |told: &Told| tally.take(told);
    let mut round = Round::new(desk, units, earnest, &mut tell);
    match doing {
        Doing::Ready => round.act(&Act::Ready).await,
        Doing::Comment(args) => round.act(&Act::Comment(args.message.clone())).await,
        Doing::Label(args) => round.act(&Act::Label(args.name.clone())).await,
        Doing::Close(args) if args.delete_branches => round.close_and_delete().await,
        Doing::Close(_) => round.act(&Act::Close).await,
        Doing::Merge(args) => {
            let merging = Merging {
                method: args.method,
                when: args.when,
                into: args.into.clone(),
            };
            round.merge(&merging).await?;
        }
        Doing::Sync => round.sync().await,
    }
    let is_followed = match doing {
        // What others merged or closed is followed too.
        Doing::Sync => earnest == Earnest::Done,
        Doing::Ready | Doing::Close(_) | Doing::Merge(_) => tally.changed_something(),
        Doing::Comment(_) | Doing::Label(_) => false,
    };
    let code = tally.conclude();
    if is_followed && !track(global, desk).await {
        return Ok(1);
    }
    Ok(code)
}

/// Whether it is done, or only told.
pub(super) fn earnest(dry_run: bool) -> Earnest {
    if dry_run {
        Earnest::Rehearsed
    } else {
        Earnest::Done
    }
}

/// What came of each, shown as it comes, and in sum.
pub(super) struct Tally<'a> {
    global: &'a Global,
    earnest: Earnest,
    all: Vec<Outcome>,
}

impl<'a> Tally<'a> {
    pub(super) fn new(global: &'a Global, earnest: Earnest) -> Self {
        Self {
            global,
            earnest,
            all: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, told: &Told) {
        show(self.global, told);
        self.all.push(told.outcome);
    }

    pub(super) fn changed_something(&self) -> bool {
        self.all.contains(&Outcome::Done)
    }

    /// Tells the sum, and gives the exit code.
    pub(super) fn conclude(self) -> u8 {
        let count = |wanted| {
            self.all
                .iter()
                .filter(|&&outcome| outcome == wanted)
                .count()
        };
        let (done, words) = match self.earnest {
            Earnest::Done => (count(Outcome::Done), "done"),
            Earnest::Rehearsed => (count(Outcome::Rehearsed), "would be done"),
        };
        let (left, failed) = (count(Outcome::Left), count(Outcome::Failed));
        if !self.global.json {
            say(&format!(
                "{done} {words}, {left} left as they were, {failed} failed"
            ));
        }
        u8::from(failed > 0)
    }
}

/// Brings the tracking issue up to date, where there is one; whether that went well.
pub(super) async fn track(global: &Global, desk: &mut Desk) -> bool {
    match desk.track().await {
        Ok(Some(url)) if !global.json => say(&format!("tracking issue: {}", words::line(&url))),
        Ok(_) => {}
        Err(error) => {
            let why = words::line(&words::chain(&error));
            say(&format!("the tracking issue is not up to date: {why}"));
            return false;
        }
    }
    true
}

fn show(global: &Global, told: &Told) {
    if !global.json {
        say(&format!(
            "#{} {}: {}",
            told.number,
            told.unit,
            words::line(&told.said)
        ));
        return;
    }
    let line = Line {
        unit: &told.unit,
        number: told.number,
        outcome: match told.outcome {
            Outcome::Done => "done",
            Outcome::Rehearsed => "rehearsed",
            Outcome::Left => "left",
            Outcome::Failed => "failed",
        },
        said: &told.said,
    };
    // What was done is done, also when nobody reads of it.
    let _ = serde_json::to_string(&line).map(|text| print(&format!("{text}\n")));
}

impl Chosen {
    /// The names that were given; nothing where all are meant.
    pub(super) fn names(&self) -> anyhow::Result<Option<&[String]>> {
        if self.units.is_empty() && !self.all {
            anyhow::bail!("say which: name units, or give --all for all pull requests of the run");
        }
        Ok((!self.all).then_some(&self.units[..]))
    }
}
