//! Why a check verified nothing: a check that fails with the change and without it, and names neither a test nor a
//! file, would have failed whatever the change is.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::command::Check;
use crate::process::{Ending, FORGE_TOKENS};
use crate::words;

/// The exit codes with which a shell says that a command is no program, or is not there.
const NO_PROGRAM: [i32; 2] = [126, 127];

/// What programs print when something that they need is not there.
static MISSING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"No module named|Cannot find (?:module|package)|Missing script|No such file or directory|",
        r"command not found|: not found|No rule to make target|could not find `?Cargo\.toml|",
        r"no such command|is not recognized as",
    ))
    .ok()
});

/// What programs print when they do not reach the network.
static NO_NETWORK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|Could not resolve host|",
        r"name resolution|Network is unreachable|failed to lookup address",
    ))
    .ok()
});

/// Why a check verified nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum NoProof {
    /// It fails with the change and without it; nothing more is known.
    FailsAlways,
    /// Its program cannot be started; the line is what the shell says.
    CannotStart { line: String },
    /// It lacks something; the line is what it says.
    Missing { line: String },
    /// It does not reach the network; the line is what it says.
    NoNetwork { line: String },
    /// It asks for variables that workers do not get.
    Withheld { variables: Vec<String> },
}

impl NoProof {
    /// Finds the reason in what a check printed last. `withheld` lists the variables that workers do not get.
    pub(crate) fn find(check: &Check, ending: Ending, tail: &str, withheld: &[String]) -> Self {
        let variables: Vec<String> = withheld
            .iter()
            .filter(|name| names(&check.name, name) || names(tail, name))
            .cloned()
            .collect();
        if !variables.is_empty() {
            return Self::Withheld { variables };
        }
        let line = |form: &LazyLock<Option<Regex>>| {
            let form = form.as_ref()?;
            let line = tail.lines().rev().find(|line| form.is_match(line))?;
            Some(words::line(line))
        };
        if matches!(ending, Ending::Exit(code) if NO_PROGRAM.contains(&code)) {
            let last = tail.lines().rev().find(|line| !line.trim().is_empty());
            let line = line(&MISSING).unwrap_or_else(|| words::line(last.unwrap_or_default()));
            return Self::CannotStart { line };
        }
        if let Some(line) = line(&NO_NETWORK) {
            return Self::NoNetwork { line };
        }
        match line(&MISSING) {
            Some(line) => Self::Missing { line },
            None => Self::FailsAlways,
        }
    }

    /// Says the reason, and what helps, in a part of a sentence.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::FailsAlways => {
                "it fails without the change as well, and names neither a test nor a file"
                    .to_owned()
            }
            Self::CannotStart { line } => format!("its program cannot be started ({line})"),
            Self::Missing { line } => format!("it lacks something ({line})"),
            Self::NoNetwork { line } => format!("it does not reach the network ({line})"),
            Self::Withheld { variables } => {
                let is_token = |name: &&String| FORGE_TOKENS.contains(&name.as_str());
                let names = words::few(variables.iter(), variables.len());
                if variables.iter().all(|name| is_token(&name)) {
                    format!("it asks for {names}, which no worker gets")
                } else {
                    format!(
                        "it asks for {names}, which workers do not get; [environment] pass in batch.toml passes \
                         variables on"
                    )
                }
            }
        }
    }
}

/// Checks whether the text names the variable as a whole word.
fn names(text: &str, variable: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(variable).any(|(at, found)| {
        !text[..at].ends_with(is_part) && !text[at + found.len()..].starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(check: &str, code: i32, tail: &str) -> String {
        let withheld = ["NPM_TOKEN".to_owned(), "GITHUB_TOKEN".to_owned()];
        let check = Check::given(check, "--check");
        NoProof::find(&check, Ending::Exit(code), tail, &withheld).words()
    }

    #[test]
    fn the_reason_is_found_in_the_output() {
        let found = [
            find("nope", 127, "sh: 1: nope: not found\n"),
            find(
                "npm test",
                1,
                "npm error Missing script: \"test\"\nnpm error\n",
            ),
            find(
                "pytest",
                1,
                "ModuleNotFoundError: No module named 'requests'",
            ),
            find(
                "npm ci",
                1,
                "npm error getaddrinfo ENOTFOUND registry.example",
            ),
            find(": ${NPM_TOKEN:?not set}", 2, "sh: NPM_TOKEN: not set"),
            find("x", 1, "GITHUB_TOKEN is not set"),
            find("x", 1, "MY_NPM_TOKEN is not set"),
        ];
        insta::assert_snapshot!(found.join("\n"), @r#"
        its program cannot be started (sh: 1: nope: not found)
        it lacks something (npm error Missing script: "test")
        it lacks something (ModuleNotFoundError: No module named 'requests')
        it does not reach the network (npm error getaddrinfo ENOTFOUND registry.example)
        it asks for NPM_TOKEN, which workers do not get; [environment] pass in batch.toml passes variables on
        it asks for GITHUB_TOKEN, which no worker gets
        it fails without the change as well, and names neither a test nor a file
        "#);
    }
}
