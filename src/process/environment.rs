//! Chooses the variables of this process's environment that a worker may see. Workers must not be able to push, and
//! code that a model wrote must find no secret, so workers get what a list of settings names ([`worker_variables`]),
//! and none of these where it looks like a secret.
//!
//! The rule, on names in any case: a name passes that the list has, unless it is that of a secret, its value is an
//! address with a password, it begins with one of [`WITHHELD_PREFIXES`] or is one of [`WITHHELD_NAMES`]; `pass` lets
//! exact names through; [`FORGE_TOKENS`] never pass. Which names were held back is known, and their secrets are masked
//! in whatever a worker prints.
//!
//! [`worker_variables`]: super::worker_variables
//!
//! A worker has a place of its own, so it also gets no variable in which a shell or a task runner says where, or in
//! which package, the parent process was started ([`PLACE_NAMES`] and [`PLACE_PREFIXES`]), and none that names a folder
//! for the builds of all checkouts ([`BUILD_FOLDERS`]). The module `relocation`
//! moves the paths in all other variables.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use secrecy::SecretString;

use super::worker_variables::{holds_a_secret, is_listed, is_name_of_secret, secrets_in};
use crate::words::Redactor;

/// What a variable takes beside its name and value: an equals sign, a NUL byte and a pointer, rounded up.
const ENTRY: usize = 16;

const WITHHELD_PREFIXES: [&str; 6] = [
    "GITHUB_",
    "GH_",
    "VSCODE_GIT_",
    "GIT_CONFIG",
    "GIT_ALTERNATE",
    "GIT_OBJECT",
];

/// Variables that lead to a credential, or that point git at another repository than the worktree
/// (`git rev-parse --local-env-vars`).
const WITHHELD_NAMES: [&str; 19] = [
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "GIT_ASKPASS",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_LITERAL_PATHSPECS",
    "GIT_ATTR_SOURCE",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
];

/// Variables that say where or in what the parent process was started. Tools believe them rather than their own
/// folder. A user's homes and settings of the same tools (`CARGO_HOME`, `GOPATH`, `npm_config_registry`) are kept.
const PLACE_NAMES: [&str; 23] = [
    "PWD",
    "OLDPWD",
    "CDPATH",
    "_",
    "INIT_CWD",
    "PROJECT_CWD",
    "VSCODE_CWD",
    "PNPM_SCRIPT_SRC_DIR",
    "PNPM_PACKAGE_NAME",
    "NPM_COMMAND",
    "NPM_EXECPATH",
    "NPM_NODE_EXECPATH",
    "NPM_CONFIG_LOCAL_PREFIX",
    "NPM_CONFIG_WORKSPACE",
    "NPM_CONFIG_WORKSPACES",
    "NPM_CONFIG_INCLUDE_WORKSPACE_ROOT",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_CRATE_NAME",
    "CARGO_BIN_NAME",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_MAKEFLAGS",
    "CARGO_RUSTC_CURRENT_DIR",
];

/// The same, by the beginnings of their names. direnv, mise and devbox keep earlier values of all variables in theirs,
/// secrets included.
const PLACE_PREFIXES: [&str; 10] = [
    "NPM_PACKAGE_",
    "NPM_LIFECYCLE_",
    "CARGO_PKG_",
    "CARGO_BIN_EXE_",
    "CARGO_FEATURE_",
    "CARGO_CFG_",
    "DIRENV_",
    "__MISE_",
    "__DEVBOX_",
    "BUNDLER_ORIG_",
];

/// Variables that name one folder for the builds of all checkouts. Cargo takes what another unit built there for the
/// unit's own, because it compares times and relative paths.
const BUILD_FOLDERS: [&str; 3] = [
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_BUILD_BUILD_DIR",
];

/// Variables that a running tool sets for its commands, with the variable that says that it runs: outside of the tool,
/// a user sets some of them, too.
const RUNNING: [(&str, &[&str]); 2] = [
    // They name pipes that workers do not have.
    (
        "MAKELEVEL",
        &[
            "MAKELEVEL",
            "MAKEFLAGS",
            "MFLAGS",
            "MAKEOVERRIDES",
            "MAKE_TERMOUT",
            "MAKE_TERMERR",
        ],
    ),
    ("CARGO_MANIFEST_DIR", &["OUT_DIR"]),
];

/// The variables that hold tokens of a forge.
pub(crate) const FORGE_TOKENS: [&str; 4] = [
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
];

/// Variables that every worker gets: git neither asks nor looks for a password, `gh` finds no login, and a program can
/// see that batch runs it.
const ADDED: [(&str, &str); 6] = [
    ("BATCH", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GH_CONFIG_DIR", "/dev/null"),
    // An empty helper, read last, clears the list of the helpers configured before it.
    ("GIT_CONFIG_COUNT", "1"),
    ("GIT_CONFIG_KEY_0", "credential.helper"),
    ("GIT_CONFIG_VALUE_0", ""),
];

/// The whole environment of a child, which inherits no other variable.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    /// The names of the parent's variables that the worker does not get.
    withheld: Vec<String>,
    /// The secrets that this process knows.
    secrets: Vec<SecretString>,
    redactor: Redactor,
}

