//! Which of the user's variables every worker sees, as data ([`worker_variables.txt`](./worker_variables.txt)), and
//! which variables look like secrets.

use std::sync::LazyLock;

use secrecy::SecretString;

use crate::words::find_secrets;

const DATA: &str = include_str!("worker_variables.txt");

/// A name that contains one of these, in any case, is that of a secret.
const SECRET_PARTS: [&str; 13] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "CREDENTIAL",
    "PASSPHRASE",
    "SSHPASS",
    "API_KEY",
    "APIKEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "_AUTH_",
    "JWT",
];

/// A name that ends like one of these, in any case, is that of a secret.
const SECRET_ENDS: [&str; 7] = ["_KEY", "_PASS", "_PWD", "_PAT", "_DSN", "_CERT", "_AUTH"];

/// Names that look like those of secrets, and are those of settings.
const SETTINGS: [&str; 4] = [
    "MAX_THINKING_TOKENS",
    "MAX_MCP_OUTPUT_TOKENS",
    "CLAUDE_CODE_MAX_OUTPUT_TOKENS",
    "PIP_CERT",
];

/// The names of the list, in upper case; a name that ends with a star stands for all that begin like it.
static LISTED: LazyLock<(Vec<String>, Vec<String>)> = LazyLock::new(|| {
    let lines = DATA.lines().map(str::trim);
    let names = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let upper = names.map(str::to_ascii_uppercase);
    let (beginnings, names): (Vec<_>, Vec<_>) = upper.partition(|name| name.ends_with('*'));
    let beginnings = beginnings
        .iter()
        .map(|name| name.trim_end_matches('*').to_owned());
    (names, beginnings.collect())
});

/// Checks whether the list has this name; `upper` is in upper case.
pub(super) fn is_listed(upper: &str) -> bool {
    let (names, beginnings) = &*LISTED;
    names.iter().any(|name| name == upper)
        || beginnings
            .iter()
            .any(|begin| upper.starts_with(begin.as_str()))
}

/// Checks whether the name says that the variable holds a secret; `upper` is in upper case.
pub(super) fn is_name_of_secret(upper: &str) -> bool {
    !SETTINGS.contains(&upper)
        && (SECRET_PARTS.iter().any(|part| upper.contains(part))
            || SECRET_ENDS.iter().any(|end| upper.ends_with(end)))
}

/// Returns the secrets in a variable: the whole value where its name says so, and what has the form of a secret.
pub(super) fn secrets_in(upper: &str, value: &str) -> Vec<SecretString> {
    let mut secrets: Vec<SecretString> = find_secrets(value.as_bytes())
        .into_iter()
        .filter_map(|found| value.get(found.range).map(SecretString::from))
        .collect();
    if is_name_of_secret(upper) {
        secrets.push(SecretString::from(value));
    }
    secrets
}

/// Checks whether a value has the form of a secret, such as an address with a password.
pub(super) fn holds_a_secret(value: &str) -> bool {
    !find_secrets(value.as_bytes()).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_settings_and_no_secrets() {
        let (names, beginnings) = &*LISTED;
        assert!(names.len() > 100 && beginnings.len() > 50);
        for name in names {
            assert!(!is_name_of_secret(name), "{name}");
        }
        // A short beginning would let in more than one tool's variables.
        for begin in beginnings {
            assert!(begin.len() >= 2, "{begin}");
        }
    }
}
