//! Works at one unit that compete: the best is taken, the others can be looked at, and none is paid for twice.

use std::fs;

use crate::support::Repo;
use crate::support::session::in_time;

/// Writes down that it works, and does what its number is told.
fn agent(works: &str) -> String {
    format!(
        "echo \"$BATCH_RIVAL\" >>\"$(dirname \"$0\")/worked\"\necho '{{\"input_tokens\": 10, \"output_tokens\": 1}}' >\"$BATCH_USAGE_FILE\"\nfile=$(tr -d '\\0' <\"$BATCH_FILES\")\ncase $BATCH_RIVAL in\n{works}\nesac"
    )
}

/// What the only unit published.
fn published(repo: &Repo) -> String {
    let branches = repo.pushed();
    let [branch] = &branches[..] else {
        panic!("{branches:?}");
    };
    repo.published(branch, "packages/p0/index.js")
}

fn unit(repo: &Repo) -> serde_json::Value {
    repo.report()["units"][0].clone()
}

#[test]
fn the_smallest_change_that_passes_is_taken_and_the_others_can_be_looked_at() {
    let repo = Repo::with_packages(1);
    let works = agent(
        "1) printf 'a\\nb\\nc\\n' >>\"$file\"; touch packages/p0/new.js;;\n2) echo ok >>\"$file\";;\n3) echo broken >\"$file\";;",
    );
    let check = "! grep -r broken packages";
    let output = repo.migrate_by(&works, &["--best-of", "3", "--check", check]);
    let output = output.exits(0);
    output
        .says("candidate 2 of 3 is taken")
        .says("candidate 2 was taken: 1 changes 3 lines, 2 changes 1 line, 3 failed at check");
    assert_eq!(published(&repo), "var p0 = 0;\nok");
    assert_eq!(repo.worked(), ["1", "2", "3"]);
    let unit = unit(&repo);
    let results: Vec<&str> = unit["rivals"]
        .as_array()
        .expect("rivals")
        .iter()
        .filter_map(|rival| rival["result"].as_str())
        .collect();
    assert_eq!(results, ["good", "good", "failed"]);
    assert_eq!(unit["usage"]["input_tokens"], 30);
    repo.batch(["diff", "01", "--rival", "1"])
        .exits(0)
        .says("new.js");
    repo.batch(["diff", "01", "--rival", "3"])
        .exits(0)
        .says("+broken");
    let _ = repo.batch(["diff", "01", "--rival", "4"]).exits(2);
    assert!(!repo.worktrees().exists());
}

#[test]
fn what_is_taken_stands_in_the_worktree_also_when_a_later_work_was_worse() {
    let repo = Repo::with_packages(1);
    let works = agent(
        "1) echo ok >>\"$file\";;\n2) printf 'a\\nb\\n' >>\"$file\"; touch packages/p0/new.js;;",
    );
    let more = ["--best-of", "2", "--dry-run"];
    let _ = repo.migrate_by(&works, &more).exits(0);
    let inside = |folder: std::path::PathBuf| {
        let entry = fs::read_dir(folder).expect("a folder").next();
        entry.expect("an entry").expect("an entry").path()
    };
    let worktree = inside(inside(repo.worktrees()));
    let worktree = worktree.to_string_lossy().into_owned();
    let status = repo.git(["-C", &worktree, "status", "--porcelain"]);
    assert_eq!(status, "");
    let text = fs::read_to_string(format!("{worktree}/packages/p0/index.js")).expect("the file");
    assert_eq!(text, "var p0 = 0;\nok\n");
    assert!(!fs::exists(format!("{worktree}/packages/p0/new.js")).expect("the folder"));
}

#[test]
fn of_works_that_are_alike_the_judge_names_the_best() {
    for (judge, taken) in [
        ("echo hm; echo 2", "two"),
        ("exit 1", "one"),
        ("echo 7", "one"),
    ] {
        let repo = Repo::with_packages(1);
        let works = agent("1) echo one >>\"$file\";;\n2) echo two >>\"$file\";;");
        let judge = format!("git show \"$BATCH_RIVAL_2\" | grep -q two || exit 1; {judge}");
        let more = ["--best-of", "2", "--judge", &judge];
        let _ = repo.migrate_by(&works, &more).exits(0);
        assert_eq!(published(&repo), format!("var p0 = 0;\n{taken}"), "{judge}");
    }
}

#[test]
fn a_stop_while_the_judge_thinks_is_no_choice() {
    let repo = Repo::with_packages(1);
    let asked = repo.fifo("asked");
    let works = agent("1) echo one >>\"$file\";;\n2) echo two >>\"$file\";;");
    let go = repo.root().join("go");
    let judge = format!(
        "test -e '{}' || {{ echo $$ >'{}'; exec sleep 60; }}; echo 2",
        go.display(),
        asked.display()
    );
    let more = ["--best-of", "2", "--judge", &judge];
    let mut session = repo.start_by(&works, &more);
    in_time("no judge", move || fs::read_to_string(asked)).expect("the pipe");
    session.interrupt();
    session.wait_for("Ctrl-C");
    session.interrupt();
    session.finish().exits(130).says("1 stopped");
    fs::write(go, "").expect("the sign");
    let _ = repo.batch(["resume"]).exits(0);
    assert_eq!(published(&repo), "var p0 = 0;\ntwo");
    assert_eq!(repo.worked(), ["1", "2"]);
}

