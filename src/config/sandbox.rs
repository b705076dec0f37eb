//! `[sandbox]`: what workers are kept from, and how much they may use.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::as_text::as_text;

/// What keeps workers from everything that is not their own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SandboxChoice {
    /// The best that works on this machine
    #[default]
    Auto,
    /// Namespaces, by the program bubblewrap
    Bwrap,
    /// Rules of the kernel, without a further program
    Landlock,
    /// A profile for the kernel, on macOS
    Seatbelt,
    /// Nothing: workers can do what you can
    Off,
}

/// Which network checks reach.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CheckNetwork {
    /// Whatever this machine reaches
    #[default]
    On,
    /// Their own loopback, where only the check itself listens
    Loopback,
    /// None
    Off,
}

/// `[sandbox]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct SandboxConfig {
    pub kind: Option<SandboxChoice>,
    /// Further files and folders that workers cannot read; `~/` is the home.
    pub hide: Vec<PathBuf>,
    /// Files and folders that workers can read although they would be hidden.
    pub show: Vec<PathBuf>,
    /// Files and folders outside of their own that workers can write to.
    pub write: Vec<PathBuf>,
    /// Sockets of other programs that workers can connect to.
    pub sockets: Vec<PathBuf>,
    pub check_network: Option<CheckNetwork>,
    /// How much memory a worker may have, or one process of it where workers have no control groups.
    pub memory: Option<Bytes>,
    /// How many processes a worker may have, or the user while a worker starts another one where workers have no
    /// control groups.
    pub processes: Option<u64>,
    /// How large a file may become.
    pub file_size: Option<Bytes>,
    /// How many files one process may have open.
    pub open_files: Option<u64>,
}

impl SandboxConfig {
    /// Returns the first key by which workers reach more than without settings.
    pub(crate) fn loosening(&self) -> Option<&'static str> {
        let keys = [
            ("kind = \"off\"", self.kind == Some(SandboxChoice::Off)),
            ("show", !self.show.is_empty()),
            ("write", !self.write.is_empty()),
            ("sockets", !self.sockets.is_empty()),
        ];
        keys.into_iter()
            .find(|(_, is_set)| *is_set)
            .map(|(key, _)| key)
    }

    /// Returns these settings of the user with what a repository keeps workers from beside that.
    pub(crate) fn tightened_by(self, repository: Self) -> Self {
        let of_user = self
            .kind
            .filter(|kind| !matches!(kind, SandboxChoice::Auto | SandboxChoice::Off));
        let mut hide = self.hide;
        hide.extend(repository.hide);
        Self {
            kind: of_user.or(repository.kind).or(self.kind),
            hide,
            show: self.show,
            write: self.write,
            sockets: self.sockets,
            check_network: self.check_network.max(repository.check_network),
            memory: lower(self.memory, repository.memory),
            processes: lower(self.processes, repository.processes),
            file_size: lower(self.file_size, repository.file_size),
            open_files: lower(self.open_files, repository.open_files),
        }
    }

    /// Returns a path of the settings: `~/` stands for the home.
    pub(crate) fn expand(path: &Path, home: Option<&Path>) -> PathBuf {
        match (path.strip_prefix("~"), home) {
            (Ok(below), Some(home)) => home.join(below),
            _ => path.to_path_buf(),
        }
    }
}

/// Returns the lower one of two limits, of which any may be absent.
fn lower<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// A number of bytes, written `500MB`, `8GB` or `1500000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bytes(pub u64);

const UNITS: [(&str, u64); 4] = [
    ("tb", 1_000_000_000_000),
    ("gb", 1_000_000_000),
    ("mb", 1_000_000),
    ("kb", 1_000),
];

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let word = text.trim().to_ascii_lowercase();
        let unit = UNITS
            .iter()
            .find_map(|(name, size)| Some((word.strip_suffix(name)?, *size)));
        let (number, size) = unit.unwrap_or((&word, 1));
        number
            .trim()
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(size))
            .filter(|number| *number > 0)
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not a size: write it like 500MB or 8GB"))
    }
}

impl fmt::Display for Bytes {
    /// Writes the size so that [`FromStr`] reads it back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.iter().find(|(_, size)| self.0.is_multiple_of(*size));
        match unit {
            Some((name, size)) => write!(f, "{}{}", self.0 / size, name.to_ascii_uppercase()),
            None => write!(f, "{}", self.0),
        }
    }
}

as_text!(Bytes);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_and_written() {
        for (text, bytes) in [("8GB", 8_000_000_000), ("500MB", 500_000_000), ("17", 17)] {
            let read: Bytes = text.parse().unwrap();
            assert_eq!((read.0, read.to_string().as_str()), (bytes, text));
        }
        assert!("0".parse::<Bytes>().is_err());
        assert!("many".parse::<Bytes>().unwrap_err().contains("8GB"));
    }

    #[test]
    fn a_repository_only_tightens_what_the_user_says() {
        let read = |text: &str| toml::from_str::<SandboxConfig>(text).unwrap();
        let user = read(
            "kind = 'bwrap'\nhide = ['~/customers']\ncheck-network = 'off'\nmemory = '4GB'\nprocesses = 900",
        );
        let repository = read(
            "kind = 'landlock'\nhide = ['~/other']\nshow = ['~/.ssh']\ncheck-network = 'on'\nmemory = '8GB'\n\
             processes = 500\nopen-files = 64",
        );
        let both = user.tightened_by(repository.clone());
        let expected = read(
            "kind = 'bwrap'\nhide = ['~/customers', '~/other']\ncheck-network = 'off'\nmemory = '4GB'\n\
             processes = 500\nopen-files = 64",
        );
        assert_eq!(both, expected);
        let alone = SandboxConfig::default().tightened_by(repository.clone());
        assert_eq!(alone.kind, repository.kind);
        assert_eq!(alone.check_network, repository.check_network);
        assert!(alone.show.is_empty());
    }

    #[test]
    fn the_home_is_named_by_a_tilde() {
        let home = Some(Path::new("/home/ada"));
        let expanded = |path: &str| SandboxConfig::expand(Path::new(path), home);
        assert_eq!(expanded("~/.npm"), Path::new("/home/ada/.npm"));
        assert_eq!(expanded("/big"), Path::new("/big"));
    }
}