impl Environment {
    /// Returns the variables of the parent process that a worker may see; `pass` names exceptions.
    pub fn for_worker(parent: impl Iterator<Item = (OsString, OsString)>, pass: &[String]) -> Self {
        let parent: Vec<_> = parent.collect();
        let running: Vec<&str> = RUNNING
            .iter()
            .filter(|(sign, _)| parent.iter().any(|(name, _)| name == sign))
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        let text = |text: &OsStr| text.to_string_lossy().into_owned();
        let withheld = parent
            .iter()
            .filter(|(name, value)| !may_pass(&text(name), &text(value), pass))
            .map(|(name, _)| text(name))
            .filter(|name| !is_of_a_place(&name.to_ascii_uppercase()))
            .collect();
        let secrets: Vec<SecretString> = parent
            .iter()
            .flat_map(|(name, value)| secrets_in(&text(name).to_ascii_uppercase(), &text(value)))
            .collect();
        let kept = parent.into_iter().filter(|(name, value)| {
            let (name, value) = (text(name), text(value));
            may_pass(&name, &value, pass) && !running.contains(&&*name)
        });
        let added = ADDED
            .iter()
            .map(|&(name, value)| (OsString::from(name), OsString::from(value)));
        Self {
            variables: kept.chain(added).collect(),
            withheld,
            redactor: Redactor::knowing(secrets.iter().cloned()),
            secrets,
        }
    }

    /// Lets the redactor know further secrets: what has the form of one in these texts.
    pub fn mask_secrets_in<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) {
        let found = texts.into_iter().flat_map(|text| secrets_in("", text));
        self.secrets.extend(found);
        self.redactor = Redactor::knowing(self.secrets.iter().cloned());
    }

    /// Returns what masks the secrets that this process knows.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Overrides a setting of git with an empty value, which clears a list, whatever the configuration files say.
    pub fn empty_git_setting(&mut self, key: &str) {
        let number = self
            .get("GIT_CONFIG_COUNT")
            .and_then(|count| count.to_str()?.parse().ok())
            .unwrap_or(0_u32);
        self.set(format!("GIT_CONFIG_KEY_{number}"), key);
        self.set(format!("GIT_CONFIG_VALUE_{number}"), "");
        self.set("GIT_CONFIG_COUNT", (number + 1).to_string());
    }

    /// Adds or replaces one variable.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.variables.insert(name.into(), value.into());
    }

    /// Removes one variable.
    pub(crate) fn remove(&mut self, name: &OsStr) {
        self.variables.remove(name);
    }

    pub fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        self.variables.get(name.as_ref()).map(OsString::as_os_str)
    }

    /// Returns the names of the parent's variables that the worker does not get. What the worker has its own value of
    /// is not among them.
    pub fn withheld(&self) -> &[String] {
        &self.withheld
    }

    /// Returns how many bytes the variables take of what the system allows for one start of a program (execve(2)).
    pub fn size(&self) -> usize {
        let sizes = self
            .iter()
            .map(|(name, value)| name.len() + value.len() + ENTRY);
        sizes.sum()
    }

    /// Iterates over all variables, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

fn may_pass(name: &str, value: &str, pass: &[String]) -> bool {
    let upper = name.to_ascii_uppercase();
    if FORGE_TOKENS.contains(&upper.as_str()) {
        return false;
    }
    let is_withheld = || {
        WITHHELD_PREFIXES
            .iter()
            .any(|prefix| upper.starts_with(prefix))
            || WITHHELD_NAMES.contains(&upper.as_str())
            || is_of_a_place(&upper)
    };
    pass.iter().any(|passed| passed == name)
        || is_listed(&upper)
            && !is_name_of_secret(&upper)
            && !is_withheld()
            && !holds_a_secret(value)
}

