//! What is left of a run, held against what ought to be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

use crate::forge::Server;
use crate::support::Repo;
use crate::{Hardship, UNITS, processes};

/// What must never be.
pub enum Wrong {
    Lost(String),
    Doubled(String),
}

/// The facts of the one run of a repository, with the unit that each is about.
pub struct Facts(Vec<(Option<String>, Value)>);

impl Facts {
    pub fn of(repo: &Repo) -> Self {
        let path = repo.state().join("journal.db");
        let read = || -> rusqlite::Result<Vec<(Option<String>, Value)>> {
            let journal = Connection::open(&path)?;
            let mut select = journal.prepare("SELECT unit, fact FROM events ORDER BY seq")?;
            let rows = select.query_map([], |row| {
                let fact: String = row.get(1)?;
                Ok((row.get(0)?, serde_json::from_str(&fact).unwrap_or_default()))
            })?;
            rows.collect()
        };
        // Before the first event there are no tables.
        Self(if path.exists() {
            read().unwrap_or_default()
        } else {
            Vec::new()
        })
    }

    pub fn has_run(&self) -> bool {
        !self.0.is_empty()
    }

    pub fn ended(&self) -> bool {
        self.0
            .last()
            .is_some_and(|(unit, fact)| unit.is_none() && fact["fact"] == "ended")
    }

    /// `agent <unit>` and `check <unit>` of all that is known to be finished.
    pub fn finished_work(&self) -> Vec<String> {
        self.0
            .iter()
            .filter_map(|(unit, fact)| {
                let what = match fact["fact"].as_str()? {
                    "agent-finished" => "agent",
                    "check-finished" if fact["verdict"]["kind"] == "pass" => "check",
                    _ => return None,
                };
                Some(format!("{what} {}", unit.as_deref()?))
            })
            .collect()
    }

    /// The units with the outcome of each.
    fn outcomes(&self) -> BTreeMap<&str, &Value> {
        self.0
            .iter()
            .filter(|(_, fact)| fact["fact"] == "ended")
            .filter_map(|(unit, fact)| Some((unit.as_deref()?, &fact["outcome"])))
            .collect()
    }

    pub fn failed(&self) -> Vec<&str> {
        let outcomes = self.outcomes().into_iter();
        outcomes
            .filter(|(_, outcome)| outcome["kind"] == "failed")
            .map(|(unit, _)| unit)
            .collect()
    }

    fn worktree(&self, unit: &str) -> Option<&str> {
        let mut found = self
            .0
            .iter()
            .filter(|(of, fact)| of.as_deref() == Some(unit) && fact["fact"] == "worktree-ready");
        found.next_back()?.1["path"].as_str()
    }
}

/// How often each of these pieces of work was begun.
pub fn begun(repo: &Repo, which: &BTreeSet<String>) -> BTreeMap<String, usize> {
    let text = fs::read_to_string(repo.root().join("worked")).unwrap_or_default();
    let mut counts = BTreeMap::new();
    for line in text.lines().filter(|line| which.contains(*line)) {
        *counts.entry(line.to_owned()).or_default() += 1;
    }
    counts
}

pub fn judge(
    repo: &Repo,
    hardship: Hardship,
    workers_killed: usize,
    server: Option<&Server>,
) -> Vec<Wrong> {
    let facts = Facts::of(repo);
    let mut wrong = Vec::new();
    let outcomes = facts.outcomes();
    if outcomes.len() != UNITS {
        wrong.push(Wrong::Lost(format!("only {} units ended", outcomes.len())));
    }
    let excused = match hardship {
        Hardship::None | Hardship::GitHubFails => 0,
        Hardship::WorkersDie => workers_killed,
        Hardship::PushesFail | Hardship::PagesFail | Hardship::DiskFull => UNITS,
    };
    if facts.failed().len() > excused {
        wrong.push(Wrong::Lost(format!(
            "failed without a cause: {:?}",
            facts.failed()
        )));
    }
    let pushed = repo.pushed();
    for (unit, outcome) in &outcomes {
        let worked = facts.finished_work().contains(&format!("agent {unit}"));
        match outcome["kind"].as_str() {
            Some("published") => {
                let of_unit = |branch: &&String| branch.ends_with(&format!("/{unit}"));
                let branches: Vec<&String> = pushed.iter().filter(of_unit).collect();
                match branches[..] {
                    [branch] if !is_migrated(repo, branch) => {
                        wrong.push(Wrong::Lost(format!("the work on {branch}")));
                    }
                    [_] => {}
                    [] => wrong.push(Wrong::Lost(format!("the branch of {unit}"))),
                    _ => wrong.push(Wrong::Doubled(format!("the branch of {unit}"))),
                }
            }
            Some("failed") => {
                let kept = facts
                    .worktree(unit)
                    .is_some_and(|path| Path::new(path).exists());
                if worked && !kept {
                    wrong.push(Wrong::Lost(format!("the worktree of {unit}")));
                }
            }
            _ => wrong.push(Wrong::Lost(format!("{unit} ended as {outcome}"))),
        }
    }
    let published = outcomes
        .values()
        .filter(|it| it["kind"] == "published")
        .count();
    let requests = match server {
        Some(server) => {
            let heads = server.heads();
            let different: BTreeSet<&String> = heads.iter().collect();
            if different.len() < heads.len() {
                wrong.push(Wrong::Doubled(format!("pull requests: {heads:?}")));
            }
            different.len()
        }
        None => pages(repo),
    };
    if requests < published {
        wrong.push(Wrong::Lost(format!(
            "{requests} pull requests of {published}"
        )));
    }
    if requests > UNITS {
        wrong.push(Wrong::Doubled(format!("{requests} pull requests")));
    }
    if let Ok(units) = fs::read_to_string(repo.root().join("doubled")) {
        wrong.push(Wrong::Doubled(format!("two workers at once: {units}")));
    }
    if !processes::workers(repo.root()).is_empty() {
        wrong.push(Wrong::Doubled("a worker outlived the run".into()));
    }
    wrong
}

/// Whether a branch of the remote holds one file's whole change.
fn is_migrated(repo: &Repo, branch: &str) -> bool {
    let changes = repo.published_changes(branch);
    let Some(file) = changes.strip_prefix("M\t") else {
        return false;
    };
    !file.contains('\n') && repo.published(branch, file).starts_with("let p")
}

fn pages(repo: &Repo) -> usize {
    let mut pages = repo.state_files(".md");
    pages.retain(|path| path.parent().is_some_and(|folder| folder.ends_with("prs")));
    pages.len()
}
