//! Runs a check in a worktree and reads from its output which tests failed, and which files it complains about.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

use super::command::Check;
use super::failed_tests::failed_tests;
use super::output::CheckOutput;
use super::places;
use super::test_counts::test_counts;
use crate::config::CommandLine;
use crate::process::sandbox::Sandbox;
use crate::process::{
    self, Capture, Command, Environment, PersonsCheckouts, ProcessError, find_program,
};

/// Longer than Python takes to start.
const IMPORT_LIMIT: Duration = Duration::from_secs(20);

/// Has Python look for a module without loading it.
const FIND_MODULE: &str =
    "import sys, importlib.util as u; print(u.find_spec(sys.argv[1]) is not None)";

/// A place that holds nothing.
const NOWHERE: &str = "/dev/null";

/// Python's answer where it has no such module.
const NO_MODULE: &[u8] = b"False\n";

/// Why a check could not be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckError {
    #[error("the check of {origin} names no program: write the command to run")]
    Empty { origin: String },
    #[error("the check '{check}' cannot be run")]
    Process {
        check: String,
        #[source]
        source: ProcessError,
    },
}

/// Runs `check` in `worktree` until it ends, its time limit is over, or `cancel` fires. The whole output goes to `log`.
pub(crate) async fn run(
    check: &Check,
    worktree: &Path,
    (mut env, sandbox): (Environment, Sandbox),
    limit: Duration,
    log: PathBuf,
    cancel: &CancellationToken,
) -> Result<CheckOutput, CheckError> {
    // Without this some test scripts watch for changes for ever, and some tools write new snapshots into the worktree.
    if env.get("CI").is_none() {
        env.set("CI", "true");
    }
    let (program, args) = words(&check.command).ok_or_else(|| CheckError::Empty {
        origin: check.source.clone(),
    })?;
    let command = Command {
        program: program.into(),
        sandbox: sandbox.showing_named_in(&args),
        args,
        dir: check.folder(worktree),
        env,
        input: None,
        limit: Some(limit),
        idle: None,
        log,
    };
    // Some file systems store times only to the second.
    let started = SystemTime::now() - Duration::from_secs(1);
    let finished = process::run(&command, cancel)
        .await
        .map_err(|source| CheckError::Process {
            check: check.name.clone(),
            source,
        })?;
    let (mut tests, mut places, mut counts) = (BTreeSet::new(), BTreeSet::new(), None);
    // With a truncated output, tests whose names are missing would look as if they had passed.
    if !finished.truncated {
        let (check, worktree, log) = (check.clone(), worktree.to_owned(), command.log);
        let is_red = !finished.ending.is_success();
        let read = move || {
            let counts = test_counts(&check.name, &worktree, &log, started).unwrap_or_default();
            if !is_red {
                return (BTreeSet::new(), BTreeSet::new(), counts);
            }
            let tests = failed_tests(&check.name, &worktree, &log, started).unwrap_or_default();
            let places = places::places(&worktree, &check.dir, &log).unwrap_or_default();
            (tests, places, counts)
        };
        // Without names the exit code decides.
        (tests, places, counts) = tokio::task::spawn_blocking(read).await.unwrap_or_default();
    }
    Ok(CheckOutput {
        ending: finished.ending,
        tests,
        places,
        counts,
        took: finished.took,
        tail: finished.tail,
    })
}

/// Says why `check` cannot run here; `None` where its program is there.
pub(crate) fn obstacle(check: &Check, worktree: &Path, env: &Environment) -> Option<String> {
    let Some((program, _)) = words(&check.command) else {
        return Some(
            CheckError::Empty {
                origin: check.source.clone(),
            }
            .to_string(),
        );
    };
    let dir = check.folder(worktree);
    if find_program(program, &dir, env.get("PATH")).is_some() {
        return None;
    }
    let (name, source) = (&check.name, &check.source);
    Some(if program.contains('/') {
        format!(
            "'{name}' (found by {source}) is not run: '{program}' is not an executable file in {}",
            dir.display()
        )
    } else {
        format!(
            "'{name}' (found by {source}) is not run: '{program}' is not on PATH; install it, or name another check"
        )
    })
}

