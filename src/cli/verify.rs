//! `batch verify`: counts the old code that is left at a commit. It runs nothing of the repository.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;

use super::flags::UntilFlags;
use super::global::Global;
use super::output::print;
use super::workspace::{Workspace, known_run};
use crate::codemod::OldUsePattern;
use crate::git::Base;
use crate::plan::{self, Plan, Remaining};
use crate::words;

/// At most this many files are listed for people.
const FILES_SHOWN: usize = 20;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// With --until: the globs, folders or files to look at [default: the current folder]
    globs: Vec<String>,
    #[command(flatten)]
    until: UntilFlags,
    /// Take pattern and globs from this plan
    #[arg(long, value_name = "FILE", conflicts_with_all = ["until", "until_regex", "globs", "run"])]
    plan: Option<PathBuf>,
    /// Take pattern and globs from the plan of this run; a part of its id is enough [default: the latest run]
    #[arg(long, value_name = "RUN", conflicts_with_all = ["until", "until_regex", "globs"])]
    run: Option<String>,
    /// The commit to look at [default: the remote's default branch where known, else HEAD]
    #[arg(long, value_name = "REV")]
    at: Option<String>,
}

/// What is to be gone, and where.
struct Wanted {
    until: OldUsePattern,
    globs: Vec<String>,
    /// The folder that the globs are written for, from the root of the repository.
    prefix: String,
}

/// The count as scripts read it.
#[derive(Serialize)]
struct VerifyReport<'a> {
    /// The full id of the commit.
    commit: &'a str,
    name: &'a str,
    left: usize,
    matched: usize,
    files: Vec<FileReport<'a>>,
    /// Files in which nothing was counted.
    left_out: Vec<LeftOutReport<'a>>,
}

#[derive(Serialize)]
struct FileReport<'a> {
    path: &'a str,
    left: usize,
}

#[derive(Serialize)]
struct LeftOutReport<'a> {
    reason: &'a str,
    files: &'a [String],
}

/// Counts what is left. Returns exit code 1 where anything is.
pub(super) fn run(global: &Global, args: &VerifyArgs) -> anyhow::Result<u8> {
    let workspace = Workspace::unasked(global)?;
    let wanted = wanted(global, &workspace, args)?;
    let base = at(&workspace, args.at.as_deref())?;
    let repo = &workspace.repo;
    let remaining = plan::remaining(repo, &base.id, &wanted.globs, &wanted.prefix, &wanted.until)?;
    if global.json {
        print(&format!(
            "{}\n",
            serde_json::to_string_pretty(&report(&base, &remaining))?
        ))?;
    } else {
        print(&people(&base, &remaining))?;
    }
    Ok(u8::from(remaining.uses() > 0))
}

fn wanted(global: &Global, workspace: &Workspace, args: &VerifyArgs) -> anyhow::Result<Wanted> {
    if let Some(until) = args.until.pattern() {
        let here = || vec![".".to_owned()];
        let globs = Some(args.globs.clone()).filter(|globs| !globs.is_empty());
        return Ok(Wanted {
            until,
            globs: globs.unwrap_or_else(here),
            prefix: workspace.repo.prefix().to_owned(),
        });
    }
    if !args.globs.is_empty() {
        bail!("globs need the pattern of the old code: name it with --until or --until-regex");
    }
    let (text, source) = if let Some(file) = &args.plan {
        let text = std::fs::read(workspace.dir.join(file))
            .with_context(|| format!("the plan {} cannot be read", file.display()))?;
        let text = plan::file::text(text).with_context(|| file.display().to_string())?;
        (text, file.display().to_string())
    } else {
        let known = known_run(global, args.run.as_deref())?;
        let source = format!("the plan of run {}", known.state.id);
        (known.plan_text()?, source)
    };
    let plan: Plan = plan::file::parse(&text).with_context(|| source.clone())?;
    let Some(until) = plan.until else {
        bail!(
            "{source} does not say what is to be gone: name the pattern of the old code with --until or --until-regex"
        );
    };
    Ok(Wanted {
        until,
        globs: plan.globs,
        prefix: String::new(),
    })
}

fn at(workspace: &Workspace, wanted: Option<&str>) -> anyhow::Result<Base> {
    if wanted.is_none() {
        return workspace.base();
    }
    let Workspace { repo, config, .. } = workspace;
    let remote = repo.remote(config.publish.remote.as_deref())?;
    Ok(repo.base(wanted, remote.as_deref())?)
}

fn report<'a>(base: &'a Base, remaining: &'a Remaining) -> VerifyReport<'a> {
    VerifyReport {
        commit: base.id.as_str(),
        name: &base.name,
        left: remaining.uses(),
        matched: remaining.matched,
        files: remaining
            .files
            .iter()
            .map(|(path, left)| FileReport { path, left: *left })
            .collect(),
        left_out: remaining
            .left_out
            .iter()
            .map(|left| LeftOutReport {
                reason: &left.reason,
                files: &left.files,
            })
            .collect(),
    }
}

fn people(base: &Base, remaining: &Remaining) -> String {
    let uses = remaining.uses();
    let files = remaining.files.len();
    let mut text = format!(
        "{} in {} of {} at {} ({})\n",
        words::count(uses, "old use"),
        files,
        words::count(remaining.matched, "file"),
        words::line(&base.name),
        base.id.short()
    );
    for (path, left) in remaining.files.iter().take(FILES_SHOWN) {
        let _ = writeln!(text, "  {}: {left}", words::line(path));
    }
    if let Some(more @ 1..) = files.checked_sub(FILES_SHOWN) {
        let _ = writeln!(
            text,
            "  and {} more (--json lists all)",
            words::count(more, "file")
        );
    }
    for left in &remaining.left_out {
        let count = words::count(left.files.len(), "file");
        let (reason, few) = (
            &left.reason,
            words::few(left.files.iter().map(|it| words::line(it)), 3),
        );
        let _ = writeln!(text, "not counted in {count}, {reason}: {few}");
    }
    text
}
