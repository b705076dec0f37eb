//! `batch split`: plans work that exists already, and publishes it as units. No agent works.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::flags::{CutFlags, RunFlags};
use super::global::Global;
use super::launch;
use super::output::{print, say, stderr_width};
use super::plan_file::{refuse_existing, save, say_saved};
use super::review;
use super::workspace::{Workspace, check_base, say_circumstances};
use crate::git::WorkSource;
use crate::plan::file::to_toml;
use crate::plan::{self, SplitRequest};

/// The endings of files that hold patches, even where a branch has the same name.
const PATCH_ENDINGS: [&str; 2] = ["patch", "diff"];

#[derive(Debug, Args)]
#[command(
    override_usage = "batch split [OPTIONS] <BRANCH|PATCH|STASH> [INSTRUCTION]",
    after_help = "\
Examples:
  batch split big-change
  batch split 'stash@{0}' 'Move the routes to one file' --units 4 --yes
  git format-patch --stdout main..big | batch split - -o plan.toml"
)]
pub(super) struct SplitArgs {
    /// A branch or another name of a commit, a stash (such as stash@{0}), or a file with patches by git diff or git
    /// format-patch; - reads patches from standard input
    #[arg(value_name = "BRANCH|PATCH|STASH")]
    work: String,
    /// What the work does [default: the subjects of its commits or patches]
    #[arg(value_name = "INSTRUCTION")]
    instruction: Option<String>,
    /// Save the plan in this file and run nothing; - prints it
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace that file if it exists
    #[arg(long, requires = "output")]
    force: bool,
    #[command(flatten)]
    cut: CutFlags,
    #[command(flatten)]
    run: RunFlags,
}

pub(super) fn run(global: &Global, args: &SplitArgs) -> anyhow::Result<u8> {
    let mut workspace = Workspace::open_for_run(global)?;
    args.cut.apply(&mut workspace.config);
    args.run.apply(&mut workspace.config);
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    let new = args.output.as_ref().filter(|_| !to_stdout && !args.force);
    refuse_existing(&workspace, new, "-o")?;
    let base = workspace.base()?;
    if args.output.is_none() {
        check_base(&workspace, &base, args.run.goal())?;
    }
    let source = source(&args.work, &workspace)?;
    let Workspace { repo, config, .. } = &mut workspace;
    let work = repo.existing_work(&source, &base)?;
    let instruction = args.instruction.clone();
    let settings = &config.plan;
    let plan = plan::split(
        repo,
        &SplitRequest {
            instruction: &instruction.unwrap_or_else(|| work.instruction()),
            base: &base,
            work: &work.commit,
            from: &work.name,
            units: settings.units.unwrap_or_default(),
            by: settings.by,
            order: settings.order.unwrap_or_default(),
        },
    )?;
    config.agent = plan.agent.clone();
    config.run.agents = None;
    say_circumstances(repo)?;
    match &args.output {
        None => launch::launch(global, &mut workspace, &plan, &base, &args.run),
        Some(_) if to_stdout => print(&to_toml(&plan)).map(|()| 0),
        Some(file) => {
            save(&workspace, file, &to_toml(&plan))?;
            remember(&workspace, file)?;
            say(&review::table(&plan, &[], stderr_width()));
            say_saved(file);
            Ok(0)
        }
    }
}

/// Notes where a plan is saved that names work: `batch clean` keeps the work as long as the plan is there.
fn remember(workspace: &Workspace, file: &Path) -> anyhow::Result<()> {
    let list = workspace.places().plans_elsewhere();
    let line = format!("{}\n", workspace.dir.join(file).display());
    let known = std::fs::read_to_string(&list).unwrap_or_default();
    if known.lines().any(|known| known == line.trim_end()) {
        return Ok(());
    }
    if let Some(folder) = list.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    std::fs::write(&list, known + &line)
        .with_context(|| format!("{} cannot be written", list.display()))
}

/// Finds out what the user means: standard input, a file with patches, or a name that git knows.
fn source(word: &str, workspace: &Workspace) -> anyhow::Result<WorkSource> {
    if word == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes);
        read.context("standard input cannot be read")?;
        let name = "the patch".to_owned();
        return Ok(WorkSource::Patch { name, bytes });
    }
    let path = workspace.dir.join(word);
    let ending = path.extension().and_then(|it| it.to_str());
    let is_named_so = ending.is_some_and(|ending| PATCH_ENDINGS.contains(&ending));
    if path.is_file() && (is_named_so || !workspace.repo.has_revision(word)) {
        let bytes = std::fs::read(&path).with_context(|| format!("{word} cannot be read"))?;
        let name = word.to_owned();
        return Ok(WorkSource::Patch { name, bytes });
    }
    Ok(WorkSource::Revision(word.to_owned()))
}
