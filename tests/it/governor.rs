//! Runs whose agents are held back, refused, or fail one like the other; and machines that have enough to do.

use std::fs;

use crate::support::session::in_time;
use crate::support::{Repo, SIGN};

/// Held back the first time for each unit, for so many seconds.
fn held_back(seconds: u32) -> String {
    format!(
        r#"here=$(dirname "$0")
echo "$BATCH_UNIT" >>"$here/worked"
if ! test -e "$here/seen-$BATCH_UNIT"; then
    touch "$here/seen-$BATCH_UNIT"
    echo '{{"retry_after": {seconds}}}' >"$BATCH_USAGE_FILE"
    echo 'too many requests'
    exit 75
fi
{SIGN}"#
    )
}

#[test]
fn an_agent_that_is_held_back_is_started_again_and_fewer_work_at_once() {
    let repo = Repo::with_packages(3);
    let output = repo.migrate_by(&held_back(0), &["--units", "3", "-j", "3"]);
    let output = output.exits(0);
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
    let mut session = repo.start_by(&held_back(3_600), &["--units", "2", "-j", "1"]);
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
    let agent = format!(
        r#"here=$(dirname "$0")
echo "$BATCH_UNIT" >>"$here/worked"
if ! test -e "$here/key"; then echo 'invalid api key'; exit 77; fi
{SIGN}"#
    );
    let output = repo
        .migrate_by(&agent, &["--units", "5", "-j", "1"])
        .exits(1);
    let output = output.says("0 of 5 units published, 5 skipped (agent refused)");
    output.says("because the agent is not logged in, or its key is wrong: invalid api key: 01-");
    assert_eq!(repo.worked().len(), 1);
    fs::write(repo.root().join("key"), "").expect("the key");
    repo.batch(["resume"])
        .exits(0)
        .says("5 of 5 units published");
}

#[test]
fn when_the_first_units_fail_alike_the_others_are_not_begun() {
    let repo = Repo::with_packages(5);
    let agent = format!(
        r#"here=$(dirname "$0")
echo "$BATCH_UNIT" >>"$here/worked"
if ! test -e "$here/mended"; then echo 'no such module'; exit 3; fi
{SIGN}"#
    );
    let output = repo
        .migrate_by(&agent, &["--units", "5", "-j", "1"])
        .exits(1);
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

#[test]
fn a_machine_with_enough_to_do_gets_no_more_until_it_is_calm() {
    let repo = Repo::with_packages(2);
    let started = repo.fifo("started");
    let go = [repo.fifo("go-p0"), repo.fifo("go-p1")];
    let machine = repo.root().join("machine");
    fs::write(&machine, "9.5 8000000000").expect("a reading");
    let agent = format!(
        "echo $$ >'{}'\ncase \"$BATCH_UNIT\" in *p0*) go=go-p0;; *) go=go-p1;; esac\nread -r word <\"$(dirname \"$0\")/$go\"\n{SIGN}",
        started.display(),
    );
    let mut session = repo.start_by(&agent, &["--units", "2", "-j", "2"]);
    session.wait_for("1 at once from now on: the machine is busy (load 9.5");
    let wait = || {
        let started = started.clone();
        in_time("no agent was started", move || fs::read_to_string(started))
    };
    wait().expect("the pipe");
    fs::write(&machine, "0.5 8000000000").expect("a reading");
    session.wait_for("2 at once from now on: the machine can do more again");
    wait().expect("the pipe");
    in_time("no agent waits", move || {
        for go in go {
            fs::write(go, "go\n").expect("the pipe");
        }
    });
    session.finish().exits(0).says("2 of 2 units published");
}

#[test]
fn agents_that_were_killed_from_outside_are_started_again_and_fewer_work_at_once() {
    let repo = Repo::with_packages(2);
    let agent = format!(
        r#"here=$(dirname "$0")
echo "$BATCH_UNIT" >>"$here/worked"
if ! test -e "$here/seen-$BATCH_UNIT"; then touch "$here/seen-$BATCH_UNIT"; kill -9 $$; fi
mkdir "$here/at-work"
sleep 0.5
rmdir "$here/at-work"
{SIGN}"#
    );
    let output = repo.migrate_by(&agent, &["--units", "2", "-j", "2"]);
    let output = output.exits(0);
    output.says("2 of 2 units published");
    assert_eq!(repo.worked().len(), 4);
    let said = output.stderr();
    let slower = "1 at once from now on: an agent was killed from outside";
    assert!(said.contains(slower), "{said}");
}

#[test]
fn whoever_is_killed_again_and_again_fails_with_the_usual_cause_and_other_signals_at_once() {
    let repo = Repo::with_packages(2);
    let agent = r#"echo "$BATCH_UNIT" >>"$(dirname "$0")/worked"
case "$BATCH_UNIT" in *p0*) kill -9 $$;; *) kill -SEGV $$;; esac"#;
    let output = repo.migrate_by(agent, &["--units", "2", "-j", "2"]);
    output
        .exits(1)
        .says("something outside batch killed the agent (SIGKILL, 3 times): usually the system does, when memory runs out")
        .says("the agent failed: ended by SIGSEGV");
    assert_eq!(repo.worked().len(), 4);
}