/// Checks whether the variable says where the parent process was started, or names a folder for the builds of all
/// checkouts.
fn is_of_a_place(upper: &str) -> bool {
    PLACE_PREFIXES
        .iter()
        .any(|prefix| upper.starts_with(prefix))
        || PLACE_NAMES.contains(&upper)
        || BUILD_FOLDERS.contains(&upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(names: &[&str], pass: &[&str]) -> Environment {
        let parent = names
            .iter()
            .map(|name| (OsString::from(name), OsString::from("parent's")));
        let pass: Vec<String> = pass.iter().map(ToString::to_string).collect();
        Environment::for_worker(parent, &pass)
    }

    #[test]
    fn secrets_and_redirections_are_withheld() {
        for name in [
            "NPM_TOKEN",
            "npm_config_authtoken",
            "CLIENT_SECRET",
            "PGPASSWORD",
            "DB_PASSWD",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "ANTHROPIC_API_KEY",
            "AWS_ACCESS_KEY_ID",
            "DEPLOY_PRIVATE_KEY",
            "SSH_AUTH_SOCK",
            "SSH_ASKPASS",
            "GIT_ASKPASS",
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_INDEX_FILE",
            "GIT_CONFIG_GLOBAL",
            "GIT_CONFIG_PARAMETERS",
            "GIT_OBJECT_DIRECTORY",
            "GIT_ALTERNATE_OBJECT_DIRECTORIES",
            "GIT_COMMON_DIR",
            "GIT_NAMESPACE",
            "GITHUB_ACTOR",
            "GH_HOST",
            "GIT_SSH_COMMAND",
            "VSCODE_GIT_IPC_HANDLE",
            "OPENAI_APIKEY",
            "SSHPASS",
            "DATABASE_URL",
            "STRIPE_KEY",
            "MYSQL_PWD",
            "GITLAB_PAT",
            "CI_JOB_JWT",
            "npm_config__auth",
            "SENTRY_DSN",
            "DOCKER_AUTH_CONFIG",
            "SOME_NAME_OF_A_COMPANY",
        ] {
            assert_eq!(worker(&[name], &[]).get(name), None, "{name}");
        }
    }

    #[test]
    fn what_names_the_parents_place_is_withheld() {
        for name in [
            "PWD",
            "OLDPWD",
            "INIT_CWD",
            "PROJECT_CWD",
            "npm_package_json",
            "npm_lifecycle_event",
            "npm_config_local_prefix",
            "CARGO_MANIFEST_DIR",
            "CARGO_PKG_NAME",
            "CARGO_TARGET_DIR",
            "DIRENV_DIFF",
            "__MISE_DIFF",
            "GIT_QUARANTINE_PATH",
        ] {
            assert_eq!(worker(&[name], &[]).get(name), None, "{name}");
        }
    }

    #[test]
    fn what_a_running_tool_sets_is_withheld_only_while_it_runs() {
        for (name, sign) in [
            ("MAKEFLAGS", "MAKELEVEL"),
            ("OUT_DIR", "CARGO_MANIFEST_DIR"),
        ] {
            assert_eq!(worker(&[name, sign], &[]).get(name), None, "{name}");
            assert!(worker(&[name], &[]).get(name).is_some(), "{name}");
        }
    }

    #[test]
    fn an_address_with_a_password_is_withheld_and_masked() {
        let proxy = |address: &str| {
            let parent = [("HTTPS_PROXY".into(), address.into())];
            Environment::for_worker(parent.into_iter(), &[])
        };
        assert!(proxy("http://proxy:3128").get("HTTPS_PROXY").is_some());
        let held = proxy("http://me:hunter-2-x@proxy:3128");
        assert_eq!(held.get("HTTPS_PROXY"), None);
        assert_eq!(held.withheld(), ["HTTPS_PROXY"]);
        assert_eq!(held.redactor().text("hunter-2-x"), "***");
    }

    #[test]
    fn values_are_masked_and_are_not_in_debug_output() {
        let parent = [("DEPLOY_TOKEN".into(), "some-value-1".into())];
        let mut held = Environment::for_worker(parent.into_iter(), &[]);
        held.mask_secrets_in(["https://me:other-value-2@host/a.git"]);
        assert_eq!(
            held.redactor().text("some-value-1 other-value-2"),
            "*** ***"
        );
        assert!(!format!("{held:?}").contains("-value-"), "{held:?}");
    }

    #[test]
    fn ordinary_variables_are_kept() {
        for name in [
            "PATH",
            "HOME",
            "LANG",
            "GIT_AUTHOR_NAME",
            "CI",
            "CARGO_HOME",
            "RUSTUP_TOOLCHAIN",
            "GOPATH",
            "npm_config_registry",
            "GIT_CEILING_DIRECTORIES",
            "VIRTUAL_ENV",
            "PYTHONPATH",
        ] {
            assert!(worker(&[name], &[]).get(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_passed_name_is_kept_unless_it_is_a_token_of_the_forge() {
        let kept = worker(
            &["ANTHROPIC_API_KEY", "OTHER_API_KEY"],
            &["ANTHROPIC_API_KEY"],
        );
        assert!(kept.get("ANTHROPIC_API_KEY").is_some());
        assert_eq!(kept.get("OTHER_API_KEY"), None);
        for token in FORGE_TOKENS {
            assert_eq!(worker(&[token], &[token]).get(token), None, "{token}");
        }
    }

    #[test]
    fn git_cannot_ask_and_has_no_credential_helper() {
        let environment = worker(&["GIT_CONFIG_COUNT"], &["GIT_CONFIG_COUNT"]);
        for (name, value) in ADDED {
            assert_eq!(environment.get(name), Some(OsStr::new(value)), "{name}");
        }
    }
}
