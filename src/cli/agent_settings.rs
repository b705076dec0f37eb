//! Decides whether coding agents may obey settings of their own that the repository holds: only those that the user has
//! approved, and otherwise agents start without them.

use super::approval;
use super::global::Global;
use super::output::say;
use super::workspace::Workspace;
use crate::config::{AgentOptions, AgentSpec, CodingKind, Config};
use crate::git::CommitId;
use crate::run::agent_settings;
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
    let mut approved = Vec::new();
    for kind in kinds(&workspace.config, of_plan) {
        let found = agent_settings(&workspace.repo, base, kind)?;
        if found.is_empty() {
            continue;
        }
        let hash = found.hash();
        if approval::is_approved(global, &workspace.repo, &found) {
            approval::keep(&workspace.repo, &found);
            approved.push(hash);
            continue;
        }
        let files = words::few(found.iter().map(|(path, _)| words::line(path)), NAMED);
        say(&format!(
            "note: {kind} starts without the repository's {files}, which you have not approved: with --approve {hash} \
             it obeys them"
        ));
    }
    workspace.config.agent_settings = approved;
    Ok(())
}

/// The coding agents that may work.
fn kinds(config: &Config, of_plan: &[&AgentOptions]) -> Vec<CodingKind> {
    let shares = config.agent_shares().unwrap_or_default();
    let options = shares.iter().map(|share| &share.options);
    let coding = |options: &AgentOptions| match options.resolve() {
        Ok(AgentSpec::Coding(spec)) => Some(spec.kind),
        _ => None,
    };
    let all: Vec<CodingKind> = options
        .chain([&config.agent])
        .chain(of_plan.iter().copied())
        .filter_map(coding)
        .collect();
    let is_used = |kind: &CodingKind| all.contains(kind);
    CodingKind::ALL.into_iter().filter(is_used).collect()
}
