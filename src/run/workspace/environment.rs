//! What a unit's processes find around them, so that units at work side by side do not get in each other's way: a
//! temporary folder, ports and names of their own. All of it follows from run and unit, and goes with the unit's end.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::config::{Caches, Config};
use crate::git::{GitError, Repo, delete_tree};
use crate::plan::UnitId;
use crate::process::Environment;
use crate::run::job::spec::Job;
use crate::run::log::event::{RunId, Step};
use crate::run::unit::context::{Halt, Pipeline, failure};
use crate::run::workspace::places::worktree_name;
use crate::run::workspace::process_tags::ProcessTags;

/// Ports that each unit has for itself, from `BATCH_PORT_BASE` on.
const PORTS: u16 = 20;
/// All of them lie above what services usually take, and below what systems hand out by themselves.
const FIRST_PORT: u16 = 20_000;
const LAST_PORT: u16 = 32_767;

/// What all workers may see of the given variables, with what the settings pass on or set, and without the headers
/// that git would send a server to be let in.
pub fn worker_environment(
    variables: impl Iterator<Item = (OsString, OsString)>,
    config: &Config,
    repo: &Repo,
) -> Result<Environment, GitError> {
    let mut environment = Environment::for_worker(variables, &config.environment.pass);
    for setting in repo.header_settings()? {
        environment.empty_git_setting(&setting);
    }
    for (name, value) in &config.environment.set {
        environment.set(name, value);
    }
    Ok(environment)
}

/// Where common tools are told to keep their caches, and the name of the folder for it.
const CACHES: [(&str, &str); 13] = [
    ("XDG_CACHE_HOME", "xdg"),
    ("npm_config_cache", "npm"),
    ("npm_config_store_dir", "pnpm"),
    ("YARN_CACHE_FOLDER", "yarn"),
    ("BUN_INSTALL_CACHE_DIR", "bun"),
    ("PIP_CACHE_DIR", "pip"),
    ("UV_CACHE_DIR", "uv"),
    ("GOCACHE", "go"),
    ("CCACHE_DIR", "ccache"),
    ("SCCACHE_DIR", "sccache"),
    ("GRADLE_USER_HOME", "gradle"),
    ("COMPOSER_CACHE_DIR", "composer"),
    ("BUNDLE_USER_CACHE", "bundle"),
];

impl Pipeline {
    /// What the unit's processes may see.
    pub(crate) fn environment(&self) -> Environment {
        environment(&self.job, &self.unit().id, self.number)
    }
}

/// What the processes of the unit at `number` may see, with the marks by which they are known as its own. What the user
/// has set stays, but for the marks.
pub(crate) fn environment(job: &Job, unit: &UnitId, number: usize) -> Environment {
    let worktree = job.naming.folder(&job.id, unit);
    let ports = port_base(&job.id, number);
    own(
        job.environment.clone(),
        &job.settings,
        (&job.repo, &job.id, unit),
        &worktree,
        ports,
    )
}

/// What the processes of somebody who only reads may see.
pub(crate) fn reader_environment(
    config: &Config,
    repo: &Repo,
    run: &RunId,
    unit: &UnitId,
    worktree: &Path,
) -> Result<Environment, GitError> {
    let all = worker_environment(std::env::vars_os(), config, repo)?;
    Ok(own(
        all,
        config,
        (repo, run, unit),
        worktree,
        port_base(run, 0),
    ))
}

/// The environment with what belongs to one unit only.
fn own(
    mut environment: Environment,
    config: &Config,
    (repo, run, unit): (&Repo, &RunId, &UnitId),
    worktree: &Path,
    ports: u16,
) -> Environment {
    let scratch = scratch(worktree);
    let mut own = vec![
        ("TMPDIR", scratch.clone().into_os_string()),
        ("BATCH_PORT_BASE", ports.to_string().into()),
        (
            "COMPOSE_PROJECT_NAME",
            project_name(&worktree_name(run, unit)).into(),
        ),
    ];
    if config.environment.caches == Caches::Own {
        let folder = scratch.join(".caches");
        own.extend(CACHES.map(|(name, tool)| (name, folder.join(tool).into_os_string())));
    }
    for (name, value) in own {
        if !config.environment.set.contains_key(name) {
            environment.set(name, value);
        }
    }
    ProcessTags::of_unit(repo, run, unit).put(&mut environment);
    environment
}

