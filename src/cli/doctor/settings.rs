//! Examines the user's settings: batch.toml, the agent, the checks.

use std::collections::BTreeSet;
use std::path::Path;

use super::finding::Finding;
use super::machine::Machine;
use crate::agent;
use crate::check::{self, Check};
use crate::config::{
    AgentOptionsError, AgentShare, AgentSpec, CodingKind, Config, Deciding, FILE_NAME, Team,
};
use crate::forge::Templates;
use crate::git::{Base, EntryKind, GitError, Repo};
use crate::process::Renderer;
use crate::process::sandbox::SandboxKind;
use crate::{run, words};

/// More commands than this are counted, not named.
const NAMED: usize = 4;

/// A longer command is cut.
const WIDTH: usize = 60;

/// Returns the settings, or the defaults where they cannot be read, so that the other subjects are examined all the
/// same. What nobody has approved is neither obeyed nor rendered.
pub(super) fn read(
    repo: &Repo,
    given: Option<&Path>,
    approved: impl Fn(&Deciding) -> bool,
) -> (Config, Finding) {
    const SUBJECT: &str = "settings";
    let path = given.map_or_else(|| repo.root().join(FILE_NAME), Path::to_path_buf);
    let team = match given {
        Some(path) => Team::in_file(path, repo.root()),
        None => Team::of_checkout(repo.root()),
    };
    let team = match team {
        Ok(team) => team,
        Err(error) => return (Config::default(), Finding::error(SUBJECT, error)),
    };
    let shown = path.display().to_string();
    let unapproved = (!approved(team.deciding())).then(|| team.deciding().clone());
    let team = match &unapproved {
        Some(_) => team.harmless(),
        None => team,
    };
    let config = match team.above(None) {
        Ok(config) => config,
        Err(error) => return (Config::default(), Finding::error(SUBJECT, error)),
    };
    let said = match (
        Templates::compile(&config.publish, &Renderer::apart()),
        unapproved,
    ) {
        (Err(error), _) => Finding::problem(SUBJECT, format!("{shown}: {error}")),
        (Ok(_), Some(deciding)) => {
            let names = words::few(deciding.iter().map(|(name, _)| words::line(name)), NAMED);
            Finding::warning(
                SUBJECT,
                format!(
                    "the repository's {names} would decide what runs or what is passed on, and you have not approved \
                     that: read it and give --approve {} to a run",
                    deciding.hash()
                ),
            )
        }
        (Ok(_), None) if given.is_none() && !path.exists() => {
            Finding::ok(SUBJECT, format!("no {FILE_NAME}, so the defaults apply"))
        }
        (Ok(_), None) => Finding::ok(SUBJECT, shown),
    };
    (config, said)
}

/// Examines what git's configuration of the repository decides in a run; `None` where nothing of it needs approval.
pub(super) fn of_git(repo: &Repo, approved: impl Fn(&Deciding) -> bool) -> Option<Finding> {
    const SUBJECT: &str = "git settings";
    let deciding = match run::git_settings(repo) {
        Ok(deciding) => deciding,
        Err(error) => return Some(Finding::error(SUBJECT, error)),
    };
    if approved(&deciding) {
        return None;
    }
    let names = words::few(deciding.iter().map(|(name, _)| words::line(name)), NAMED);
    Some(Finding::warning(
        SUBJECT,
        format!(
            ".git/config would decide by {names} what a run starts or where it leads, and you have not approved that: \
             read it and give --approve {} to a run",
            deciding.hash()
        ),
    ))
}

pub(super) fn agent(repo: &Repo, config: &Config, machine: &Machine<'_>) -> Finding {
    const SUBJECT: &str = "agent";
    match config.agent_shares() {
        Ok(members) if members.is_empty() => {}
        Ok(members) => return shared(repo, config, &members, machine),
        Err(error) => return Finding::error(SUBJECT, error),
    }
    let spec = match config.agent.resolve() {
        Ok(spec) => spec,
        Err(AgentOptionsError::Missing) => {
            return Finding::ok(
                SUBJECT,
                "none is set, so every run needs one of --agent, --agent-cmd, --rewrite, --regex or --rule",
            );
        }
        Err(AgentOptionsError::Auto) => return chosen(machine),
        Err(error) => return Finding::error(SUBJECT, error),
    };
    one(repo, config, spec, machine)
}

fn one(repo: &Repo, config: &Config, spec: AgentSpec, machine: &Machine<'_>) -> Finding {
    const SUBJECT: &str = "agent";
    match (run::agent(&spec, &config.prices, repo.root()), spec) {
        (Ok(_), AgentSpec::Coding(spec)) => coding(spec.kind, machine),
        (Ok(agent), _) => Finding::ok(SUBJECT, agent.describe()),
        (Err(error), _) => Finding::error(SUBJECT, error),
    }
}

/// Examines several agents that share the work; the worst verdict counts for all of them.
fn shared(repo: &Repo, config: &Config, members: &[AgentShare], machine: &Machine<'_>) -> Finding {
    const SUBJECT: &str = "agent";
    let found = members.iter().map(|member| match member.options.resolve() {
        Ok(spec) => one(repo, config, spec, machine),
        Err(error) => Finding::error(SUBJECT, error),
    });
    let together = |one: Finding, other: Finding| Finding {
        subject: SUBJECT,
        verdict: one.verdict.max(other.verdict),
        words: format!("{}; {}", one.words, other.words),
    };
    found
        .reduce(together)
        .unwrap_or_else(|| Finding::ok(SUBJECT, "none is set"))
}