/// Says which module of Python the check needs and Python does not find. Nothing of the repository runs for that: the
/// Python of PATH is asked in the root folder, and only for the place of the module.
pub(crate) fn missing_module(check: &Check, worktree: &Path, env: &Environment) -> Option<String> {
    let (program, args) = words(&check.command)?;
    let ["-m", module, ..] = args
        .iter()
        .map(|arg| arg.to_str())
        .collect::<Option<Vec<_>>>()?[..]
    else {
        return None;
    };
    let dir = check.folder(worktree);
    // Python also looks into the folder where it is started.
    if dir.join(module).exists() || dir.join(format!("{module}.py")).exists() {
        return None;
    }
    let mut env = env.clone();
    let python = find_program(program, Path::new("/"), env.get("PATH"))?;
    let is_theirs = |path: &Path| path.starts_with(worktree);
    if is_theirs(&python) || python.canonicalize().map_or(true, |real| is_theirs(&real)) {
        return None;
    }
    // Python runs files of certain names that it finds on its path.
    env.relocate(&PersonsCheckouts::new([worktree]), NOWHERE.as_ref(), |_| {
        false
    });
    let asked = Capture::new(python)
        .args(["-c", FIND_MODULE, module])
        .dir(Path::new("/"))
        .environment(env)
        .limit(IMPORT_LIMIT)
        .run()
        .ok()?;
    if asked.stdout != NO_MODULE {
        return None;
    }
    let (name, source) = (&check.name, &check.source);
    Some(format!(
        "'{name}' (found by {source}) is not run: {program} has no module {module}; install it, have [worktrees] setup \
         install it, or name another check"
    ))
}

fn words(command: &CommandLine) -> Option<(&str, Vec<OsString>)> {
    match command {
        CommandLine::Direct(words) => {
            let (program, args) = words.split_first()?;
            Some((program, args.iter().map(OsString::from).collect()))
        }
        CommandLine::Shell(line) => Some(("sh", vec!["-c".into(), line.into()])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Ending;

    type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

    fn environment() -> Environment {
        let kept = ["PATH", "HOME"];
        let parent = kept
            .iter()
            .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
        Environment::for_worker(parent, &[])
    }

    async fn outcome(check: &Check, limit: Duration) -> Result<CheckOutput> {
        let dir = tempfile::tempdir()?;
        std::fs::create_dir(dir.path().join("sub"))?;
        Ok(run(
            check,
            dir.path(),
            (environment(), Sandbox::off()),
            limit,
            dir.path().join("log"),
            &CancellationToken::new(),
        )
        .await?)
    }

    const AMPLE: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn exit_code_zero_passes_and_any_other_fails() -> Result {
        let passed = outcome(&Check::given("true", "--check"), AMPLE).await?;
        assert_eq!(passed.failure(), None);
        let failed = outcome(&Check::given("echo oh no; exit 3", "--check"), AMPLE).await?;
        assert_eq!(failed.ending, Ending::Exit(3));
        assert_eq!(failed.tail.trim_end(), "oh no");
        Ok(())
    }

    #[tokio::test]
    async fn failed_tests_are_named_where_the_runner_names_them() -> Result {
        let check = Check::given("echo 'not ok 1 - adds'; exit 1", "--check");
        let failed = outcome(&check, AMPLE).await?;
        assert_eq!(failed.tests.into_iter().collect::<Vec<_>>(), ["adds"]);
        Ok(())
    }

    #[tokio::test]
    async fn a_check_that_never_ends_fails_at_its_limit() -> Result {
        let limit = Duration::from_millis(50);
        let outcome = outcome(&Check::given("exec tail -f /dev/null", "--check"), limit).await?;
        assert_eq!(outcome.ending, Ending::TimedOut(limit));
        Ok(())
    }

    #[tokio::test]
    async fn a_found_check_runs_in_its_own_folder_with_ci_set() -> Result {
        let check = Check::found(
            ["sh", "-c", "echo $CI; basename \"$PWD\""],
            "sub",
            "a test".to_owned(),
        );
        assert_eq!(outcome(&check, AMPLE).await?.tail.trim_end(), "true\nsub");
        Ok(())
    }

    #[tokio::test]
    async fn a_missing_program_is_an_error() {
        let check = Check::found(["no-such-program"], "", "a test".to_owned());
        let error = outcome(&check, AMPLE).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the check 'no-such-program' cannot be run"
        );
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        assert!(cause.contains("no such program on PATH"), "{cause}");
    }

    #[test]
    fn a_missing_program_is_an_obstacle() {
        let obstacle = |check: &Check| super::obstacle(check, Path::new("/"), &environment());
        assert_eq!(obstacle(&Check::given("no-such-program", "--check")), None);
        let pytest = Check::found(["no-python", "-m", "pytest"], "", "pytest.ini".to_owned());
        assert_eq!(
            obstacle(&pytest).as_deref(),
            Some(
                "'no-python -m pytest' (found by pytest.ini) is not run: 'no-python' is not on PATH; install it, or \
                 name another check"
            )
        );
        let wrapper = Check::found(["./mvnw", "test"], "", "pom.xml".to_owned());
        assert_eq!(
            obstacle(&wrapper).as_deref(),
            Some(
                "'./mvnw test' (found by pom.xml) is not run: './mvnw' is not an executable file in /"
            )
        );
    }
}