/// Makes the unit's temporary folder, empty.
pub(crate) async fn make_scratch(job: &Job, unit: &UnitId) -> Result<(), Halt> {
    let folder = scratch_of(job, unit);
    let made = tokio::task::spawn_blocking(move || {
        delete_tree(&folder)
            .and_then(|()| std::fs::create_dir_all(&folder))
            .map_err(|error| format!("cannot make {}: {error}", folder.display()))
    });
    match made.await {
        Ok(made) => made.map_err(|reason| failure(Step::Worktree, reason)),
        // Only the end of the whole program cancels a blocking task.
        Err(_) => Err(Halt::Stopped),
    }
}

/// Ends what the unit's processes left running in sessions of their own, for nothing may go on in its worktree.
pub(crate) async fn end_strays(job: &Job, unit: &UnitId) {
    let marks = ProcessTags::of_unit(&job.repo, &job.id, unit);
    let ended = tokio::task::spawn_blocking(move || marks.end_strays());
    if let Ok(1..) = ended.await {
        tracing::info!("ended what unit {unit} had left running");
    }
}

/// Leaves no process and no temporary folder of the unit's behind.
pub(crate) async fn leave(job: &Job, unit: &UnitId) {
    end_strays(job, unit).await;
    let folder = scratch_of(job, unit);
    let deleted = tokio::task::spawn_blocking(move || {
        if let Err(error) = delete_tree(&folder) {
            tracing::warn!("{} was left behind: {error}", folder.display());
        }
    });
    // Only the end of the whole program cancels it.
    let _ = deleted.await;
}

fn scratch_of(job: &Job, unit: &UnitId) -> PathBuf {
    scratch(&job.naming.folder(&job.id, unit))
}

/// The temporary folder that belongs to a worktree: beside it, where no search upwards finds the repository. No unit's
/// name begins with a point.
pub(crate) fn scratch(worktree: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(worktree.file_name().unwrap_or_default());
    name.push(".tmp");
    worktree.with_file_name(name)
}

/// The first of a unit's ports; `number` is its place in the plan. Units of a run never share one; runs begin at
/// different places, so that two at the same time seldom do.
fn port_base(run: &RunId, number: usize) -> u16 {
    let places = usize::from((LAST_PORT - FIRST_PORT) / PORTS);
    let begin = run
        .as_str()
        .bytes()
        .fold(0_usize, |sum, byte| (sum * 31 + usize::from(byte)) % places);
    let place = (begin + number) % places;
    FIRST_PORT + u16::try_from(place).unwrap_or(0) * PORTS
}

/// The name with what Compose allows: lower-case letters, digits, `-` and `_`.
fn project_name(name: &str) -> String {
    name.chars()
        .map(|c| match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() || c == '_' => c,
            _ => '-',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::UnitRange;

    #[test]
    fn no_two_units_of_a_run_share_a_port() {
        for run in ["20261121-k3f9", "r"] {
            let run = RunId::from_journal(run);
            let bases: BTreeSet<u16> = (0..UnitRange::MOST)
                .map(|number| port_base(&run, number))
                .collect();
            assert_eq!(bases.len(), UnitRange::MOST);
            let all: Vec<u16> = bases.into_iter().collect();
            assert!(all.windows(2).all(|pair| pair[1] - pair[0] >= PORTS));
            assert!(all[0] >= FIRST_PORT && all[all.len() - 1] <= LAST_PORT - PORTS);
        }
    }

    #[test]
    fn a_name_for_compose_has_only_what_it_allows() {
        assert_eq!(project_name("batch-r-03_db.Core"), "batch-r-03_db-core");
    }
}
