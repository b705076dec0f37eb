//! Workers work in their own checkout: nothing in their environment leads to the user's, and a worker that goes there
//! all the same is noticed.

use insta::assert_snapshot;

use crate::support::{Repo, SIGN};

/// What the one unit's agent printed.
fn agent_log(repo: &Repo) -> String {
    let logs = repo.state_files("agent.log");
    assert_eq!(logs.len(), 1, "{logs:?}");
    std::fs::read_to_string(&logs[0]).expect("the log")
}

/// Works in the user's checkout, whatever its own folder is.
const STRAYS: &str = r#"
cd "$here/repo"
sign new"#;

/// Signs, and changes another file of the user's checkout.
const STRAYS_TOO: &str = r#"
sign
cd "$here/repo"
echo more >>README.md"#;

/// Has git change the user's checkout.
const SWITCHES: &str = r#"
cd "$here/repo"
git checkout --quiet other"#;

/// Signs, and looks for a repository where there is none of its own.
const LOOKS_ABOVE: &str = r#"
sign
cd "$TMPDIR"
! git rev-parse --show-toplevel"#;

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
    let config = value("/batch.toml");
    repo.write("batch.toml", "attempts = 1\n");
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
        ("BATCH_CONFIG", config.as_str()),
    ];
    let migrate = repo.migrate().command_line("env").anywhere();
    let output = migrate.envs(&env).run().exits(0);
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
    let migrate = repo.migrate().agent(SIGN).check(check);
    let env = [("PWD", here.as_str()), ("OLDPWD", "/")];
    let _ = migrate.envs(&env).run().exits(0);
}

#[test]
fn git_of_a_worker_finds_no_repository_above_its_checkout() {
    let repo = Repo::with_packages(1);
    repo.git(["init", "--quiet", repo.root().to_str().expect("a path")]);
    let _ = repo.migrate().agent(LOOKS_ABOVE).run().exits(0);
}

#[test]
fn an_agent_that_works_in_the_users_checkout_fails_and_stops_the_run() {
    let repo = Repo::with_packages(3);
    let migrate = repo.migrate().agent(STRAYS).units(3).in_order();
    let output = migrate.run().exits(1);
    assert_snapshot!(output.printed(), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ failed │ – │ – │ [DURATION]
     02-packages-p1-index-js │ skipped: strayed │ – │ – │ –
     03-packages-p2-index-js │ skipped: strayed │ – │ – │ –

    ✗ 01-packages-p0-index-js failed at scope
      the agent changed nothing in its own worktree, but files of this unit changed in your own \
        checkout meanwhile:
        packages/p0/index.js
      if you did not change them, the agent works in the wrong folder: look at them with git diff there \
        before you start it again
      changes   batch diff 01-packages-p0-index-js  ([TMP]/repo.batch/[RUN]/01-packages-p0-index-js)

    ! skipped, because an agent may work in your own checkout (unit 01-packages-p0-index-js): \
        02-packages-p1-index-js, 03-packages-p2-index-js

    → batch retry --failed --run [RUN]  (01-packages-p0-index-js)
    → batch resume [RUN]  (02-packages-p1-index-js, 03-packages-p2-index-js; look at your checkout \
        first)

    ! while the run went, files changed in your own checkout: packages/p0/index.js; if you did not \
        change them, an agent left its worktree

    0 of 3 units published, 1 failed, 2 skipped (an agent strayed) · [DURATION]
    ");
    assert_eq!(repo.pushed(), Vec::<String>::new());
    let report = repo.report();
    assert_eq!(report["units"][1]["outcome"], "left-out");
    assert_eq!(report["user_files_changed"][0], "packages/p0/index.js");
}

/// Works in the user's checkout where it has the first package, and for ever elsewhere.
const STRAYS_OR_WAITS: &str = r#"
if claims packages/p0
then cd "$here/repo"; sign new
else wait_forever
fi"#;

#[test]
fn the_other_units_of_an_agent_that_strays_end_with_it() {
    let repo = Repo::with_packages(2);
    repo.fifo("never");
    let migrate = repo.migrate().agent(STRAYS_OR_WAITS).units(2);
    let output = migrate.with(["-j", "2"]).run().exits(1);
    output.says("0 of 2 units published, 1 failed, 1 stopped");
}

#[test]
fn other_changes_in_the_users_checkout_are_told_at_the_end() {
    let repo = Repo::with_packages(1);
    let output = repo.migrate().agent(STRAYS_TOO).run();
    assert_snapshot!(output, @r"
    $ batch migrate packages/ 'sign every file' --yes --forge local --agent-cmd [TMP]/agent --no-checks

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ – │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ! while the run went, files changed in your own checkout: README.md; if you did not change them, an \
        agent left its worktree

    1 of 1 unit published · [DURATION]
    ! plan · 1 unit, 1 file
    ! sign every file
    ! base   origin/main ([SHORT])
    ! agent  command: [TMP]/agent
    ! checks none
    ! result pull requests as pages in this repository, branches pushed to origin
    !
    !  unit │ title │ files │ lines
    ! ──┼──┼──┼──
    !  01-packages-p0-index-js │ packages/p0/index.js │ 1 │ 1
    !
    ! 1 file makes 1 unit (fewer than 5)
    !
    ! +[DURATION]  run [RUN]: 1 unit, [JOBS] at once
    ! +[DURATION]  01-packages-p0-index-js  worktree
    ! +[DURATION]  01-packages-p0-index-js  agent
    ! +[DURATION]  01-packages-p0-index-js  scope
    ! +[DURATION]  01-packages-p0-index-js  commit
    ! +[DURATION]  01-packages-p0-index-js  push
    ! +[DURATION]  01-packages-p0-index-js  pull request
    ! +[DURATION]  01-packages-p0-index-js  published  PR #1 · [DURATION]
    ! report: [TMP]/repo/.git/batch/runs/[RUN]/report.md
    ");
}

#[test]
fn what_git_itself_changes_in_the_users_checkout_accuses_nobody() {
    let repo = Repo::with_packages(1);
    repo.git(["checkout", "--quiet", "-b", "other"]);
    repo.write("packages/p0/index.js", "other\n");
    repo.git(["commit", "--quiet", "--all", "--message", "Other"]);
    repo.git(["checkout", "--quiet", "main"]);
    let output = repo.migrate().agent(SWITCHES).run().exits(0);
    output.says("0 of 1 unit published, 1 without change");
    assert!(!output.said().contains("your own checkout"), "{output:?}");
}
