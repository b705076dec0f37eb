//! Runs that are killed and resumed: in the end they are as if nothing had happened.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use nix::sys::signal::{Signal, kill};

use crate::support::agents::WAIT;
use crate::support::{Migrate, Repo, SIGN};

/// Notes that it works, and rewrites its files.
const REWRITES: &str = r#"
note "agent $BATCH_UNIT"
edit s/var/let/
echo done >"$BATCH_SUMMARY_FILE""#;

/// Notes that it checks, and passes.
const PASSES: &str = r#"note "check $BATCH_UNIT""#;

fn noting(repo: &Repo) -> Migrate<'_> {
    let check = repo.program("check", PASSES);
    let migrate = repo.migrate().saying("from var to let").agent(REWRITES);
    migrate.check(&check.to_string_lossy()).in_order()
}

/// Is told twice what to mend, first of what lies outside, then of a check; what it does once more does no harm.
const MENDS_TWICE: &str = r#"
case "$(cat "${BATCH_FEEDBACK_FILE:-/dev/null}")" in
"") attempt=1; touch outside ;;
*"not yours"*) attempt=2; rm -f outside ;;
*"must pass"*) attempt=3; edit s/let/const/ ;;
esac
note "agent.$attempt $BATCH_UNIT"
edit s/var/let/"#;

