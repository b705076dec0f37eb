//! The facts about the machine that a finding depends on. They come in as values, so that a test can make them up.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use crate::config::Config;
use crate::process::Capture;
use crate::process::sandbox::{NoGroups, NoSandbox, SandboxLevel};

/// `gh` answers from its own settings, so a longer wait is in vain.
const GH_LIMIT: Duration = Duration::from_secs(10);

pub(super) struct Machine<'a> {
    pub(super) variables: &'a [(OsString, OsString)],
    /// Runs `gh` with these arguments and returns its output.
    pub(super) gh: &'a dyn Fn(&[&str]) -> Option<String>,
    /// Finds out what keeps workers from what is not theirs, with these settings.
    pub(super) sandbox: &'a dyn Fn(&Config) -> Result<SandboxLevel, NoSandbox>,
    /// Finds out whether the processes of a worker can be limited together.
    pub(super) groups: &'a dyn Fn() -> Result<(), NoGroups>,
}

impl Machine<'_> {
    pub(super) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_os_str())
    }
}

/// Asks the `gh` of this machine.
pub(super) fn ask_gh(args: &[&str]) -> Option<String> {
    let out = Capture::new("gh").args(args).limit(GH_LIMIT).run().ok()?;
    out.status
        .success()
        .then(|| String::from_utf8_lossy(&out.stdout).into_owned())
}
