//! The home of a unit's workers. `HOME` is a folder of the unit, so that nothing that a worker writes there is run by
//! the user later; tool chains stay where they are, and are read only.
//!
//! Caches lead to a folder that the units of one run share: a package is downloaded once in a run, and no worker writes
//! into a cache of the user's.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::process::Environment;

/// The variables that say where tool chains are, with the usual place below the home. A worker finds each at that
/// place of the user's home.
const TOOL_CHAINS: [(&str, &str); 14] = [
    ("RUSTUP_HOME", ".rustup"),
    ("PYENV_ROOT", ".pyenv"),
    ("PYTHONUSERBASE", ".local"),
    ("RBENV_ROOT", ".rbenv"),
    ("NVM_DIR", ".nvm"),
    ("VOLTA_HOME", ".volta"),
    ("ASDF_DIR", ".asdf"),
    ("ASDF_DATA_DIR", ".asdf"),
    ("MISE_DATA_DIR", ".local/share/mise"),
    ("SDKMAN_DIR", ".sdkman"),
    ("DOTNET_ROOT", ".dotnet"),
    ("BUN_INSTALL", ".bun"),
    ("DENO_INSTALL", ".deno"),
    ("STACK_ROOT", ".stack"),
];

/// The variables that tell common tools where to keep their caches, with the name of the folder.
pub(crate) const CACHES: [(&str, &str); 13] = [
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

/// Variables that lead into the user's home; without them, programs look below `HOME`.
const PERSONAL: [&str; 5] = [
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
    "GOPATH",
];

/// What of cargo's home a worker reads in the user's: programs, and their settings.
const CARGO_LINKS: [&str; 6] = [
    "bin",
    "config",
    "config.toml",
    "env",
    ".crates.toml",
    ".crates2.json",
];

/// The homes of a unit's workers.
#[derive(Debug, Clone)]
pub(crate) struct OwnHome<'a> {
    /// The home of the user.
    pub(crate) users: &'a Path,
    /// The home of the unit.
    pub(crate) own: &'a Path,
    /// The folder of caches that the units of the run share.
    pub(crate) caches: &'a Path,
}

impl OwnHome<'_> {
    /// Sets the variables, but for those that `keep` names. A place that cannot be made is left out: the tool then
    /// makes its own below `HOME`.
    pub(crate) fn apply(&self, environment: &mut Environment, keep: impl Fn(&str) -> bool) {
        if let Err(error) = fs::create_dir_all(self.own) {
            tracing::warn!("{} cannot be made: {error}", self.own.display());
        }
        let mut set = |name: &str, value: OsString| {
            if !keep(name) {
                environment.set(name, value);
            }
        };
        set("HOME", self.own.into());
        let mut later = Vec::new();
        for (name, usual) in TOOL_CHAINS {
            let place = self.users.join(usual);
            if place.is_dir() {
                later.push((name, place.into_os_string()));
            }
        }
        for (name, folder) in CACHES {
            set(name, self.caches.join(folder).into());
        }
        set("GOMODCACHE", self.caches.join("go-modules").into());
        let maven = self.users.join(".m2/repository");
        if maven.is_dir() {
            let mut args = OsString::from("-Dmaven.repo.local=");
            args.push(self.caches.join("maven"));
            args.push(" -Dmaven.repo.local.tail=");
            args.push(maven);
            set("MAVEN_ARGS", args);
        }
        let users_cargo = environment
            .get("CARGO_HOME")
            .map_or_else(|| self.users.join(".cargo"), PathBuf::from);
        let own_cargo = self.own.join(".cargo");
        if users_cargo.is_dir() && !keep("CARGO_HOME") {
            if let Err(error) = link_cargo(&users_cargo, &own_cargo) {
                tracing::info!("{}: {error}", own_cargo.display());
            }
            environment.set("CARGO_HOME", own_cargo);
        }
        for (name, value) in later {
            if environment.get(name).is_none() {
                environment.set(name, value);
            }
        }
        for name in PERSONAL {
            if !keep(name) {
                environment.remove(OsStr::new(name));
            }
        }
    }
}

/// Makes a home for cargo that knows everything that the user's has downloaded. New packages go to the new home.
fn link_cargo(users: &Path, own: &Path) -> io::Result<()> {
    if own.exists() {
        return Ok(());
    }
    fs::create_dir_all(own)?;
    for name in CARGO_LINKS {
        link_if_there(&users.join(name), &own.join(name))?;
    }
    let registry = Path::new("registry");
    // A folder for each registry. Its index is only read; what is beside the packages may be added to.
    link_entries(
        &users.join(registry).join("index"),
        &own.join(registry).join("index"),
    )?;
    for part in ["registry/cache", "registry/src", "git/db", "git/checkouts"] {
        for registry in folders(&users.join(part)) {
            let name = registry.file_name().unwrap_or_default();
            link_entries(&registry, &own.join(part).join(name))?;
        }
    }
    Ok(())
}

/// Makes a folder with a link to each entry of another one.
fn link_entries(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        link_if_there(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.is_dir()).collect()
}

fn link_if_there(from: &Path, to: &Path) -> io::Result<()> {
    if from.exists() {
        symlink(from, to)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_has_a_home_of_its_own_and_the_users_tools() {
        let tmp = tempfile::tempdir().unwrap();
        let at = |path: &str| tmp.path().join(path);
        for folder in [
            "user/.rustup",
            "user/.cargo/bin",
            "user/.cargo/registry/src/crates.io-1/serde-1.0.0",
            "own",
        ] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        fs::write(at("user/.cargo/credentials.toml"), "token").unwrap();
        let mut environment = Environment::default();
        environment.set("HOME", at("user"));
        environment.set("XDG_DATA_HOME", at("user/data"));
        environment.set("PIP_CACHE_DIR", "/kept");
        let home = OwnHome {
            users: &at("user"),
            own: &at("own"),
            caches: &at("caches"),
        };
        home.apply(&mut environment, |name| name == "PIP_CACHE_DIR");
        let value = |name: &str| environment.get(name).map(PathBuf::from);
        assert_eq!(value("HOME"), Some(at("own")));
        assert_eq!(value("RUSTUP_HOME"), Some(at("user/.rustup")));
        assert_eq!(value("PYENV_ROOT"), None);
        assert_eq!(value("XDG_DATA_HOME"), None);
        assert_eq!(value("npm_config_cache"), Some(at("caches/npm")));
        assert_eq!(value("PIP_CACHE_DIR"), Some("/kept".into()));
        assert_eq!(value("CARGO_HOME"), Some(at("own/.cargo")));
        let own = at("own/.cargo");
        assert!(own.join("bin").exists());
        assert!(!own.join("credentials.toml").exists());
        let sources = own.join("registry/src/crates.io-1");
        assert!(sources.join("serde-1.0.0").is_dir());
        fs::create_dir(sources.join("new-1.0.0")).unwrap();
        assert!(!at("user/.cargo/registry/src/crates.io-1/new-1.0.0").exists());
    }
}
