//! The commands beside the main job: what can be asked after a run, and about a repository.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Repo, SIGN};

#[test]
fn logs_show_what_agent_and_checks_said() {
    let repo = Repo::with_packages(2);
    let agent = r#"
echo "I am the agent of $BATCH_UNIT"
sign"#;
    let _ = repo
        .migrate()
        .agent(agent)
        .check("echo first check")
        .check("true")
        .units(2)
        .run()
        .exits(0);

    let mut seen = repo.transcript();
    seen.batch(["logs", "p1"]);
    seen.batch(["logs", "packages"]);
    seen.batch(["logs", "p7"]);
    seen.batch(["logs", "p1", "--run", "no-such-run"]);
    assert_snapshot!(seen, @r#"
    $ batch logs p1
    ── agent ── [TMP]/repo/.git/batch/runs/[RUN]/02-packages-p1-index-js/agent.log
    I am the agent of 02-packages-p1-index-js

    ── check-1 ── [TMP]/repo/.git/batch/runs/[RUN]/02-packages-p1-index-js/check-1.log
    first check

    ── check-2 ── [TMP]/repo/.git/batch/runs/[RUN]/02-packages-p1-index-js/check-2.log

    $ batch logs packages
    ! error: "packages" may be any of the units 01-packages-p0-index-js, 02-packages-p1-index-js
    [exit code 2]

    $ batch logs p7
    ! error: run [RUN] has no unit "p7"; it has 01-packages-p0-index-js, 02-packages-p1-index-js
    [exit code 2]

    $ batch logs p1 --run no-such-run
    ! error: there is no run "no-such-run"; the latest are [RUN]
    [exit code 2]
    "#);

    let agent = repo.batch(["logs", "p1", "--of", "agent"]).exits(0);
    assert_eq!(agent.raw(), "I am the agent of 02-packages-p1-index-js\n");
    let listed = repo.batch(["logs", "p1", "--json"]).exits(0).json();
    let names: Vec<&str> = listed
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|log| log["name"].as_str())
        .collect();
    assert_eq!(names, ["agent", "check-1", "check-2"]);
}

