//! `batch prs`: the pull requests of a run, how they stand, and what is to be done with them.

mod act;
mod fix;
pub(super) mod revert;
mod table;

use std::time::Duration;

use clap::{Args, Subcommand};

use self::act::Doing;
use super::drive::runtime;
use super::job::{base, plan_text, settings};
use super::workspace::{KnownRun, Workspace, folder};
use super::{Global, print, say};
use crate::forge::{PullRequestRef, Standing, WaitReporter};
use crate::plan::{self, UnitId};
use crate::prs::{Desk, Home, Row};
use crate::run::{Delivery, Destination, Goal, UnitState};
use crate::words;

/// How soon they are looked at again.
const LOOK: Duration = Duration::from_mins(1);

/// To look at one takes five requests, and of 5,000 an hour something must be left for others.
const EACH: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct PrsArgs {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// A run's id, or a part of it [default: the latest run]
    #[arg(long, value_name = "RUN", global = true)]
    run: Option<String>,
    /// Show them again and again, until none is open
    #[arg(short, long)]
    watch: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make drafts ready for review
    Ready(act::Chosen),
    /// Say something on each
    Comment(act::CommentArgs),
    /// Give each a label
    Label(act::LabelArgs),
    /// Close them
    Close(act::CloseArgs),
    /// Merge them, those that others need first
    Merge(act::MergeArgs),
    /// Send those with failed checks, or with changes requested, back to their units' agents
    Fix(fix::FixArgs),
    /// Bring those whose needs are merged onto the branch that the run is for
    Sync(act::Chosen),
}

impl Verb {
    /// Whom it is for and what is done; or what takes agents, too.
    fn parts(&self) -> Result<(&act::Chosen, Doing<'_>), &fix::FixArgs> {
        Ok(match self {
            Self::Ready(chosen) => (chosen, Doing::Ready),
            Self::Comment(args) => (&args.chosen, Doing::Comment(args)),
            Self::Label(args) => (&args.chosen, Doing::Label(args)),
            Self::Close(args) => (&args.chosen, Doing::Close(args)),
            Self::Merge(args) => (&args.chosen, Doing::Merge(args)),
            Self::Sync(chosen) => (chosen, Doing::Sync),
            Self::Fix(args) => return Err(args),
        })
    }
}

pub(super) fn run(global: &Global, args: &PrsArgs) -> anyhow::Result<u8> {
    let verb = match args.verb.as_ref().map(Verb::parts) {
        Some(Err(fix)) => return fix::run(global, args.run.as_deref(), fix),
        Some(Ok(parts)) => Some(parts),
        None => None,
    };
    let names = verb
        .as_ref()
        .map(|(chosen, _)| chosen.names())
        .transpose()?;
    let known = KnownRun::open(global, args.run.as_deref())?;
    let units = match names.flatten() {
        Some(names) => Some(meant(&known, names)?),
        None => None,
    };
    let mut desk = open(global, known)?;
    runtime()?.block_on(async {
        match verb {
            None => list(global, &desk, args.watch).await,
            Some((chosen, doing)) => {
                act::run(global, &mut desk, chosen, units.as_deref(), &doing).await
            }
        }
    })
}

/// What these names mean, each of which has a pull request: units, or what takes their work back.
fn meant(known: &KnownRun, names: &[String]) -> anyhow::Result<Vec<UnitId>> {
    let inverses = known.state.reverts();
    let mut meant = Vec::new();
    for name in names {
        let fits = |it: &&UnitState| it.header.id.as_str().contains(name.as_str());
        let near: Vec<&UnitState> = inverses.iter().filter(fits).collect();
        let unit = match (published(known, name), &near[..]) {
            (Err(_), [inverse]) => inverse.header.id.clone(),
            (unit, _) => unit?,
        };
        meant.push(unit);
    }
    Ok(meant)
}

/// The unit of this name, which has a pull request.
fn published(known: &KnownRun, name: &str) -> anyhow::Result<UnitId> {
    let unit = known.unit(name)?;
    if unit.publication.pull_request.is_none() {
        anyhow::bail!("unit {} has no pull request", unit.header.id);
    }
    Ok(unit.header.id.clone())
}