/// Examines the agent that `auto` means here.
fn chosen(machine: &Machine<'_>) -> Finding {
    match agent::choose(machine.variables.iter().cloned()) {
        Ok(choice) => coding(choice.kind, machine),
        Err(error) => Finding::error("agent", error),
    }
}

/// Examines a coding agent without asking its model.
fn coding(kind: CodingKind, machine: &Machine<'_>) -> Finding {
    const SUBJECT: &str = "agent";
    let tried = agent::tested_version(kind);
    let Some(found) = agent::find_installed(kind, machine.variables) else {
        // The user's own program starts the agent.
        return Finding::ok(SUBJECT, format!("{kind}, started as batch.toml says"));
    };
    let version = match found.version() {
        Some(version) if version == tried => format!("{kind} {version}"),
        Some(version) => format!("{kind} {version} (tried with {tried})"),
        None => {
            return Finding::warning(
                SUBJECT,
                format!("{kind} reports no version: does it start?"),
            );
        }
    };
    match found.login {
        Some(login) => Finding::ok(SUBJECT, format!("{version}, logged in {login}")),
        None => Finding::warning(
            SUBJECT,
            format!("{version}, but no login found: log in, or set its key"),
        ),
    }
}

/// Examines what keeps workers from what is not theirs.
pub(super) fn sandbox(config: &Config, machine: &Machine<'_>) -> Finding {
    const SUBJECT: &str = "sandbox";
    let limits = || match (machine.groups)() {
        Ok(()) => "memory and processes of a worker are limited as a whole".to_owned(),
        Err(why) => {
            format!("memory and processes of a worker are not limited as a whole, since {why}")
        }
    };
    match (machine.sandbox)(config) {
        Ok(level) if level.kind == SandboxKind::Off => Finding::warning(
            SUBJECT,
            format!("{} (batch.toml); {}", level.words(), limits()),
        ),
        Ok(level) => Finding::ok(SUBJECT, format!("{}; {}", level.words(), limits())),
        Err(error) => Finding::warning(SUBJECT, error.to_string()),
    }
}

pub(super) fn checks(repo: &Repo, config: &Config, base: &Base, machine: &Machine<'_>) -> Finding {
    const SUBJECT: &str = "checks";
    match config.checks.commands.as_deref() {
        Some([]) => Finding::ok(SUBJECT, "none, because batch.toml says so"),
        Some(commands) => Finding::ok(SUBJECT, format!("{} (batch.toml)", shown(commands))),
        None => match found(repo, base) {
            Ok(checks) => judge(repo, config, &checks, machine),
            Err(error) => Finding::error(SUBJECT, error),
        },
    }
}

fn judge(repo: &Repo, config: &Config, checks: &[Check], machine: &Machine<'_>) -> Finding {
    const SUBJECT: &str = "checks";
    if checks.is_empty() {
        return Finding::warning(
            SUBJECT,
            "no tests were recognised, so nothing would be checked: name a command with --check",
        );
    }
    let variables = machine.variables.iter().cloned();
    let environment = match run::worker_environment(variables, config, repo) {
        Ok(environment) => environment,
        Err(error) => return Finding::error(SUBJECT, error),
    };
    if let Some(why) = checks
        .iter()
        .find_map(|check| check::obstacle(check, repo.root(), &environment))
    {
        return Finding::warning(SUBJECT, why);
    }
    let names: BTreeSet<String> = checks.iter().map(|check| check.name.clone()).collect();
    let names: Vec<String> = names.into_iter().collect();
    Finding::ok(SUBJECT, format!("{} (found)", shown(&names)))
}

/// Says which formatters run after the agent, or could; `None` where the repository configures none.
pub(super) fn formatters(repo: &Repo, config: &Config, base: &Base) -> Option<Finding> {
    const SUBJECT: &str = "formatter";
    if !config.worktrees.tidy.is_empty() {
        return Some(Finding::ok(SUBJECT, shown(&config.worktrees.tidy)));
    }
    let found = tracked(repo, base).and_then(|tracked| {
        let reader = repo.reader(&base.id)?;
        Ok(check::formatters(&tracked, |path| reader.text(path)))
    });
    let found = match found {
        Ok(found) => found,
        Err(error) => return Some(Finding::error(SUBJECT, error)),
    };
    let names: Vec<String> = found
        .iter()
        .map(|it| format!("--tidy '{}' ({})", it.command, it.source))
        .collect();
    (!names.is_empty()).then(|| {
        let words = format!("not run unless you name it: {}", names.join(", "));
        Finding::ok(SUBJECT, words)
    })
}

fn tracked(repo: &Repo, base: &Base) -> Result<BTreeSet<String>, GitError> {
    let entries = repo.entries(&base.id)?.into_iter();
    let files = entries.filter(|entry| entry.kind == EntryKind::File);
    Ok(files
        .filter_map(|entry| String::from_utf8(entry.path).ok())
        .collect())
}

/// Returns the check commands for the whole base.
fn found(repo: &Repo, base: &Base) -> Result<Vec<Check>, GitError> {
    let tracked = tracked(repo, base)?;
    let all: Vec<String> = tracked.iter().cloned().collect();
    let reader = repo.reader(&base.id)?;
    Ok(check::discover(&tracked, &|path| reader.text(path), &all))
}

fn shown(commands: &[String]) -> String {
    let mut words: Vec<String> = commands
        .iter()
        .take(NAMED)
        .map(|command| console::truncate_str(command, WIDTH, "…").into_owned())
        .collect();
    if let Some(more @ 1..) = commands.len().checked_sub(NAMED) {
        words.push(format!("{more} more"));
    }
    words.join(", ")
}
