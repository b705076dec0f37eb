//! Moves the paths in an environment from the checkout where a person works to the checkout of a worker.
//!
//! Variables such as `VIRTUAL_ENV`, `PYTHONPATH` or `PATH` may lead into the person's checkout. A worker that follows
//! them tests, or even edits, the wrong files. Each such path becomes the same path in the worker's checkout where that
//! exists, and is left out otherwise. A variable that holds such a path amid other text (`NODE_OPTIONS`) is left out.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use super::environment::Environment;

/// Variables that name a store of a tool or of the system. A store that lies in a checkout holds nothing of the
/// checkout's content, and is kept with everything in it: a whole home may be one repository.
const STORES: [&str; 20] = [
    "HOME",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "GOPATH",
    "GOMODCACHE",
    "GOCACHE",
    "GRADLE_USER_HOME",
    "MAVEN_USER_HOME",
    "NVM_DIR",
    "PYENV_ROOT",
    "RBENV_ROOT",
    "VOLTA_HOME",
    "PNPM_HOME",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "PIP_CACHE_DIR",
    "UV_CACHE_DIR",
    "npm_config_cache",
];

/// The bytes that end a path amid other text.
const ENDS: &[u8] = b" \t\n:;,=\"'()";

/// The checkouts of a person, by their real paths.
#[derive(Debug, Clone)]
pub struct PersonsCheckouts(Vec<PathBuf>);

impl PersonsCheckouts {
    pub fn new<'a>(roots: impl IntoIterator<Item = &'a Path>) -> Self {
        let mut roots: Vec<PathBuf> = roots.into_iter().map(Path::to_path_buf).collect();
        // A checkout may lie inside another one: the inner one comes first.
        roots.sort_by_key(|root| std::cmp::Reverse(root.components().count()));
        roots.dedup();
        Self(roots)
    }

    /// Returns the part of the path below a checkout, where it leads into one.
    fn below(&self, path: &Path) -> Option<PathBuf> {
        let is_plain = !path.components().any(|part| part == Component::ParentDir);
        let written = is_plain.then(|| path.to_path_buf());
        let ways = [Some(real(path)), written];
        ways.iter().flatten().find_map(|path| {
            let mut roots = self.0.iter();
            roots.find_map(|root| path.strip_prefix(root).ok().map(Path::to_path_buf))
        })
    }
}

impl Environment {
    /// Moves every path that leads into the person's checkouts to `to`, except in variables that `keep` names.
    pub fn relocate(&mut self, from: &PersonsCheckouts, to: &Path, keep: impl Fn(&OsStr) -> bool) {
        let led_in = self.leading_into(from);
        let stores = self.stores_in(from);
        for (name, value) in led_in.into_iter().filter(|(name, _)| !keep(name)) {
            match relocated(&value, from, &stores, to) {
                Some(value) => self.set(name, value),
                None => self.remove(&name),
            }
        }
    }

    /// Returns the variables that lead into the person's checkouts.
    pub fn leading_into(&self, from: &PersonsCheckouts) -> Vec<(OsString, OsString)> {
        let stores = self.stores_in(from);
        let owned = |(name, value): (&OsStr, &OsStr)| (name.to_owned(), value.to_owned());
        self.iter()
            .filter(|(name, value)| !is_store(name) && leads_into(value, from, &stores))
            .map(owned)
            .collect()
    }

    /// Returns the stores that lie in the person's checkouts.
    fn stores_in(&self, from: &PersonsCheckouts) -> Vec<PathBuf> {
        self.iter()
            .filter(|(name, _)| is_store(name))
            .map(|(_, value)| PathBuf::from(value))
            .filter(|path| path.is_absolute() && from.below(path).is_some())
            .collect()
    }
}

fn is_store(name: &OsStr) -> bool {
    STORES.iter().any(|store| name == *store)
}

fn leads_into(value: &OsStr, from: &PersonsCheckouts, stores: &[PathBuf]) -> bool {
    entries(value).any(|entry| inside(entry, from, stores).is_some())
        || mentions(value.as_bytes(), from, stores)
}

/// Returns the value with its paths moved; `None` where nothing is left of it.
fn relocated(
    value: &OsStr,
    from: &PersonsCheckouts,
    stores: &[PathBuf],
    to: &Path,
) -> Option<OsString> {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    for entry in entries(value) {
        match inside(entry, from, stores) {
            None => kept.push(entry.as_bytes().to_vec()),
            Some(below) => {
                let mut moved = to.to_path_buf();
                if !below.as_os_str().is_empty() {
                    moved.push(below);
                }
                if moved.exists() {
                    kept.push(moved.into_os_string().into_vec());
                }
            }
        }
    }
    let value = kept.join(&b':');
    let is_left = !value.is_empty() && !mentions(&value, from, stores);
    is_left.then(|| OsString::from_vec(value))
}

/// Splits a list of paths.
fn entries(value: &OsStr) -> impl Iterator<Item = &OsStr> {
    let bytes = value.as_bytes().split(|byte| *byte == b':');
    bytes.map(OsStr::from_bytes)
}

