//! The environment of a unit's processes, so that units that work side by side do not disturb each other: a temporary
//! folder, ports and names of their own. All of it follows from run and unit, and the unit's end removes it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::config::{Caches, Config};
use crate::git::{GitError, Repo};
use crate::process::{Environment, PersonsCheckouts};
use crate::run::log::run_id::RunId;
use crate::run::workspace::checkout::Checkout;
use crate::run::workspace::isolation::{self, Isolation};
use crate::run::workspace::own_home::{CACHES, OwnHome};
use crate::words;

/// The number of ports that each unit has for itself, from `BATCH_PORT_BASE` on.
const PORTS: u16 = 20;
/// All ports lie above the ports of common services, and below the ports that systems hand out by themselves.
const FIRST_PORT: u16 = 20_000;
const LAST_PORT: u16 = 32_767;

/// The variable with the folders in which git does not look for a repository above.
const CEILINGS: &str = "GIT_CEILING_DIRECTORIES";

/// The names of batch's own variables begin so: `BATCH_CONFIG` names its settings.
const OWN: &str = "BATCH_";

/// A note names at most so many variables.
const NAMED: usize = 6;

/// Returns the variables that all workers see: of `variables` only safe ones, then the settings' own. Git gets none of
/// the headers that would let it in at a server.
pub fn worker_environment(
    variables: impl Iterator<Item = (OsString, OsString)>,
    config: &Config,
    repo: &Repo,
) -> Result<Environment, GitError> {
    let mut environment = Environment::for_worker(variables, &config.environment.pass);
    environment.mask_secrets_in(repo.remote_addresses()?.iter().map(String::as_str));
    for setting in repo.header_settings()? {
        environment.empty_git_setting(&setting);
    }
    for (name, value) in &config.environment.set {
        environment.set(name, value);
    }
    Ok(environment)
}

/// Returns a sentence about the variables that lead into the user's checkout, where there are any: a program that only
/// the user's checkout has is missing in the units' checkouts. No worker needs what batch's own variables name.
pub(crate) fn relocation_note(
    environment: &Environment,
    config: &Config,
    repo: &Repo,
) -> Option<String> {
    let led_in = environment.leading_into(&persons_checkouts(repo));
    let names: Vec<String> = led_in
        .into_iter()
        .filter(|(name, _)| !is_named(config, name))
        .map(|(name, _)| name.to_string_lossy().into_owned())
        .filter(|name| !name.starts_with(OWN))
        .collect();
    if names.is_empty() {
        return None;
    }
    Some(format!(
        "these variables lead into your checkout: {}; a unit sees the same place in its own worktree where \
         that exists, and otherwise nothing of it; .worktreeinclude or [worktrees] setup can put it there, and \
         [environment] pass keeps a variable as it is",
        words::few(names.iter(), NAMED)
    ))
}

/// Returns the checkouts in which the user works.
fn persons_checkouts(repo: &Repo) -> PersonsCheckouts {
    PersonsCheckouts::new([repo.root(), repo.main_checkout()])
}

/// Checks whether the settings name the variable, which is then kept as it is.
fn is_named(config: &Config, name: &OsStr) -> bool {
    let settings = &config.environment;
    name.to_str().is_some_and(|name| {
        settings.set.contains_key(name) || settings.pass.iter().any(|passed| passed == name)
    })
}

