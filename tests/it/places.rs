//! Workers work in their own checkout: nothing in their environment leads to the user's, and a worker that goes there
//! all the same is noticed.

use crate::support::{Repo, SIGN};

/// What the one unit's agent printed.
fn agent_log(repo: &Repo) -> String {
    let logs = repo.state_files("agent.log");
    assert_eq!(logs.len(), 1, "{logs:?}");
    std::fs::read_to_string(&logs[0]).expect("the log")
}

/// An agent that edits the user's checkout, whatever its own folder is.
fn astray(repo: &Repo, edit: &str) -> String {
    format!("cd '{}'\n{edit}", repo.dir().display())
}

#[test]
fn no_variable_leads_a_worker_to_the_users_checkout() {
    let repo = Repo::with_packages(1)
        .file("lib/a.py", "")
        .commit("More")
        .file(".git/info/exclude", "/.venv\n")
        .file(".venv/bin/tool", "");
    repo.git(["push", "--quiet"]);
    let here = repo.dir().to_str().expect("a path").to_owned();
    let path = std::env::var("PATH").expect("a path");
    let path = format!("{here}/.venv/bin:{path}");
    let value = |below: &str| format!("{here}{below}");
    let (venv, python) = (value("/.venv"), format!("{here}/lib:/opt/lib"));
    let env = [
        ("PWD", here.as_str()),
        ("OLDPWD", here.as_str()),
        ("INIT_CWD", here.as_str()),
        ("npm_package_json", here.as_str()),
        ("CARGO_MANIFEST_DIR", here.as_str()),
        ("VIRTUAL_ENV", venv.as_str()),
        ("PYTHONPATH", python.as_str()),
        ("PATH", path.as_str()),
        ("GOPATH", "/opt/go"),
    ];
    let args = [
        "migrate",
        "packages/",
        "sign",
        "--yes",
        "--no-checks",
        "--agent-cmd",
        "env",
    ];
    let output = repo.batch_with(args, &env).exits(0);
    output.says("these variables lead into your checkout: PATH, PYTHONPATH, VIRTUAL_ENV;");

    let log = agent_log(&repo);
    let seen = |name: &str| {
        let mut lines = log.lines();
        lines.find_map(|line| {
            line.strip_prefix(name)?
                .strip_prefix('=')
                .map(str::to_owned)
        })
    };
    let unit = seen("PWD").expect("the folder");
    assert!(unit.starts_with(&format!("{here}.batch/")), "{unit}");
    for name in [
        "OLDPWD",
        "INIT_CWD",
        "npm_package_json",
        "CARGO_MANIFEST_DIR",
        "VIRTUAL_ENV",
    ] {
        assert_eq!(seen(name), None, "{name}");
    }
    assert_eq!(seen("PYTHONPATH"), Some(format!("{unit}/lib:/opt/lib")));
    assert_eq!(seen("GOPATH").as_deref(), Some("/opt/go"));
    // Only the tags of a unit's processes name the repository.
    let tag = format!("BATCH_REPOSITORY={here}/.git");
    for line in log.lines().filter(|line| *line != tag) {
        let leads = line.contains(&format!("{here}/")) || line.ends_with(&here);
        assert!(
            !leads || line.contains("/.git/batch/") || line.starts_with("GIT_CONFIG"),
            "{line}"
        );
    }
}

#[test]
fn a_check_runs_in_the_folder_that_its_environment_names() {
    let repo = Repo::with_packages(1);
    let here = repo.dir().to_str().expect("a path").to_owned();
    let check =
        r#"test "$(env -i PWD="$PWD" sh -c 'echo $PWD')" = "$(pwd -P)" && test -z "${OLDPWD-}""#;
    let args = repo.migration(SIGN, &["--check", check]);
    let env = [("PWD", here.as_str()), ("OLDPWD", "/")];
    let _ = repo.batch_with(args, &env).exits(0);
}

#[test]
fn git_of_a_worker_finds_no_repository_above_its_checkout() {
    let repo = Repo::with_packages(1);
    repo.git(["init", "--quiet", repo.root().to_str().expect("a path")]);
    let agent = format!("{SIGN}\ncd \"$TMPDIR\"\n! git rev-parse --show-toplevel");
    let _ = repo.migrate_by(&agent, &[]).exits(0);
}

#[test]
fn an_agent_that_works_in_the_users_checkout_fails_and_stops_the_run() {
    let repo = Repo::with_packages(3);
    let agent = astray(
        &repo,
        "xargs -0 sh -c 'for file; do echo new >>\"$file\"; done' sh <\"$BATCH_FILES\"",
    );
    let output = repo
        .migrate_by(&agent, &["--units", "3", "-j", "1"])
        .exits(1);
    output
        .says("0 of 3 units published, 1 failed, 2 skipped (an agent strayed)")
        .says("the agent changed nothing in its own worktree, but files of this unit changed in your own checkout")
        .says("packages/p0/index.js")
        .says("skipped, because an agent may work in your own checkout (unit 01-packages-p0-index-js): 02-");
    assert_eq!(repo.pushed(), Vec::<String>::new());
    let report = repo.report();
    assert_eq!(report["units"][1]["outcome"], "left-out");
    assert_eq!(report["user_files_changed"][0], "packages/p0/index.js");
}

#[test]
fn other_changes_in_the_users_checkout_are_told_at_the_end() {
    let repo = Repo::with_packages(1);
    let agent = format!("{SIGN}\n{}", astray(&repo, "echo more >>README.md"));
    let output = repo.migrate_by(&agent, &[]).exits(0);
    output
        .says("1 of 1 unit published")
        .says("while the run went, files changed in your own checkout: README.md; if you did not change them");
}

#[test]
fn what_git_itself_changes_in_the_users_checkout_accuses_nobody() {
    let repo = Repo::with_packages(1);
    repo.git(["checkout", "--quiet", "-b", "other"]);
    repo.write("packages/p0/index.js", "other\n");
    repo.git(["commit", "--quiet", "--all", "--message", "Other"]);
    repo.git(["checkout", "--quiet", "main"]);
    let agent = astray(&repo, "git checkout --quiet other");
    let output = repo.migrate_by(&agent, &[]).exits(0);
    output.says("0 of 1 unit published, 1 without change");
    assert!(!output.said().contains("your own checkout"), "{output:?}");
}
