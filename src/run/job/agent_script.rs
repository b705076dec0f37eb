//! Refuses a command whose script is missing in every worktree, before any unit has failed with exit code 127.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::config::{AgentSpec, CommandLine, Config};
use crate::git::Repo;
use crate::plan::Plan;
use crate::run::job::error::PrepareError;

/// Programs whose first argument is the file that they run.
const INTERPRETERS: [&str; 14] = [
    "sh", "bash", "zsh", "dash", "ksh", "fish", "node", "bun", "python", "python3", "ruby", "perl",
    "php", "pwsh",
];

/// Checks that the script of each command agent of the plan is in the base, which every worktree starts from.
pub(crate) fn check(
    plan: &Plan,
    config: &Config,
    repo: &Repo,
    tracked: &BTreeSet<String>,
    included: &[PathBuf],
) -> Result<(), PrepareError> {
    // A setup command may make the script.
    if config.worktrees.setup.is_some() {
        return Ok(());
    }
    for unit in &plan.units {
        let AgentSpec::Command(command) = plan.agent_of(unit).resolve()? else {
            continue;
        };
        let Some(script) = script(&command.line) else {
            continue;
        };
        let path = Path::new(&script);
        let is_brought = included.iter().any(|it| path.starts_with(it));
        if !tracked.contains(&script) && !is_brought {
            return Err(PrepareError::NoScript {
                base: plan.base_name.clone(),
                here: Some(repo.root().join(path)).filter(|path| path.exists()),
                script,
            });
        }
    }
    Ok(())
}

/// Returns the script that a command runs by a path from the root of the worktree.
fn script(command: &CommandLine) -> Option<String> {
    let (words, is_found_here) = match command {
        // The program itself is found from the folder of the user.
        CommandLine::Direct(words) => (words.clone(), true),
        CommandLine::Shell(line) => (shlex::split(line)?, false),
    };
    let first = words.first()?;
    let name = Path::new(first).file_name()?.to_str()?;
    if INTERPRETERS.contains(&name) {
        return path_in_worktree(words.get(1)?, looks_like_a_script);
    }
    if is_found_here {
        return None;
    }
    path_in_worktree(first, |word| word.contains('/'))
}

/// Returns the word as a path from the root of the worktree, if it is one.
fn path_in_worktree(word: &str, is_path: impl Fn(&str) -> bool) -> Option<String> {
    if word.starts_with(['-', '$', '~']) || word.contains(['*', '$', '=']) || !is_path(word) {
        return None;
    }
    let mut parts = Vec::new();
    for part in Path::new(word).components() {
        match part {
            Component::CurDir => {}
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::RootDir | Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/")).filter(|path| !path.is_empty())
}

fn looks_like_a_script(word: &str) -> bool {
    let has_ending = Path::new(word).extension().is_some();
    has_ending || word.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_the_file_that_an_interpreter_runs() {
        let direct = |line: &str| {
            let words = shlex::split(line).unwrap();
            script(&CommandLine::Direct(words))
        };
        for (line, found) in [
            ("bash scripts/codemod.sh", Some("scripts/codemod.sh")),
            ("/usr/bin/node ./tools/x.mjs --all", Some("tools/x.mjs")),
            ("python3 -m tools.x", None),
            ("bash -c 'scripts/codemod.sh'", None),
            ("bash /opt/codemod.sh", None),
            ("bash ../codemod.sh", None),
            ("./scripts/codemod.sh", None),
            ("sed s/a/b/ file", None),
        ] {
            assert_eq!(direct(line).as_deref(), found, "{line}");
        }
        let shell = |line: &str| script(&CommandLine::Shell(line.to_owned()));
        for (line, found) in [
            ("scripts/codemod.sh && true", Some("scripts/codemod.sh")),
            ("bash scripts/codemod.sh", Some("scripts/codemod.sh")),
            ("sed -i s/a/b/ file", None),
            ("$HOME/x.sh", None),
        ] {
            assert_eq!(shell(line).as_deref(), found, "{line}");
        }
    }
}