/// Adds what belongs to one unit to the `environment` of all workers; `number` is the unit's place in the plan. Paths
/// into the user's checkout become paths into the unit's. The user's settings win, except over the process tags.
pub(crate) fn unit_environment(
    mut environment: Environment,
    config: &Config,
    repo: &Repo,
    checkout: &Checkout,
    number: usize,
) -> Environment {
    let folders = checkout.worker_folders();
    let temp_dir = folders.temp_dir();
    environment.relocate(&persons_checkouts(repo), checkout.path(), |name| {
        is_named(config, name)
    });
    let ceilings = ceilings(environment.get(CEILINGS), [checkout.path(), temp_dir]);
    let mut own = vec![
        (CEILINGS, ceilings),
        ("TMPDIR", temp_dir.into()),
        (GLOBAL_CONFIG, folders.global_config().into()),
        (
            "BATCH_PORT_BASE",
            port_base(checkout.run(), number).to_string().into(),
        ),
        ("COMPOSE_PROJECT_NAME", project_name(checkout.name()).into()),
    ];
    if let Some(users) = isolation::home().filter(|_| Isolation::of(config).is_on()) {
        let home = OwnHome {
            users: &users,
            own: &folders.user_home(),
            caches: &checkout.shared_caches(),
        };
        home.apply(&mut environment, |name| is_named(config, OsStr::new(name)));
    }
    if config.environment.caches == Caches::Own {
        let folder = temp_dir.join(".caches");
        own.extend(CACHES.map(|(name, tool)| (name, folder.join(tool).into_os_string())));
    }
    for (name, value) in own {
        if !config.environment.set.contains_key(name) {
            environment.set(name, value);
        }
    }
    checkout.process_tags().put(&mut environment);
    environment
}

/// The variable that names git's configuration file for all repositories of a person. What `git config --global` writes
/// stays in a file of the checkout.
const GLOBAL_CONFIG: &str = "GIT_CONFIG_GLOBAL";

/// Returns the folders above which git looks for no repository: all that are above `places`, and those of the user.
/// Without them a worker that left its checkout would find a repository of somebody else's. The parents alone would not
/// do: git does not stop at the folder where it is called.
fn ceilings(users: Option<&OsStr>, places: [&Path; 2]) -> OsString {
    let above = places
        .into_iter()
        .flat_map(|place| place.ancestors().skip(1));
    let mut all: Vec<PathBuf> = Vec::new();
    let users = users.map(std::env::split_paths).into_iter().flatten();
    for folder in above.map(Path::to_path_buf).chain(users) {
        // A list cannot hold a path with a colon.
        let fits = !folder.as_os_str().as_encoded_bytes().contains(&b':');
        if fits && !all.contains(&folder) {
            all.push(folder);
        }
    }
    std::env::join_paths(all).unwrap_or_default()
}

/// Returns the first of a unit's ports; `number` is the unit's place in the plan. Units of a run never share a port;
/// runs start at different ports, so that two runs at the same time seldom share one.
fn port_base(run: &RunId, number: usize) -> u16 {
    let places = usize::from((LAST_PORT - FIRST_PORT) / PORTS);
    let begin = run
        .as_str()
        .bytes()
        .fold(0_usize, |sum, byte| (sum * 31 + usize::from(byte)) % places);
    let place = (begin + number) % places;
    FIRST_PORT + u16::try_from(place).unwrap_or(0) * PORTS
}

/// Replaces every character that Compose does not allow; it allows lower-case letters, digits, `-` and `_`.
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
            let bases: BTreeSet<u16> = (0..UnitRange::MAX)
                .map(|number| port_base(&run, number))
                .collect();
            assert_eq!(bases.len(), UnitRange::MAX);
            let all: Vec<u16> = bases.into_iter().collect();
            assert!(all.windows(2).all(|pair| pair[1] - pair[0] >= PORTS));
            assert!(all[0] >= FIRST_PORT && all[all.len() - 1] <= LAST_PORT - PORTS);
        }
    }

    #[test]
    fn git_looks_for_no_repository_above_a_checkout() {
        let places = [Path::new("/x/run/unit"), Path::new("/x/run/.unit.tmp")];
        assert_eq!(ceilings(None, places), "/x/run:/x:/");
        let users = Some(OsStr::new("/home:/x/run"));
        assert_eq!(ceilings(users, places), "/x/run:/x:/:/home");
    }

    #[test]
    fn a_compose_project_name_has_only_allowed_characters() {
        assert_eq!(project_name("batch-r-03_db.Core"), "batch-r-03_db-core");
    }
}
