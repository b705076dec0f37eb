//! Works at one unit that compete: the best is taken, the others can be looked at, and none is paid for twice.

use std::fs;

use insta::assert_snapshot;

use crate::support::gate::read;
use crate::support::{Migrate, Repo};

/// Writes down that it works, and does what its number is told.
const COMPETES: &str = r#"
note "$BATCH_RIVAL"
use_up '"input_tokens": 10, "output_tokens": 1'
file=$(tr -d '\0' <"$BATCH_FILES")
case $BATCH_RIVAL in
WORKS
esac"#;

fn agent(works: &str) -> String {
    COMPETES.replace("WORKS", works)
}

/// The first does more than it must, the third does it wrong.
const BIG_SMALL_BROKEN: &str = r#"
1) printf 'a\nb\nc\n' >>"$file"; touch packages/p0/new.js ;;
2) echo ok >>"$file" ;;
3) echo broken >"$file" ;;"#;

const SMALL_BIG: &str = r#"
1) echo ok >>"$file" ;;
2) printf 'a\nb\n' >>"$file"; touch packages/p0/new.js ;;"#;

const ONE_TWO: &str = r#"
1) echo one >>"$file" ;;
2) echo two >>"$file" ;;"#;

/// Each says which one it is.
const NUMBERED: &str = r#"
*) echo "$BATCH_RIVAL" >>"$file" ;;"#;

const FIRST_FAILS: &str = r#"
1) exit 3 ;;
*) echo "$BATCH_RIVAL" >>"$file" ;;"#;

/// The migration of the only unit by works that compete.
fn compete<'a>(repo: &'a Repo, works: &str, most: &str) -> Migrate<'a> {
    let migrate = repo.migrate().agent(&agent(works));
    migrate.with(["--best-of", most, "--scope", "listed"])
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
    let migrate = compete(&repo, BIG_SMALL_BROKEN, "3");
    let checked = migrate.check("! grep -r broken packages");
    let output = checked.run().exits(0);
    output.says("candidate 2 of 3 is taken");
    assert_snapshot!(output.printed(), @r"
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time │ tokens │ cost
    ──┼──┼──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ 1 passed │ [DURATION] │ 33 │ unknown

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    – 01-packages-p0-index-js: candidate 2 was taken: 1 changes 3 lines, 2 changes 1 line, 3 failed at \
        check

    1 of 1 unit published · [DURATION] · 33 tokens, cost unknown
    ");
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
    let migrate = compete(&repo, SMALL_BIG, "2");
    let _ = migrate.with(["--dry-run"]).run().exits(0);
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
        let judge = format!("git show \"$BATCH_RIVAL_2\" | grep -q two || exit 1; {judge}");
        let migrate = compete(&repo, ONE_TWO, "2");
        let _ = migrate.with(["--judge", &judge]).run().exits(0);
        assert_eq!(published(&repo), format!("var p0 = 0;\n{taken}"), "{judge}");
    }
}

/// Takes the second, but thinks for too long until there is a sign.
const THINKS_LONG: &str = r#"
if ! test -e "$here/go"; then
    echo $$ >"$here/asked"
    exec sleep 60
fi
echo 2"#;

#[test]
fn a_stop_while_the_judge_thinks_is_no_choice() {
    let repo = Repo::with_packages(1);
    let asked = repo.fifo("asked");
    let judge = repo.program("judge", THINKS_LONG);
    let migrate = compete(&repo, ONE_TWO, "2");
    let judged = migrate.with(["--judge", &*judge.to_string_lossy()]);
    let mut session = judged.start();
    read(&asked);
    session.interrupt();
    session.wait_for("Ctrl-C");
    session.interrupt();
    session.finish().exits(130).says("1 stopped");
    fs::write(repo.root().join("go"), "").expect("the sign");
    let _ = repo.batch(["resume"]).exits(0);
    assert_eq!(published(&repo), "var p0 = 0;\ntwo");
    assert_eq!(repo.worked(), ["1", "2"]);
}

