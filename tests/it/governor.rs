//! Runs whose agents are held back, refused, or fail one like the other; and machines that have enough to do.

use std::fs;

use insta::assert_snapshot;

use crate::support::Repo;
use crate::support::agents::NEED_KEY;
use crate::support::gate::read;
use crate::support::session::in_time;

/// Held back the first time for each unit, for so many seconds.
const HELD_BACK: &str = r#"
note
if ! test -e "$here/seen-$BATCH_UNIT"; then
    touch "$here/seen-$BATCH_UNIT"
    use_up '"retry_after": SECONDS'
    echo 'too many requests'
    exit 75
fi
sign"#;

fn held_back(seconds: u32) -> String {
    HELD_BACK.replace("SECONDS", &seconds.to_string())
}

#[test]
fn an_agent_that_is_held_back_is_started_again_and_fewer_work_at_once() {
    let repo = Repo::with_packages(3);
    let migrate = repo.migrate().agent(&held_back(0)).units(3);
    let output = migrate.with(["-j", "3"]).run().exits(0);
    output.says("3 of 3 units published");
    assert_eq!(repo.worked().len(), 6);
    let said = output.stderr();
    assert!(said.contains("interrupted, starts again in"), "{said}");
    assert!(said.contains("too many requests"), "{said}");
    assert!(
        said.contains("1 at once from now on: the model's provider limits"),
        "{said}"
    );
}

#[test]
fn nobody_is_started_before_the_moment_that_the_provider_named() {
    let repo = Repo::with_packages(2);
    let migrate = repo.migrate().agent(&held_back(3_600)).units(2);
    let mut session = migrate.in_order().start();
    session.wait_for("no agent is started before");
    session.interrupt();
    session.wait_for("Ctrl-C again");
    session.interrupt();
    let _ = session.finish().exits(130);
    assert_eq!(repo.worked().len(), 1);
}

#[test]
fn what_is_refused_ends_the_run_at_once_with_one_sentence() {
    let repo = Repo::with_packages(5);
    let migrate = repo.migrate().agent(NEED_KEY).units(5).in_order();
    let output = migrate.run().exits(1);
    let output = output.says("0 of 5 units published, 5 skipped (agent refused)");
    output.says("because the agent is not logged in, or its key is wrong: invalid api key: 01-");
    assert_eq!(repo.worked().len(), 1);
    fs::write(repo.root().join("key"), "").expect("the key");
    repo.batch(["resume"])
        .exits(0)
        .says("5 of 5 units published");
}

/// Fails until what it needs is there.
const NEEDS_A_MODULE: &str = r#"
note
if ! test -e "$here/mended"; then echo 'no such module'; exit 3; fi
sign"#;

#[test]
fn when_the_first_units_fail_alike_the_others_are_not_begun() {
    let repo = Repo::with_packages(5);
    let migrate = repo.migrate().agent(NEEDS_A_MODULE).units(5).in_order();
    let output = migrate.run().exits(1);
    let output = output.says("3 failed, 2 skipped (the first units failed alike)");
    output.says(
        "the first units all failed for the same reason (agent: the agent failed: exit code 3)",
    );
    assert_eq!(repo.worked().len(), 3);
    fs::write(repo.root().join("mended"), "").expect("the mark");
    let output = repo.batch(["resume"]).exits(1);
    output.says("2 of 5 units published, 3 failed");
    repo.batch(["retry", "--failed"])
        .exits(0)
        .says("5 of 5 units published");
}

/// Tells of its start, and waits for a word to its own unit.
const WAITS_FOR_ITS_OWN: &str = r#"
echo $$ >"$here/started"
go=go-p1
if claims packages/p0/; then go=go-p0; fi
read -r word <"$here/$go"
sign"#;

#[test]
fn a_machine_with_enough_to_do_gets_no_more_until_it_is_calm() {
    let repo = Repo::with_packages(2);
    let started = repo.fifo("started");
    let go = [repo.fifo("go-p0"), repo.fifo("go-p1")];
    let machine = repo.root().join("machine");
    fs::write(&machine, "9.5 8000000000").expect("a reading");
    let migrate = repo.migrate().agent(WAITS_FOR_ITS_OWN).units(2);
    let mut session = migrate.with(["-j", "2"]).start();
    session.wait_for("1 at once from now on: the machine is busy (load 9.5");
    read(&started);
    fs::write(&machine, "0.5 8000000000").expect("a reading");
    session.wait_for("2 at once from now on: the machine can do more again");
    read(&started);
    in_time("no agent waits", move || {
        for go in go {
            fs::write(go, "go\n").expect("the pipe");
        }
    });
    session.finish().exits(0).says("2 of 2 units published");
}

/// Is killed the first time; the second time, it fails where another one works at the same time.
const KILLED_AT_FIRST: &str = r#"
note
if ! test -e "$here/seen-$BATCH_UNIT"; then
    touch "$here/seen-$BATCH_UNIT"
    kill -9 $$
