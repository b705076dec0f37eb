//! `batch doctor`: whether batch can work here, and what to do where it cannot.
//!
//! Every subject is looked at by a small function that gives a [`Finding`]; showing them comes last. Looking changes
//! nothing: a place is tried with a temporary file that is gone again at once. (Beside a journal that is read, SQLite
//! may leave its own `-wal` and `-shm`, as for any other reader.)

mod forge;
mod places;
mod repository;
mod settings;
mod show;

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::codemod;
use crate::git::Repo;
use crate::process::Capture;
use crate::words;

/// `gh` answers from its own settings; longer than this it waits for something that will not come.
const GH_LIMIT: Duration = Duration::from_secs(10);

/// For whom the findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    People,
    Json,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    subject: &'static str,
    verdict: Verdict,
    /// What was found and, where it is not as it should be, what to do.
    words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    /// batch works, though not as well as it could.
    Warning,
    /// batch cannot work.
    Problem,
}

impl Finding {
    fn ok(subject: &'static str, words: impl Into<String>) -> Self {
        Self {
            subject,
            verdict: Verdict::Ok,
            words: words.into(),
        }
    }

    fn warning(subject: &'static str, words: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Warning,
            ..Self::ok(subject, words)
        }
    }

    fn problem(subject: &'static str, words: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Problem,
            ..Self::ok(subject, words)
        }
    }

    /// An error in words, with those of its causes that it does not tell itself.
    fn error(subject: &'static str, error: impl Into<anyhow::Error>) -> Self {
        Self::problem(subject, words::chain(error.into().as_ref()))
    }
}

/// What of the machine is asked besides the repository.
struct Surroundings<'a> {
    variables: &'a [(OsString, OsString)],
    /// Runs `gh` with these arguments and gives what it printed.
    gh: &'a dyn Fn(&[&str]) -> Option<String>,
}

impl Surroundings<'_> {
    fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_os_str())
    }
}

/// Looks at everything and prints it to standard output. Gives the exit code: 0, or 1 when there is a problem.
pub fn run(dir: &Path, config: Option<&Path>, form: Form) -> anyhow::Result<u8> {
    let variables: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let findings = examine(
        dir,
        config,
        &Surroundings {
            variables: &variables,
            gh: &ask_gh,
        },
    );
    let text = match form {
        Form::People => show::people(&findings),
        Form::Json => show::json(&findings)?,
    };
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read it has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        written => written?,
    }
    Ok(u8::from(show::has_problem(&findings)))
}

fn ask_gh(args: &[&str]) -> Option<String> {
    let out = Capture::new("gh").args(args).limit(GH_LIMIT).run().ok()?;
    out.status
        .success()
        .then(|| String::from_utf8_lossy(&out.stdout).into_owned())
}

fn examine(dir: &Path, config: Option<&Path>, around: &Surroundings<'_>) -> Vec<Finding> {
    let mut findings = vec![repository::program()];
    match Repo::discover(dir) {
        Ok(repo) => examine_repository(&repo, config, around, &mut findings),
        Err(error) => findings.push(Finding::error("repository", error)),
    }
    findings.push(Finding::ok(
        "codemods",
        format!(
            "structural rewrites in {} languages, regular expressions in any text",
            codemod::languages().count()
        ),
    ));
    findings
}

fn examine_repository(
    repo: &Repo,
    config: Option<&Path>,
    around: &Surroundings<'_>,
    findings: &mut Vec<Finding>,
) {
    let (config, said) = settings::read(repo, config);
    findings.extend([repository::place(repo), said]);

    let (remote, said) = repository::remote(repo, config.publish.remote.as_deref());
    findings.push(said);
    let (base, said) = repository::base(repo, config.plan.base.as_deref(), remote.as_deref());
    findings.extend([said, repository::history(repo)]);
    findings.extend(repository::uncommitted(repo));
    findings.extend([
        repository::identity(repo),
        forge::choice(repo, &config, around),
    ]);

    findings.push(settings::agent(repo, &config, around));
    if let Some(base) = base {
        findings.extend(repository::owners(repo, &base));
        findings.push(settings::checks(repo, &config, &base, around));
    }

    findings.extend([places::state(repo), places::journal(repo)]);
    findings.extend(places::worktrees(repo, &config));
}

#[cfg(test)]
mod tests;
