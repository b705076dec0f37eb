//! `batch prs`: its verbs, and the choice among them.

use clap::{Args, Subcommand};

use super::act::{self, SimpleVerb};
use super::chosen::Chosen;
use super::session::open;
use super::{fix, list};
use crate::cli::global::Global;
use crate::cli::signals::runtime;
use crate::cli::workspace::known_run;
use crate::prs::targets;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct PrsArgs {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// A run's id, or a part of it [default: the latest run]
    #[arg(long, value_name = "RUN", global = true)]
    run: Option<String>,
    /// Show the pull requests again and again, until none is open
    #[arg(short, long)]
    watch: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make drafts ready for review
    Ready(Chosen),
    /// Comment on pull requests
    Comment(act::CommentArgs),
    /// Label pull requests
    Label(act::LabelArgs),
    /// Close pull requests
    Close(act::CloseArgs),
    /// Merge pull requests, each after those that it needs
    Merge(act::MergeArgs),
    /// Send pull requests with failed checks or requested changes back to their units' agents
    Fix(fix::FixArgs),
    /// Move pull requests onto the branch that the run is for, once their needs are merged
    Sync(Chosen),
}

impl Verb {
    /// The chosen pull requests and the action; or the arguments of the one verb that starts agents.
    fn parts(&self) -> Result<(&Chosen, SimpleVerb<'_>), &fix::FixArgs> {
        Ok(match self {
            Self::Ready(chosen) => (chosen, SimpleVerb::Ready),
            Self::Comment(args) => (&args.chosen, SimpleVerb::Comment(args)),
            Self::Label(args) => (&args.chosen, SimpleVerb::Label(args)),
            Self::Close(args) => (&args.chosen, SimpleVerb::Close(args)),
            Self::Merge(args) => (&args.chosen, SimpleVerb::Merge(args)),
            Self::Sync(chosen) => (chosen, SimpleVerb::Sync),
            Self::Fix(args) => return Err(args),
        })
    }
}

pub(in crate::cli) fn run(global: &Global, args: &PrsArgs) -> anyhow::Result<u8> {
    let verb = match args.verb.as_ref().map(Verb::parts) {
        Some(Err(fix)) => return fix::run(global, args.run.as_deref(), fix),
        Some(Ok(parts)) => Some(parts),
        None => None,
    };
    let names = verb
        .as_ref()
        .map(|(chosen, _)| chosen.names())
        .transpose()?;
    let known = known_run(global, args.run.as_deref())?;
    let units = match names.flatten() {
        Some(names) => Some(targets(&known, names)?),
        None => None,
    };
    let mut session = open(global, known)?;
    runtime()?.block_on(async {
        match verb {
            None if args.watch => list::watch(global, &session).await,
            None => list::list(global, &session).await,
            Some((chosen, action)) => {
                act::run(global, &mut session, chosen, units.as_deref(), &action).await
            }
        }
    })
}