/// Returns the part of an absolute path below a checkout, where it leads into one and not into a store.
fn inside(path: &OsStr, from: &PersonsCheckouts, stores: &[PathBuf]) -> Option<PathBuf> {
    let path = Path::new(path);
    // Two slashes begin the rest of an address, not a path.
    if !path.is_absolute() || path.as_os_str().as_bytes().starts_with(b"//") {
        return None;
    }
    if stores.iter().any(|store| path.starts_with(store)) {
        return None;
    }
    from.below(path)
}

/// Checks whether a path into a checkout stands amid other text.
fn mentions(value: &[u8], from: &PersonsCheckouts, stores: &[PathBuf]) -> bool {
    value.split(|byte| ENDS.contains(byte)).any(|word| {
        let Some(at) = word.iter().position(|byte| *byte == b'/') else {
            return false;
        };
        let slashes = word[at..].iter().take_while(|byte| **byte == b'/').count();
        let path = OsStr::from_bytes(&word[at + slashes - 1..]);
        inside(path, from, stores).is_some()
    })
}

/// Returns the path without symlinks, as far as it exists.
fn real(path: &Path) -> PathBuf {
    for existing in path.ancestors() {
        if let Ok(real) = existing.canonicalize() {
            // An ancestor is a prefix.
            let rest = path.strip_prefix(existing).unwrap_or(Path::new(""));
            return if rest.as_os_str().is_empty() {
                real
            } else {
                real.join(rest)
            };
        }
    }
    path.to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Places {
        _tmp: tempfile::TempDir,
        person: PathBuf,
        worker: PathBuf,
    }

    fn places() -> Places {
        let tmp = tempfile::tempdir().unwrap();
        let root = tmp.path().canonicalize().unwrap();
        let (person, worker) = (root.join("repo"), root.join("repo.batch/unit"));
        for folder in [
            person.join("src"),
            person.join(".venv/bin"),
            worker.join("src"),
        ] {
            std::fs::create_dir_all(folder).unwrap();
        }
        std::os::unix::fs::symlink(&person, root.join("link")).unwrap();
        Places {
            _tmp: tmp,
            person,
            worker,
        }
    }

    /// Returns what a worker sees of a variable; `REPO` and `UNIT` stand for the checkouts, `ROOT` for their parent.
    fn seen(it: &Places, variables: &[(&str, &str)], name: &str) -> Option<String> {
        let root = it.person.parent().unwrap().to_str().unwrap();
        let (person, worker) = (it.person.to_str().unwrap(), it.worker.to_str().unwrap());
        let mut environment = Environment::default();
        for (name, value) in variables {
            let value = value.replace("REPO", person).replace("ROOT", root);
            environment.set(*name, value);
        }
        let from = PersonsCheckouts::new([it.person.as_path()]);
        environment.relocate(&from, &it.worker, |name| name == "KEPT");
        let value = environment.get(name)?.to_str()?.to_owned();
        let value = value.replace(worker, "UNIT").replace(person, "REPO");
        Some(value.replace(root, "ROOT"))
    }

    #[test]
    fn a_path_moves_where_the_worker_has_it_and_is_left_out_otherwise() {
        let it = places();
        for (value, moved) in [
            ("REPO", Some("UNIT")),
            ("REPO/src", Some("UNIT/src")),
            ("ROOT/link/src", Some("UNIT/src")),
            ("REPO/.venv", None),
            ("REPO/src:/lib::REPO/gone", Some("UNIT/src:/lib:")),
            ("REPO/.venv/bin:/usr/bin", Some("/usr/bin")),
            ("--require REPO/.pnp.cjs", None),
            ("-IREPO/include", None),
            ("file://REPO/db", None),
            ("-REPO", None),
            ("REPO/../other", Some("REPO/../other")),
            ("REPO-2/src", Some("REPO-2/src")),
            ("/mntREPO", Some("/mntREPO")),
            ("/usr/lib:relative", Some("/usr/lib:relative")),
            ("text", Some("text")),
        ] {
            let found = seen(&it, &[("X", value)], "X");
            assert_eq!(found.as_deref(), moved, "{value}");
        }
    }

    #[test]
    fn what_the_user_names_is_kept() {
        let it = places();
        let found = seen(&it, &[("KEPT", "REPO/.venv")], "KEPT");
        assert_eq!(found.as_deref(), Some("REPO/.venv"));
    }

    #[test]
    fn a_store_inside_the_checkout_is_kept_with_everything_in_it() {
        let it = places();
        let variables = [
            ("CARGO_HOME", "REPO/.cargo"),
            ("PATH", "REPO/.cargo/bin:/bin"),
        ];
        for (name, value) in variables {
            assert_eq!(seen(&it, &variables, name).as_deref(), Some(value));
        }
        let home = [("HOME", "REPO"), ("PATH", "REPO/bin:/bin")];
        assert_eq!(seen(&it, &home, "PATH").as_deref(), Some("REPO/bin:/bin"));
        // A checkout inside a store is no store.
        let home = [("HOME", "ROOT"), ("PATH", "REPO/bin:/bin")];
        assert_eq!(seen(&it, &home, "PATH").as_deref(), Some("/bin"));
    }
}