#[test]
fn at_a_limit_no_further_work_is_begun_and_a_good_one_is_taken() {
    let repo = Repo::with_packages(1);
    let limit = ["--max-tokens", "11"];
    let limited = compete(&repo, NUMBERED, "3").with(limit);
    let _ = limited.run().exits(0);
    assert_eq!(published(&repo), "var p0 = 0;\n1");
    assert_eq!(repo.worked(), ["1"]);

    let repo = Repo::with_packages(1);
    let limited = compete(&repo, FIRST_FAILS, "3").with(limit);
    let output = limited.run().exits(1);
    output.says("1 stopped");
    assert_eq!(repo.worked(), ["1"]);
    let _ = repo.batch(["resume", "--max-tokens", "1k"]).exits(0);
    assert_eq!(published(&repo), "var p0 = 0;\n2");
    assert_eq!(repo.worked(), ["1", "2", "3"]);
}

#[test]
fn after_the_first_ctrl_c_no_further_work_is_begun() {
    let repo = Repo::with_packages(1);
    let gate = repo.gate();
    let migrate = compete(&repo, r#"*) wait_at_gate; echo ok >>"$file" ;;"#, "2");
    let mut session = migrate.start();
    gate.wait();
    session.interrupt();
    session.wait_for("Ctrl-C");
    gate.let_go("on");
    session.finish().says("1 of 1 unit published");
    assert_eq!(published(&repo), "var p0 = 0;\nok");
    assert_eq!(repo.worked(), ["1"]);
}

#[test]
fn where_no_work_is_good_the_unit_fails_and_where_none_was_needed_nothing_changes() {
    let repo = Repo::with_packages(1);
    let output = compete(&repo, "1) exit 3 ;;\n2) touch outside ;;", "2").run();
    assert_snapshot!(output.exits(1).printed(), @"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time │ tokens │ cost
    ──┼──┼──┼──┼──┼──┼──
     01-packages-p0-index-js │ failed │ – │ – │ [DURATION] │ 22 │ unknown

    ✗ 01-packages-p0-index-js failed at scope
      it changed what is not its own, so nothing of it is published:
        outside: this unit may not create files there
      none of 2 works that competed came to a good end
      changes   batch diff 01-packages-p0-index-js  ([TMP]/repo.batch/[RUN]/01-packages-p0-index-js)

    → batch retry --failed --run [RUN]  (01-packages-p0-index-js)

    0 of 1 unit published, 1 failed · [DURATION] · 22 tokens, cost unknown
    ");
    let works = r#"
1) exit 3 ;;
2) echo fine >"$BATCH_SUMMARY_FILE" ;;"#;
    repo.program("agent", &agent(works));
    repo.batch(["retry", "--failed"])
        .exits(0)
        .says("needed no change: fine");

    let repo = Repo::with_packages(1);
    compete(&repo, "1) : ;;\n2) touch outside ;;", "2")
        .run()
        .exits(0)
        .says("needed no change");
}

/// A repository whose settings name two agents, of which the second one does this first.
fn two_agents(units: usize, right_first: &str) -> Repo {
    let repo = Repo::with_packages(units);
    let table = |name: &str, first: &str| {
        let works = format!("{first}\n{}", agent("*) : ;;"));
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
    let repo = two_agents(2, "need_key");
    let migrate = repo.migrate().anywhere().units(2).in_order();
    let both = migrate.with(["--best-of", "2", "--agents", "left,right"]);
    let output = both.run().exits(1);
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
    let migrate = repo.migrate().anywhere().with(["--best-of", "2"]);
    let both = migrate.with(["--agents", "left,right", "--judge", "echo 2"]);
    let _ = both.run().exits(0);
    assert_eq!(published(&repo), "var p0 = 0;\nright");
    let who = unit(&repo)["agent"].to_string();
    assert!(who.ends_with("/right\""), "{who}");
    let one = repo.migrate().anywhere().with(["--best-of", "1"]);
    one.run().exits(2).says("write 2 to 9");
    let codemod = repo.migrate().anywhere().regex("var", "let");
    codemod
        .with(["--best-of", "2"])
        .run()
        .exits(2)
        .says("a codemod, and work that exists already, are the same every time");
}
