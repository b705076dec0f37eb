//! `batch doctor`: examines whether batch can work here, and says what to do where it cannot.
//!
//! A small function examines each subject and returns a [`Finding`]; printing comes last. The doctor changes nothing:
//! it tries a place with a temporary file that is gone again at once. (SQLite may leave its own `-wal` and `-shm`
//! beside a journal, as for any other reader.)

mod finding;
mod forge;
mod machine;
mod places;
mod repository;
mod settings;
mod show;

use std::ffi::OsString;
use std::path::Path;

use self::finding::Finding;
use self::machine::{Machine, ask_gh};
use super::approval;
use super::global::Global;
use super::output::print;
use super::workspace::folder;
use crate::codemod;
use crate::config::Deciding;
use crate::git::Repo;
use crate::process::sandbox::try_groups;
use crate::run;

/// Examines everything and prints the findings. Returns the exit code: 0, or 1 where there is a problem.
pub(super) fn run(global: &Global) -> anyhow::Result<u8> {
    let dir = folder(global)?;
    let config = global.config.as_ref().map(|path| dir.join(path));
    let variables: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let machine = Machine {
        variables: &variables,
        gh: &ask_gh,
        sandbox: &run::sandbox_level,
        groups: &try_groups,
    };
    let approved = |repo: &Repo, deciding: &Deciding| approval::is_approved(global, repo, deciding);
    let settings = GivenSettings {
        file: config.as_deref(),
        approved: &approved,
    };
    let findings = examine(&dir, &settings, &machine);
    print(&if global.json {
        show::json(&findings)?
    } else {
        show::people(&findings)
    })?;
    Ok(u8::from(show::has_problem(&findings)))
}

/// What the user says of the settings.
struct GivenSettings<'a> {
    /// The file in place of batch.toml.
    file: Option<&'a Path>,
    /// Checks whether the user has approved what would decide what runs.
    approved: &'a dyn Fn(&Repo, &Deciding) -> bool,
}

fn examine(dir: &Path, settings: &GivenSettings<'_>, machine: &Machine<'_>) -> Vec<Finding> {
    let mut findings = vec![repository::program()];
    match Repo::discover(dir) {
        Ok(repo) => examine_repository(&repo, settings, machine, &mut findings),
        Err(error) => findings.push(Finding::error("repository", error)),
    }
    findings.push(Finding::ok(
        "codemods",
        format!(
            "structural rewrites in {} languages, regular expressions in any text",
            codemod::languages().count()
        ),
    ));
    findings
}

fn examine_repository(
    repo: &Repo,
    given: &GivenSettings<'_>,
    machine: &Machine<'_>,
    findings: &mut Vec<Finding>,
) {
    let (config, said) = settings::read(repo, given.file, |deciding| {
        (given.approved)(repo, deciding)
    });
    findings.extend([repository::place(repo), said]);
    findings.extend(settings::of_git(repo, |deciding| {
        (given.approved)(repo, deciding)
    }));

    let (remote, said) = repository::remote(repo, config.publish.remote.as_deref());
    findings.push(said);
    let (base, said) = repository::base(repo, config.plan.base.as_deref(), remote.as_deref());
    findings.extend([said, repository::history(repo)]);
    findings.extend(repository::uncommitted(repo));
    findings.extend([
        repository::identity(repo),
        forge::choice(repo, &config, machine),
    ]);

    findings.push(settings::agent(repo, &config, machine));
    findings.push(settings::sandbox(&config, machine));
    if let Some(base) = base {
        findings.extend(repository::owners(repo, &base));
        findings.push(settings::checks(repo, &config, &base, machine));
        findings.extend(settings::formatters(repo, &config, &base));
    }

    findings.extend([places::state(repo), places::journal(repo)]);
    findings.extend(places::worktrees(repo, &config));
}

#[cfg(test)]
mod tests;
