//! Shows a command line without the secrets in it: values of variables and options that hold secrets by their names.
//!
//! Knows nothing of what the programs are.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::redactor::{MASK, Redactor};

/// Names of variables and options whose values are secrets.
const SECRET: &str = "(?:passw(?:or)?d|passphrase|secret|token|credentials?|api[_-]?key|access[_-]?key|\
    private[_-]?key|auth|_pat|_pwd|_jwt)";

/// `NAME=value` before a program, `--name=value`, `--name value`, and `-u user:password`.
static SECRETS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let value = r#"(?:"[^"]*"|'[^']*'|[^\s"';|&()`]+)"#;
    let name = format!(r"[A-Za-z0-9_-]*{SECRET}[A-Za-z0-9_-]*");
    Regex::new(&format!(
        r"(?i)(?P<head>\b{name}=|--{name}[= ]|(?:^|\s)(?:-u|--user)[= ]?[^\s:'\x22]+:){value}"
    ))
    .ok()
});

/// Returns the command line with `***` in the place of each secret: `API_TOKEN=x npm test` becomes
/// `API_TOKEN=*** npm test`.
#[must_use]
pub fn command_line(line: &str) -> String {
    let masked = SECRETS.as_ref().map(|secrets| {
        secrets.replace_all(line, |found: &Captures<'_>| {
            let all = &found[0];
            let head = &found["head"];
            let value = &all[head.len()..];
            // What the shell fills in is no secret, and another option is no value.
            if value.trim_start_matches(['"', '\'']).starts_with('$') || value.starts_with('-') {
                return all.to_owned();
            }
            format!("{head}{MASK}")
        })
    });
    Redactor::default().text(masked.as_deref().unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_masked_and_programs_are_shown() {
        for (line, shown) in [
            ("API_TOKEN=x npm test", "API_TOKEN=*** npm test"),
            (
                "env DB_PASSWORD='a b' CI=1 make",
                "env DB_PASSWORD=*** CI=1 make",
            ),
            (
                "curl --token abc -u me:pw https://h/",
                "curl --token *** -u me:*** https://h/",
            ),
            (
                "tool --api-key=abc --verbose",
                "tool --api-key=*** --verbose",
            ),
            ("psql postgres://u:pass@h/d", "psql postgres://u:***@h/d"),
            ("npm test", "npm test"),
            (
                "node --test auth/token.test.js",
                "node --test auth/token.test.js",
            ),
            (
                "tool --token $TOKEN --auth --fast",
                "tool --token $TOKEN --auth --fast",
            ),
            ("TOKEN=\"$(cat f)\" run", "TOKEN=\"$(cat f)\" run"),
            (
                ": \"${NPM_AUTH_TOKEN:?not set}\"",
                ": \"${NPM_AUTH_TOKEN:?not set}\"",
            ),
        ] {
            assert_eq!(command_line(line), shown);
            assert_eq!(command_line(shown), shown);
        }
    }
}