#[test]
fn without_a_run_the_commands_say_so() {
    let repo = Repo::with_packages(1);
    let mut seen = repo.transcript();
    seen.batch(["status"]);
    seen.batch(["report"]);
    seen.batch(["logs", "x"]);
    seen.batch(["diff", "x"]);
    seen.batch(["clean"]);
    assert_snapshot!(seen, @r"
    $ batch status
    ! error: there has been no run in this repository yet
    [exit code 2]

    $ batch report
    ! error: there has been no run in this repository yet
    [exit code 2]

    $ batch logs x
    ! error: there has been no run in this repository yet
    [exit code 2]

    $ batch diff x
    ! error: there has been no run in this repository yet
    [exit code 2]

    $ batch clean
    ! nothing to clean: there has been no run in this repository yet
    ");
    assert_eq!(repo.state_entries(), [""; 0]);
}

#[test]
fn a_run_can_be_followed_as_lines_of_json() {
    let repo = Repo::with_packages(2);
    let output = repo.migrate().agent(SIGN).with(["--json"]).run().exits(0);
    let facts: Vec<Value> = output
        .raw()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    assert_eq!(facts[0]["fact"], "started");
    assert_eq!(facts[0]["units"].as_array().map(Vec::len), Some(2));
    assert_eq!(facts[facts.len() - 1]["fact"], "ended");
    let opened = facts
        .iter()
        .filter(|fact| fact["fact"] == "pull-request-opened")
        .count();
    assert_eq!(opened, 2);

    let report = repo.batch(["report", "--format", "json"]).exits(0).json();
    assert_eq!(report, repo.batch(["status", "--json"]).exits(0).json());
    assert_eq!(report["version"], 1);
}

#[test]
fn the_page_of_the_report_can_be_printed() {
    let repo = Repo::with_packages(2);
    let _ = repo.migrate().agent(SIGN).run().exits(0);
    let printed = repo.batch(["report", "--format", "markdown"]).exits(0);
    assert_eq!(printed.stdout(), repo.settled("report.md"));
}

#[test]
fn a_plan_can_be_printed() {
    let repo = Repo::with_packages(3);
    let args = ["plan", "packages/", "sign every file", "-o", "-"];
    let output = repo.batch(args).exits(0);
    let plan: toml_edit::DocumentMut = output.raw().parse().expect("TOML");
    assert_eq!(
        plan["unit"]
            .as_array_of_tables()
            .map(toml_edit::ArrayOfTables::len),
        Some(3)
    );
    let again = repo
        .batch(args.into_iter().chain(["--json"]))
        .exits(0)
        .json();
    assert_eq!(again["unit"].as_array().map(Vec::len), Some(3));
    assert_eq!(repo.git(["status", "--porcelain"]), "");
}

#[test]
fn a_saved_plan_is_not_replaced_unasked() {
    let repo = Repo::with_packages(3);
    let mut seen = repo.transcript();
    seen.batch(["plan", "packages/", "one"]);
    seen.batch(["plan", "packages/", "two"]);
    assert!(repo.read("plan.toml").contains("one"));
    seen.batch(["plan", "packages/", "two", "--force"]);
    assert_snapshot!(seen, @r"
    $ batch plan packages/ one
    ! plan · 3 units, 3 files
    ! one
    ! base   origin/main ([SHORT])
    ! agent  none named yet: give one to batch run
    !
    !  unit │ title │ files │ lines
    ! ──┼──┼──┼──
    !  01-packages-p0-index-js │ packages/p0/index.js │ 1 │ 1
    !  02-packages-p1-index-js │ packages/p1/index.js │ 1 │ 1
    !  03-packages-p2-index-js │ packages/p2/index.js │ 1 │ 1
    !
    ! 3 files make 3 units (fewer than 5)
    !
    ! Saved as plan.toml. Run it with: batch run plan.toml

    $ batch plan packages/ two
    ! error: plan.toml exists already: give another name with -o, or --force to replace it
    [exit code 2]

    $ batch plan packages/ two --force
    ! plan · 3 units, 3 files
    ! two
    ! base   origin/main ([SHORT])
    ! agent  none named yet: give one to batch run
    !
    !  unit │ title │ files │ lines
    ! ──┼──┼──┼──
    !  01-packages-p0-index-js │ packages/p0/index.js │ 1 │ 1
    !  02-packages-p1-index-js │ packages/p1/index.js │ 1 │ 1
    !  03-packages-p2-index-js │ packages/p2/index.js │ 1 │ 1
    !
    ! 3 files make 3 units (fewer than 5)
    !
    ! Saved as plan.toml. Run it with: batch run plan.toml
    ");
    assert!(repo.read("plan.toml").contains("two"));
}

#[test]
fn the_doctor_finds_a_good_repository_well() {
    let repo = Repo::with_packages(2);
    let before = repo.snapshot();
    repo.batch(["doctor"]).exits(0).says("batch can work here");
    let told = repo.batch(["doctor", "--json"]).exits(0).json();
    assert_eq!(told["works"], true);
    assert!(
        told["findings"]
            .as_array()
            .is_some_and(|all| all.len() > 10)
    );
    assert_eq!(repo.snapshot(), before);
}

#[test]
fn the_doctor_says_what_is_wrong() {
    let folder = Repo::folder();
    folder
        .batch(["doctor"])
        .exits(1)
        .says("is not inside a git repository");

    let repo = Repo::with_packages(1).settings("[run]\njobs = \"many\"\n");
    repo.batch(["doctor"])
        .exits(1)
        .says("batch.toml")
        .says("line 2");
}

#[test]
fn the_demo_ends_as_it_is_meant_to() {
    let folder = Repo::folder();
    let output = folder.batch(["demo", "--dir", "demo"]).exits(0);
    output.says("1 failed").says("That is the demo");
}

#[test]
fn what_a_run_took_is_expected_of_the_next_plan() {
    let repo = Repo::with_packages(3);
    let agent = repo.program("other", "true");
    let plan = |agent: &std::path::Path| {
        let agent = agent.to_string_lossy();
        let args = [
            "plan",
            "packages/",
            "sign",
            "--force",
            "--agent-cmd",
            &*agent,
        ];
        repo.batch(args).exits(0).stderr()
    };
    let _ = repo.migrate().agent(SIGN).run().exits(0);
    let said = plan(&repo.root().join("agent"));
    assert!(said.contains("\ntime   about "), "{said}");
    assert!(said.contains(" a unit, from 3 earlier units)"), "{said}");
    assert!(
        !plan(&agent).contains("\ntime "),
        "of another agent nothing is known"
    );
}