fi
mkdir "$here/at-work"
sleep 0.5
rmdir "$here/at-work"
sign"#;

#[test]
fn agents_that_were_killed_from_outside_are_started_again_and_fewer_work_at_once() {
    let repo = Repo::with_packages(2);
    let migrate = repo.migrate().agent(KILLED_AT_FIRST).units(2);
    let output = migrate.with(["-j", "2"]).run().exits(0);
    output.says("2 of 2 units published");
    assert_eq!(repo.worked().len(), 4);
    let said = output.stderr();
    let slower = "1 at once from now on: an agent was killed from outside";
    assert!(said.contains(slower), "{said}");
}

#[test]
fn whoever_is_killed_again_and_again_fails_with_the_usual_cause_and_who_breaks_down_twice_too() {
    let repo = Repo::with_packages(2);
    let agent = "
note
if claims packages/p0/; then kill -9 $$; fi
kill -SEGV $$";
    let migrate = repo.migrate().agent(agent).units(2);
    let output = migrate.with(["-j", "2"]).run();
    assert_snapshot!(output.exits(1).printed(), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ failed │ – │ – │ [DURATION]
     02-packages-p1-index-js │ failed │ – │ – │ [DURATION]

    ✗ 01-packages-p0-index-js failed at agent
      something outside batch killed the agent (SIGKILL, 3 times): usually the system does, when memory \
        runs out; run fewer agents at once (-j)
      log       batch logs 01-packages-p0-index-js  \
        ([TMP]/repo/.git/batch/runs/[RUN]/01-packages-p0-index-js/agent.log)
      changes   batch diff 01-packages-p0-index-js  ([TMP]/repo.batch/[RUN]/01-packages-p0-index-js)

    ✗ 02-packages-p1-index-js failed at agent
      the agent failed: ended by SIGSEGV
      log       batch logs 02-packages-p1-index-js  \
        ([TMP]/repo/.git/batch/runs/[RUN]/02-packages-p1-index-js/agent.log)
      changes   batch diff 02-packages-p1-index-js  ([TMP]/repo.batch/[RUN]/02-packages-p1-index-js)

    → batch retry --failed --run [RUN]  (01-packages-p0-index-js, 02-packages-p1-index-js)

    0 of 2 units published, 2 failed · [DURATION]
    ");
    // Three starts of the first one, two of the second.
    assert_eq!(repo.worked().len(), 5);
}

#[test]
fn a_corrected_codemod_reaches_the_units_that_were_spared() {
    let repo = Repo::with_packages(6);
    let wrong = "echo wrong; exit 3";
    let migrate = repo.migrate().agent(wrong).units(6).in_order();
    let output = migrate.run().exits(1);
    output.says("3 failed, 3 skipped");
    output.says("batch retry --failed");
    let codemod = ["--regex", "var", "--to", "let"];
    // By name, and only these.
    let named = ["retry", "04", "05"].iter().chain(&codemod);
    let output = repo.batch(named).exits(1);
    output.says("2 of 6 units published, 3 failed");
    let failed = ["retry", "--failed"].iter().chain(&codemod);
    let output = repo.batch(failed).exits(0);
    output.says("6 of 6 units published");
    for (number, branch) in repo.pushed().iter().enumerate() {
        let file = format!("packages/p{number}/index.js");
        assert!(repo.published(branch, &file).starts_with("let"), "{branch}");
    }
}

#[test]
fn the_user_may_insist_on_the_number_of_agents() {
    let repo = Repo::with_packages(2);
    let started = repo.fifo("started");
    let go = [repo.fifo("go-p0"), repo.fifo("go-p1")];
    fs::write(repo.root().join("machine"), "9.5 8000000000").expect("a reading");
    let migrate = repo.migrate().agent(WAITS_FOR_ITS_OWN).units(2);
    let session = migrate.with(["-j", "2", "--no-governor"]).start();
    // Both work at once, although the machine is busy.
    read(&started);
    read(&started);
    in_time("no agent waits", move || {
        for go in go {
            fs::write(go, "go\n").expect("the pipe");
        }
    });
    let output = session.finish().exits(0);
    assert!(!output.stderr().contains("busy"), "{}", output.stderr());
}

#[test]
fn a_lower_number_of_agents_is_told_with_the_way_out_once() {
    let repo = Repo::with_packages(2);
    fs::write(repo.root().join("machine"), "9.5 8000000000").expect("a reading");
    repo.write("batch.toml", "[run]\ngovernor = true\n");
    let migrate = repo.migrate().agent(crate::support::SIGN).units(2);
    let output = migrate.with(["-j", "2"]).run().exits(0);
    let said = output.stderr();
    assert_eq!(
        said.matches("--no-governor insists on -j 2").count(),
        1,
        "{said}"
    );
    repo.write("batch.toml", "[run]\ngovernor = false\n");
    let migrate = repo.migrate().agent(crate::support::SIGN).units(2);
    let output = migrate.with(["-j", "2"]).run().exits(0);
    assert!(!output.stderr().contains("busy"), "{}", output.stderr());
}