async fn list(global: &Global, desk: &Desk, watch: bool) -> anyhow::Result<u8> {
    let all = desk.all();
    let mut rows: Vec<Option<Row>> = vec![None; all.len()];
    loop {
        let failed = look(desk, &all, &mut rows, |standing| standing.state.is_open()).await;
        // A server finds out whether something can be merged when it is asked for the first time.
        let is_unknown = |it: &Standing| it.state.is_open() && it.mergeable.is_none();
        if desk.home == Home::Server && !failed {
            look(desk, &all, &mut rows, is_unknown).await;
        }
        let known: Vec<&Row> = rows.iter().flatten().collect();
        show(global, &known, watch)?;
        let open = known.iter().filter(|row| row.standing.state.is_open());
        let open = u32::try_from(open.count()).unwrap_or(u32::MAX);
        if !watch || open == 0 && !failed {
            return Ok(u8::from(failed));
        }
        tokio::time::sleep(LOOK.max(EACH.saturating_mul(open))).await;
    }
}

/// Looks at those that are not known yet, or that may have changed. Whether that failed for one of them.
async fn look(
    desk: &Desk,
    all: &[(UnitState, PullRequestRef)],
    rows: &mut [Option<Row>],
    may_have_changed: impl Fn(&Standing) -> bool,
) -> bool {
    let mut failed = false;
    for ((unit, which), row) in all.iter().zip(rows) {
        if row
            .as_ref()
            .is_some_and(|row| !may_have_changed(&row.standing))
        {
            continue;
        }
        match desk.look(unit, which).await {
            Ok(found) => *row = Some(found),
            Err(error) => {
                failed = true;
                say(&format!("#{}: {}", which.number, words::chain(&error)));
            }
        }
    }
    failed
}

/// While it is watched, each time is one line of JSON.
fn show(global: &Global, rows: &[&Row], watch: bool) -> anyhow::Result<()> {
    let text = match (global.json, watch) {
        (false, false) => table::render(rows),
        (false, true) => format!("{}\n", table::render(rows)),
        (true, false) => format!("{}\n", serde_json::to_string_pretty(rows)?),
        (true, true) => format!("{}\n", serde_json::to_string(rows)?),
    };
    print(&text)
}

/// Finds the place of the run's pull requests, as it is today.
fn open(global: &Global, known: KnownRun) -> anyhow::Result<Desk> {
    let id = &known.state.id;
    let units = &known.state.units;
    if units
        .iter()
        .all(|unit| unit.publication.pull_request.is_none())
    {
        anyhow::bail!("run {id} has no pull requests");
    }
    let workspace = Workspace {
        repo: known.repo.clone(),
        config: settings(&known)?,
        dir: folder(global)?,
    };
    let base = base(&workspace, &plan::file::parse(&plan_text(&known)?)?)?;
    let (repo, config) = (&workspace.repo, &workspace.config);
    let pages = known.places.pages(id);
    let delivery = Delivery::choose(repo, config, &base, Goal::PullRequests, pages)?;
    let now = delivery.words();
    let repo = delivery.reach(known.repo);
    let Delivery::PullRequest(Destination {
        forge,
        why_local,
        upstream,
        base_branch,
        ..
    }) = delivery
    else {
        anyhow::bail!("run {id} was for commits only");
    };
    if forge.place() != known.state.header.forge {
        anyhow::bail!(
            "the pull requests of run {id} are on {}, which cannot be reached now: {now}",
            known.state.header.forge,
        );
    }
    let (waits, mut told) = WaitReporter::channel();
    std::thread::spawn(move || {
        while let Some(wait) = told.blocking_recv() {
            say(&format!("  {wait}"));
        }
    });
    Ok(Desk {
        repo,
        upstream,
        state: known.state,
        forge: forge.session(waits),
        home: match why_local {
            Some(_) => Home::Here,
            None => Home::Server,
        },
        places: known.places,
        base_branch,
        wants_tracking: config.publish.tracking_issue == Some(true),
    })
}
