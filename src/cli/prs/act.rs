//! The verbs of `batch prs` that need no agent.

use clap::Args;

use super::chosen::Chosen;
use super::summary::ActionSummary;
use super::track::track;
use crate::cli::global::Global;
use crate::config::MergeMethod;
use crate::forge::{Action, MergeWhen};
use crate::git::BranchName;
use crate::plan::UnitId;
use crate::prs::{ActionReport, MergeOptions, Mode, PrSession, Selection};

#[derive(Debug, Args)]
pub(super) struct CommentArgs {
    #[command(flatten)]
    pub(super) chosen: Chosen,
    /// The text of the comment
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
    /// Also delete their branches on the remote, unless others have changed them
    #[arg(long)]
    delete_branches: bool,
}

#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    #[command(flatten)]
    pub(super) chosen: Chosen,
    /// How the commits get into the base
    #[arg(long, value_enum, value_name = "METHOD", default_value_t)]
    method: MergeMethod,
    /// The condition for each merge
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    when: MergeWhen,
    /// For pages in this repository: the branch to merge into, which must not be checked out [default: the branch that
    /// the run is for]
    #[arg(long, value_name = "BRANCH")]
    into: Option<String>,
}

/// Returns the action for each chosen pull request.
pub(super) enum SimpleVerb<'a> {
    Ready,
    Comment(&'a CommentArgs),
    Label(&'a LabelArgs),
    Close(&'a CloseArgs),
    Merge(&'a MergeArgs),
    Sync,
}

pub(super) async fn run(
    global: &Global,
    session: &mut PrSession,
    chosen: &Chosen,
    units: Option<&[UnitId]>,
    action: &SimpleVerb<'_>,
) -> anyhow::Result<u8> {
    let mode = chosen.mode();
    let mut summary = ActionSummary::new(global, mode);
    let mut report = |report: &ActionReport| summary.take(report);
    let mut selection = Selection::new(session, units, mode, &mut report);
    match action {
        SimpleVerb::Ready => selection.act(&Action::Ready).await,
        SimpleVerb::Comment(args) => selection.act(&Action::Comment(args.message.clone())).await,
        SimpleVerb::Label(args) => selection.act(&Action::Label(args.name.clone())).await,
        SimpleVerb::Close(args) if args.delete_branches => selection.close_and_delete().await,
        SimpleVerb::Close(_) => selection.act(&Action::Close).await,
        SimpleVerb::Merge(args) => {
            let options = MergeOptions {
                method: args.method,
                when: args.when,
                into: args.into.as_ref().map(BranchName::new),
            };
            selection.merge(&options).await?;
        }
        SimpleVerb::Sync => selection.sync().await,
    }
    let is_followed = match action {
        // Other people may have merged or closed some pull requests.
        SimpleVerb::Sync => mode == Mode::Real,
        SimpleVerb::Ready | SimpleVerb::Close(_) | SimpleVerb::Merge(_) => {
            summary.changed_something()
        }
        SimpleVerb::Comment(_) | SimpleVerb::Label(_) => false,
    };
    let code = summary.conclude();
    if is_followed && !track(global, session).await {
        return Ok(1);
    }
    Ok(code)
}
