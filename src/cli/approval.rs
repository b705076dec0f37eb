//! Lets a person approve what a repository would decide: what runs, and what is passed on.
//!
//! Knows how it is shown, asked and refused. What needs approval is told by the settings themselves, and approvals are
//! kept in the user's own state folder.

use console::Term;

use super::global::Global;
use super::output::{can_ask, say};
use super::review::{self, RestoreTerminal};
use crate::config::{Approvals, Deciding};
use crate::git::Repo;
use crate::run::{Job, KnownRun, Start, deciding_of_plan, git_settings};
use crate::{plan, words};

/// Nobody has approved what would run.
#[derive(Debug, thiserror::Error)]
#[error(
    "{who} would decide what runs or what is passed on, and you have not approved that: read it and give --approve \
     {hash}\n{list}"
)]
pub(super) struct NotApproved {
    who: String,
    hash: String,
    list: String,
}

/// What would decide something, and who has written it.
pub(super) struct Part {
    who: String,
    deciding: Deciding,
}

impl Part {
    pub(super) fn new(who: impl Into<String>, deciding: Deciding) -> Self {
        Self {
            who: who.into(),
            deciding,
        }
    }

    /// Returns what git's configuration of the repository decides in a run: git takes it for the user's own, wherever
    /// the folder came from.
    pub(super) fn of_git(repo: &Repo) -> anyhow::Result<Self> {
        Ok(Self::new(".git/config", git_settings(repo)?))
    }
}

/// Refuses what the parts decide unless it is approved: earlier, by its hash, or by the person at the terminal.
pub(super) fn require(global: &Global, repo: &Repo, parts: &[Part]) -> anyhow::Result<()> {
    let approvals = approvals(repo);
    let is_new = |part: &&Part| !approvals.has(&part.deciding);
    let new: Vec<&Part> = parts.iter().filter(is_new).collect();
    let is_open = |part: &&&Part| !global.approves(&part.deciding.hash());
    let open: Vec<&Part> = new.iter().filter(is_open).copied().collect();
    let all = open.iter().fold(Deciding::default(), |all, part| {
        all.and(part.deciding.clone())
    });
    if !open.is_empty() {
        let mut who: Vec<&str> = open.iter().map(|part| &*part.who).collect();
        who.dedup();
        let (who, hash, list) = (who.join(" and "), all.hash(), list(&all));
        if !global.approves(&hash) && !ask(global, &who, &list)? {
            return Err(NotApproved { who, hash, list }.into());
        }
    }
    for deciding in new.iter().map(|part| &part.deciding).chain([&all]) {
        remember(&approvals, deciding);
    }
    Ok(())
}

/// Refuses a run that was prepared by somebody else: its settings, its plan and its agents are those that a person has
/// approved, or typed, here. What git's configuration decides needs approval as well.
pub(super) fn require_run(global: &Global, known: &KnownRun) -> anyhow::Result<()> {
    let who = format!("run {}", known.state.id);
    let parts = known.deciding()?.into_iter();
    let mut parts: Vec<Part> = parts.map(|part| Part::new(&*who, part)).collect();
    parts.push(Part::of_git(&known.repo)?);
    require(global, &known.repo, &parts)
}

/// Checks whether settings are approved, without a question.
pub(super) fn is_approved(global: &Global, repo: &Repo, deciding: &Deciding) -> bool {
    global.approves(&deciding.hash()) || approvals(repo).has(deciding)
}

/// Remembers what was approved by `--approve`.
pub(super) fn keep(repo: &Repo, deciding: &Deciding) {
    remember(&approvals(repo), deciding);
}

/// Remembers what a run does, which a person has typed or approved, so that it can be resumed.
pub(super) fn keep_run(repo: &Repo, job: &Job, start: &Start) -> anyhow::Result<()> {
    let approvals = approvals(repo);
    remember(&approvals, &job.deciding()?);
    remember(&approvals, &deciding_of_plan(job.plan())?);
    match start {
        Start::Republished(settings) => remember(&approvals, &job.deciding_with(settings)?),
        Start::Retried(_, amendment) => {
            if let Some(agent) = &amendment.agent {
                remember(&approvals, &agent.deciding()?);
            }
        }
        Start::New | Start::Resumed | Start::Accepted | Start::FollowUps(_) => {}
    }
    Ok(())
}

/// Remembers the agents of a plan that was just made, so that it can be run.
pub(super) fn keep_plan(repo: &Repo, plan: &plan::Plan) -> anyhow::Result<()> {
    remember(&approvals(repo), &deciding_of_plan(plan)?);
    Ok(())
}

fn approvals(repo: &Repo) -> Approvals {
    Approvals::of(repo.common_dir(), |name| std::env::var_os(name))
}

fn remember(approvals: &Approvals, deciding: &Deciding) {
    if let Err(error) = approvals.add(deciding) {
        say(&format!("warning: the approval is not remembered: {error}"));
    }
}

fn ask(global: &Global, who: &str, list: &str) -> anyhow::Result<bool> {
    if !can_ask() || global.json {
        return Ok(false);
    }
    let _terminal = RestoreTerminal::later();
    let what = format!(
        "{who} would decide what runs or what is passed on, and you have not approved that:\n{list}"
    );
    review::ask_approval(&what, &Term::stderr())
}

fn list(deciding: &Deciding) -> String {
    let lines: Vec<String> = deciding.iter().map(|it| line(it.0, it.1)).collect();
    lines.join("\n")
}

/// Shows a command whole: whatever is cut off could be the worst of it. A text of many lines stands in its file.
fn line(name: &str, value: &str) -> String {
    let value = if name.starts_with(".batch/") {
        words::count(value.lines().count(), "line")
    } else {
        words::line(value)
    };
    format!("  {} = {value}", words::line(name))
}