/// Fails on the base too; one more thing fails until the work is mended.
const FAILS_ANYWAY: &str = "
echo 'not ok 1 - old'
if grep -q let packages/*/index.js; then echo 'not ok 2 - new'; fi
exit 1";

fn with_feedback(repo: &Repo) -> Migrate<'_> {
    let check = repo.program("check", FAILS_ANYWAY);
    let migrate = repo.migrate().saying("from var to let").agent(MENDS_TWICE);
    migrate
        .check(&check.to_string_lossy())
        .in_order()
        .with(["--attempts", "3"])
}

/// One of two works that compete, of which the first is the best.
const COMPETES: &str = r#"
note "agent.$BATCH_RIVAL $BATCH_UNIT"
edit s/var/let/
if test "$BATCH_RIVAL" != 1; then sign more; fi"#;

fn with_rivals(repo: &Repo) -> Migrate<'_> {
    let migrate = repo.migrate().saying("from var to let").agent(COMPETES);
    migrate.in_order().with(["--best-of", "2"])
}

/// How often each agent and check was started.
fn worked(repo: &Repo) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let text = fs::read_to_string(repo.root().join("worked")).unwrap_or_default();
    for line in text.lines() {
        *counts.entry(line.to_owned()).or_default() += 1;
    }
    counts
}

/// What a run leaves behind, without what varies from run to run.
#[derive(Debug, PartialEq)]
struct Left {
    trees: BTreeMap<String, String>,
    pages: usize,
    worktrees: bool,
}

fn left(repo: &Repo) -> Left {
    let trees = repo
        .pushed()
        .into_iter()
        .map(|branch| {
            let unit = branch.rsplit('/').next().unwrap_or_default().to_owned();
            let tree = repo.git(["rev-parse", &format!("{branch}^{{tree}}")]);
            (unit, tree)
        })
        .collect();
    let mut pages = repo.state_files(".md");
    pages.retain(|path| path.parent().is_some_and(|folder| folder.ends_with("prs")));
    Left {
        trees,
        pages: pages.len(),
        worktrees: repo.worktrees().exists(),
    }
}

/// The facts of the latest run, as the journal holds them, with the unit each is about.
fn facts(repo: &Repo) -> Vec<(Option<String>, String)> {
    let journal = rusqlite::Connection::open(repo.state().join("journal.db")).expect("the journal");
    let mut select = journal
        .prepare("SELECT unit, json_extract(fact, '$.fact') FROM events ORDER BY seq")
        .expect("the events");
    let rows = select
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("the events");
    rows.map(|row| row.expect("an event")).collect()
}

#[test]
fn wherever_a_run_is_killed_it_goes_on_to_the_same_end() {
    kill_everywhere(2, noting, |before, what, times, moment| {
        let (kind, unit) = what.split_once(' ').expect("kind and unit");
        let fact = match kind {
            "agent" => "agent-finished",
            _ => "check-finished",
        };
        let finished = before
            .iter()
            .any(|(of, said)| of.as_deref() == Some(unit) && said == fact);
        // Done again only where nobody knew that it was done.
        let most = 1 + usize::from(!finished);
        assert!(times <= most, "{what}: {times} times, killed at {moment}");
    });
}

#[test]
fn wherever_a_run_is_killed_no_attempt_is_paid_for_twice() {
    kill_everywhere(1, with_feedback, no_attempt_twice);
}

#[test]
fn wherever_a_run_is_killed_no_work_that_competes_is_paid_for_twice() {
    kill_everywhere(1, with_rivals, no_attempt_twice);
}

/// No attempt is begun again that was known to be finished.
fn no_attempt_twice(before: &[(Option<String>, String)], what: &str, times: usize, moment: &str) {
    let (attempt, unit) = what.split_once(' ').expect("attempt and unit");
    let number: usize = attempt
        .strip_prefix("agent.")
        .and_then(|number| number.parse().ok())
        .expect("an attempt");
    let finished = before
        .iter()
        .filter(|(of, said)| of.as_deref() == Some(unit) && said == "agent-finished")
        .count();
    let most = 1 + usize::from(finished < number);
    assert!(times <= most, "{what}: {times} times, killed at {moment}");
}

/// Kills a run before and after each of its events and has it go on. `paid` is told what was known before, who worked
/// and how often.
fn kill_everywhere(
    units: usize,
    migrate: fn(&Repo) -> Migrate<'_>,
    paid: impl Fn(&[(Option<String>, String)], &str, usize, &str) + Sync,
) {
    let whole = Repo::with_packages(units);
    let _ = migrate(&whole).run().exits(0);
    let end = left(&whole);
    assert_eq!((end.trees.len(), end.pages), (units, units));
    assert!(!end.worktrees);
    let events = facts(&whole).len();
    assert!(events > 20, "{events}");

    let moments: Vec<String> = (0..events)
        .flat_map(|event| [format!("{event}"), format!("{event}+")])
        .collect();
    let try_at = |moment: &String| {
        let repo = Repo::with_packages(units);
        migrate(&repo).killed_at(moment);
        if moment == "0" {
            // Nothing was written down, so nothing was begun.
            return;
        }
        let before = facts(&repo);
        let status = repo.batch(["status"]).exits(0);
        let again = repo.batch(["resume"]);
        if moment == &format!("{}+", events - 1) {
            // The very last event was written: the run had come to its end.
            again.exits(2).says("there is nothing to resume");
        } else {
            status.says("interrupted");
            again.exits(0).says(&format!("{units} of {units} unit"));
        }
        assert_eq!(left(&repo), end, "killed at {moment}");
        for (what, times) in worked(&repo) {
            paid(&before, &what, times, moment);
        }
    };
    // Two at a time: most of the time goes into waiting for the disk.
    std::thread::scope(|scope| {
        let halves = moments.chunks(moments.len().div_ceil(2));
        for half in halves {
            scope.spawn(|| half.iter().for_each(try_at));
        }
    });
}

#[test]
fn a_run_that_was_stopped_goes_on() {
    let repo = Repo::with_packages(3);
    let gate = repo.gate();
    let mut session = repo.migrate().agent(WAIT).units(3).in_order().start();
    gate.wait();
    session.interrupt();
    session.wait_for("Ctrl-C");
    gate.let_go("signed");
    let _ = session.finish().exits(130);
    assert_eq!(repo.pushed().len(), 1);

    let session = repo.start(["resume"]);
    for _ in 0..2 {
        gate.wait();
        gate.let_go("signed");
    }
    session.finish().exits(0).says("3 of 3 units published");
    assert_eq!(repo.pushed().len(), 3);
    repo.batch(["resume"])
        .exits(2)
        .says("there is nothing to resume");
}

/// Works the second time; the first time, it has a process of another session work for it, which tells of its start.
#[cfg(target_os = "linux")]
const SLEEPS_AT_FIRST: &str = r#"
if test -e "$0.again"; then
    sign
    exit
fi
touch "$0.again"
setsid sh -c 'echo $$ >"$0"; exec sleep 600' "$here/started""#;

#[test]
#[cfg(target_os = "linux")]
fn what_a_killed_run_left_running_is_ended_before_it_goes_on() {
    let repo = Repo::with_packages(1);
    let gate = repo.gate();
    let session = repo.migrate().agent(SLEEPS_AT_FIRST).start();
    let stray = gate.wait();
    session.kill();
    assert!(kill(stray, None).is_ok(), "the agent ended with the run");
    // Another repository may have a run and a unit of the same names.
    let environment = fs::read(format!("/proc/{stray}/environ")).expect("what the agent sees");
    let variables = environment.split(|byte| *byte == 0).filter_map(|variable| {
        let (name, value) = std::str::from_utf8(variable).ok()?.split_once('=')?;
        (name.starts_with("BATCH_") && name != "BATCH_REPOSITORY").then_some((name, value))
    });
    let other = repo.root().join("other/.git");
    fs::create_dir_all(&other).expect("another repository");
    let mut namesake = Command::new("sleep")
        .arg("600")
        .envs(variables)
        .env("BATCH_REPOSITORY", other)
        .spawn()
        .expect("a process of another run");

    repo.batch(["resume"])
        .exits(0)
        .says("1 of 1 unit published");
    let ended = namesake.try_wait().expect("our own child");
    namesake.kill().expect("our own child");
    namesake.wait().expect("our own child");
    assert_eq!(ended, None, "a process of another repository's run");
    // A zombie may be left to whoever adopted it, but nothing that works.
    let works =
        fs::read_to_string(format!("/proc/{stray}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    if works {
        let _ = kill(stray, Signal::SIGKILL);
    }
    assert!(!works, "the stray agent still works");
}

#[test]
fn a_run_that_goes_is_not_doubled() {
    let repo = Repo::with_packages(1);
    let gate = repo.gate();
    let session = repo.migrate().agent(WAIT).start();
    gate.wait();
    repo.batch(["resume"]).exits(2).says("is going already");
    gate.let_go("signed");
    let _ = session.finish();
}

#[test]
fn running_a_plan_again_tells_of_the_run_that_was_not_finished() {
    let repo = Repo::with_packages(2);
    noting(&repo).killed_at("9");
    let plan = repo.state_files("plan.toml").pop().expect("the plan");
    let plan = plan.to_string_lossy();
    let output = repo.run_saved(&plan).run();
    output.exits(0).says("is unfinished; batch resume");
}

#[test]
fn a_lock_of_gits_that_a_killed_run_left_stands_in_nobodys_way() {
    let repo = Repo::with_packages(2);
    noting(&repo).killed_at("1+");
    let runs = repo.state().join("runs");
    let run = fs::read_dir(runs).expect("the runs").next();
    let run = run.expect("a run").expect("a run").file_name();
    let branches = repo.dir().join(".git/refs/heads/batch").join(run);
    fs::create_dir_all(&branches).expect("the folder of the branches");
    fs::write(branches.join("01-packages-p0-index-js.lock"), "").expect("a lock");
    repo.batch(["resume"])
        .exits(0)
        .says("2 of 2 units published");
}

/// The first unit waits for ever, and the others for the test.
const WAITS: &str = r"
case $BATCH_UNIT in
01*) wait_forever ;;
*) wait_at_gate ;;
esac
sign";

#[test]
fn a_unit_that_a_person_ended_does_not_come_back_by_itself() {
    let repo = Repo::with_packages(2);
    let gate = repo.gate();
    repo.fifo("never");
    let session = repo.migrate().agent(WAITS).with(["-j", "2"]).start();
    gate.wait();
    let _ = repo.batch(["cancel", "--unit", "01"]).exits(0);
    session.kill();

    repo.program("agent", SIGN);
    repo.batch(["resume"]).says("1 of 2 units published");
    assert_eq!(repo.pushed().len(), 1);
    repo.batch(["resume"]).exits(2).says("nothing to resume");
    let _ = repo.batch(["retry", "01"]).exits(0);
    assert_eq!(repo.pushed().len(), 2);
}

/// Adds its line, and is killed the first time in the middle of its work.
const KILLED_HALF_WAY: &str = r#"
sign
if ! test -e "$here/seen"; then
    touch "$here/seen" half-done
    kill -9 $$
fi"#;

#[test]
fn a_command_that_is_killed_starts_again_from_a_clean_checkout() {
    let repo = Repo::with_packages(1);
    let migrate = repo.migrate().agent(KILLED_HALF_WAY);
    migrate.run().exits(0).says("1 of 1 unit published");
    signed_once(&repo, "var p0 = 0;\n// signed");
}

/// The lines of the one file that was published.
#[track_caller]
fn signed_once(repo: &Repo, text: &str) {
    let [branch] = &repo.pushed()[..] else {
        panic!("not one branch: {:?}", repo.pushed());
    };
    assert_eq!(repo.published(branch, "packages/p0/index.js"), text);
    assert_eq!(
        repo.published_changes(branch),
        "M\tpackages/p0/index.js",
        "what the killed command left"
    );
}

/// Adds a line, and another one after feedback; there it waits the first time in the middle of its work.
const WAITS_AFTER_FEEDBACK: &str = r#"
if test -z "${BATCH_FEEDBACK_FILE:-}"; then
    sign first
    exit
fi
sign second
if ! test -e "$here/seen"; then
    touch "$here/seen" half-done
    wait_at_gate
fi"#;

#[test]
fn a_command_in_a_further_attempt_starts_again_from_what_the_attempt_before_left() {
    let repo = Repo::with_packages(1);
    let gate = repo.gate();
    let check = "! grep -q first packages/p0/index.js || grep -q second packages/p0/index.js";
    let migrate = repo.migrate().agent(WAITS_AFTER_FEEDBACK).check(check);
    let session = migrate.with(["--attempts", "2"]).start();
    gate.wait();
    session.kill();
    repo.batch(["resume"])
        .exits(0)
        .says("1 of 1 unit published");
    signed_once(&repo, "var p0 = 0;\n// first\n// second");
}

/// Puts a commit of somebody on a branch of the run; returns the commit.
fn commit_of_somebody(repo: &Repo, branch: &str) -> String {
    let tree = repo.git(["rev-parse", "main^{tree}"]);
    let theirs = repo.git(["commit-tree", &tree, "-p", "main", "-m", "Mine"]);
    repo.git(["update-ref", &format!("refs/heads/{branch}"), &theirs]);
    theirs
}

#[test]
fn a_persons_commit_on_a_branch_of_the_run_is_never_overwritten() {
    // The agent has finished, its work is proven, and its commit is made.
    for (moment, said) in [
        ("5+", "failed at commit"),
        ("7+", "failed at commit"),
        ("9+", "failed at push"),
    ] {
        let repo = Repo::with_packages(1);
        let migrate = repo.migrate().agent(SIGN);
        migrate.killed_at(moment);
        let [branch] = &repo.branches()[..] else {
            panic!("not one branch: {:?}", repo.branches());
        };
        let theirs = commit_of_somebody(&repo, branch);
        let resumed = repo.batch(["resume"]).exits(1);
        resumed.says(said);
        resumed.says("(Ada");
        assert_eq!(repo.git(["rev-parse", branch]), theirs, "{moment}");
        assert_eq!(repo.pushed(), [""; 0], "{moment}");
    }
}

#[test]
fn a_persons_commit_is_not_described_as_the_work_of_the_unit() {
    let repo = Repo::with_packages(1);
    repo.git(["remote", "remove", "origin"]);
    let migrate = repo.migrate().agent(SIGN);
    let _ = migrate.with(["--dry-run"]).run().exits(0);
    let [branch] = &repo.branches()[..] else {
        panic!("not one branch: {:?}", repo.branches());
    };
    let theirs = commit_of_somebody(&repo, branch);
    let published = repo.batch(["publish", "--forge", "local"]);
    published.exits(1).says("(Ada");
    assert_eq!(repo.git(["rev-parse", branch]), theirs);
}
