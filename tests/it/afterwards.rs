//! The commands beside the main job: what can be asked after a run, and about a repository.

use serde_json::Value;

use crate::support::{Repo, SIGN};

#[test]
fn logs_show_what_agent_and_checks_said() {
    let repo = Repo::with_packages(2);
    let agent = format!("echo \"I am the agent of $BATCH_UNIT\"\n{SIGN}");
    let _ = repo
        .migrate_by(
            &agent,
            &[
                "--units",
                "2",
                "--check",
                "echo first check",
                "--check",
                "true",
            ],
        )
        .exits(0);

    let all = repo.batch(["logs", "p1"]).exits(0);
    all.says("I am the agent of 02-packages-p1-index-js")
        .says("first check");
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

    repo.batch(["logs", "packages"])
        .exits(2)
        .says("may be any of the units");
    repo.batch(["logs", "p7"])
        .exits(2)
        .says("has no unit \"p7\"");
    repo.batch(["logs", "p1", "--run", "no-such-run"])
        .exits(2)
        .says("no-such-run");
}

#[test]
fn without_a_run_the_commands_say_so() {
    let repo = Repo::with_packages(1);
    for command in [&["status"][..], &["report"], &["logs", "x"], &["diff", "x"]] {
        let output = repo.batch(command).exits(2);
        assert!(output.stderr().starts_with("error: "), "{output:?}");
        assert_eq!(output.stderr().lines().count(), 1, "{output:?}");
    }
    repo.batch(["clean"]).exits(0).says("nothing to clean");
    assert_eq!(repo.state_entries(), [""; 0]);
}

#[test]
fn a_run_can_be_followed_as_lines_of_json() {
    let repo = Repo::with_packages(2);
    let output = repo.migrate_by(SIGN, &["--json"]).exits(0);
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
    let _ = repo.migrate_by(SIGN, &[]).exits(0);
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
    let _ = repo.batch(["plan", "packages/", "one"]).exits(0);
    repo.batch(["plan", "packages/", "two"])
        .exits(2)
        .says("plan.toml exists already")
        .says("--force");
    assert!(repo.read("plan.toml").contains("one"));
    let _ = repo.batch(["plan", "packages/", "two", "--force"]).exits(0);
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
    let _ = repo.migrate_by(SIGN, &[]).exits(0);
    let said = plan(&repo.root().join("agent"));
    assert!(said.contains("\ntime   about "), "{said}");
    assert!(said.contains(" a unit, from 3 earlier units)"), "{said}");
    assert!(
        !plan(&agent).contains("\ntime "),
        "of another agent nothing is known"
    );
}