#[test]
fn at_a_limit_no_further_work_is_begun_and_a_good_one_is_taken() {
    let repo = Repo::with_packages(1);
    let works = agent("*) echo \"$BATCH_RIVAL\" >>\"$file\";;");
    let limited = ["--best-of", "3", "--max-tokens", "11"];
    let _ = repo.migrate_by(&works, &limited).exits(0);
    assert_eq!(published(&repo), "var p0 = 0;\n1");
    assert_eq!(repo.worked(), ["1"]);

    let repo = Repo::with_packages(1);
    let works = agent("1) exit 3;;\n*) echo \"$BATCH_RIVAL\" >>\"$file\";;");
    let output = repo.migrate_by(&works, &limited).exits(1);
    output.says("1 stopped");
    assert_eq!(repo.worked(), ["1"]);
    let _ = repo.batch(["resume", "--max-tokens", "1k"]).exits(0);
    assert_eq!(published(&repo), "var p0 = 0;\n2");
    assert_eq!(repo.worked(), ["1", "2", "3"]);
}

#[test]
fn after_the_first_ctrl_c_no_further_work_is_begun() {
    let repo = Repo::with_packages(1);
    let (started, go) = (repo.fifo("started"), repo.fifo("go"));
    let works = format!(
        "echo $$ >'{}'\nread -r word <'{}'\n{}",
        started.display(),
        go.display(),
        agent("*) echo ok >>\"$file\";;")
    );
    let mut session = repo.start_by(&works, &["--best-of", "2"]);
    in_time("no agent was started", move || fs::read_to_string(started)).expect("the pipe");
    session.interrupt();
    session.wait_for("Ctrl-C");
    in_time("no agent waits", move || fs::write(go, "go\n")).expect("the pipe");
    session.finish().says("1 of 1 unit published");
    assert_eq!(published(&repo), "var p0 = 0;\nok");
    assert_eq!(repo.worked(), ["1"]);
}

#[test]
fn where_no_work_is_good_the_unit_fails_and_where_none_was_needed_nothing_changes() {
    let repo = Repo::with_packages(1);
    let works = agent("1) exit 3;;\n2) touch outside;;");
    repo.migrate_by(&works, &["--best-of", "2"])
        .exits(1)
        .says("it changed what is not its own")
        .says("none of 2 works that competed came to a good end");
    repo.program(
        "agent",
        &agent("1) exit 3;;\n2) echo fine >\"$BATCH_SUMMARY_FILE\";;"),
    );
    repo.batch(["retry", "--failed"])
        .exits(0)
        .says("needed no change: fine");

    let repo = Repo::with_packages(1);
    let works = agent("1) :;;\n2) touch outside;;");
    repo.migrate_by(&works, &["--best-of", "2"])
        .exits(0)
        .says("needed no change");
}

/// A repository whose settings name two agents, of which the second one does this first.
fn two_agents(units: usize, right_first: &str) -> Repo {
    let repo = Repo::with_packages(units);
    let table = |name: &str, first: &str| {
        let works = format!("{first}\n{}", agent("*) :;;"));
        let script = format!("{works}\necho {name} >>\"$file\"");
        let path = repo.program(name, &script);
        let path = path.to_string_lossy().into_owned();
        format!("[agents.{name}]\ncommand = \"{path}\"\n")
    };
    let settings = format!("{}{}", table("left", ""), table("right", right_first));
    repo.settings(&settings)
}

#[test]
fn whoever_has_no_access_is_named_and_costs_no_further_work_of_those_that_have() {
    let refused = "test -e \"$(dirname \"$0\")/key\" || { echo 'invalid api key'; exit 77; }";
    let repo = two_agents(2, refused);
    let mut args = vec!["migrate", "packages/", "sign", "--yes", "--no-checks"];
    args.extend(["--units", "2", "-j", "1"]);
    args.extend(["--best-of", "2", "--agents", "left,right"]);
    let output = repo.batch(args).exits(1);
    let output = output.says("right: no further unit is started: the agent is not logged in");
    output.says("0 of 2 units published, 2 skipped (agent refused)");
    assert_eq!(repo.worked(), ["1"]);
    fs::write(repo.root().join("key"), "").expect("the key");
    repo.batch(["resume"])
        .exits(0)
        .says("2 of 2 units published");
    assert_eq!(repo.worked(), ["1", "2", "1", "2"]);
}

#[test]
fn agents_that_share_the_units_take_turns_at_each() {
    let repo = two_agents(1, "");
    let args = [
        "migrate",
        "packages/",
        "sign",
        "--yes",
        "--no-checks",
        "--best-of",
        "2",
    ];
    let more = ["--agents", "left,right", "--judge", "echo 2"];
    let _ = repo.batch(args.iter().chain(&more)).exits(0);
    assert_eq!(published(&repo), "var p0 = 0;\nright");
    let who = unit(&repo)["agent"].to_string();
    assert!(who.ends_with("/right\""), "{who}");
    repo.batch(["migrate", "packages/", "sign", "--best-of", "1"])
        .exits(2)
        .says("write 2 to 9");
    let codemod = ["--regex", "var", "--to", "let", "--best-of", "2"];
    let refused = ["migrate", "packages/", "sign"];
    repo.batch(refused.iter().chain(&codemod))
        .exits(2)
        .says("the codemod does the same every time");
}
