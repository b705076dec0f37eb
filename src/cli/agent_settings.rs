//! Decides whether coding agents may obey settings of their own that the repository holds: only those that the user has
//! approved, and otherwise agents start without them.

use super::approval;
use super::global::Global;
use super::output::say;
use super::workspace::Workspace;
use crate::config::{AgentOptions, AgentSpec, CodingKind, Config};
use crate::git::{CommitId, Repo};
use crate::run::{KnownRun, agent_settings};
use crate::words;

/// A note names at most this many files.
const NAMED: usize = 3;

/// Looks for such settings in the base, and says which of them are left aside.
pub(super) fn settle(
    global: &Global,
    workspace: &mut Workspace,
    base: &CommitId,
    of_plan: &[&AgentOptions],
) -> anyhow::Result<()> {
    let kinds = kinds(&workspace.config, of_plan);
    workspace.config.agent_settings = approved(global, &workspace.repo, base, kinds)?;
    Ok(())
}

/// Does the same for agents that take the place of a run's own. What the run's agents may obey they go on to obey.
pub(super) fn settle_further(
    global: &Global,
    known: &KnownRun,
    settings: &mut Config,
    agents: &[&AgentOptions],
) -> anyhow::Result<()> {
    let kinds = CodingKind::ALL.into_iter();
    let kinds = kinds.filter(|kind| agents.iter().any(|options| coding(options) == Some(*kind)));
    let base = &known.state.header.base;
    for hash in approved(global, &known.repo, base, kinds.collect())? {
        if !settings.agent_settings.contains(&hash) {
            settings.agent_settings.push(hash);
        }
    }
    Ok(())
}

/// Returns the hashes of the settings that the user has approved, and says which others are left aside.
fn approved(
    global: &Global,
    repo: &Repo,
    base: &CommitId,
    kinds: Vec<CodingKind>,
) -> anyhow::Result<Vec<String>> {
    let mut approved = Vec::new();
    for kind in kinds {
        let found = agent_settings(repo, base, kind)?;
        if found.is_empty() {
            continue;
        }
        let hash = found.hash();
        if approval::is_approved(global, repo, &found) {
            approval::keep(repo, &found);
            approved.push(hash);
            continue;
        }
        let files = words::few(found.iter().map(|(path, _)| words::line(path)), NAMED);
        say(&format!(
            "note: {kind} starts without the repository's {files}, which you have not approved: with --approve {hash} \
             it obeys them"
        ));
    }
    Ok(approved)
}

/// The coding agents that may work.
fn kinds(config: &Config, of_plan: &[&AgentOptions]) -> Vec<CodingKind> {
    let shares = config.agent_shares().unwrap_or_default();
    let options = shares.iter().map(|share| &share.options);
    let all: Vec<CodingKind> = options
        .chain([&config.agent])
        .chain(of_plan.iter().copied())
        .filter_map(coding)
        .collect();
    let is_used = |kind: &CodingKind| all.contains(kind);
    CodingKind::ALL.into_iter().filter(is_used).collect()
}

fn coding(options: &AgentOptions) -> Option<CodingKind> {
    match options.resolve() {
        Ok(AgentSpec::Coding(spec)) => Some(spec.kind),
        _ => None,
    }
}
