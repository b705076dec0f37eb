//! A run while it goes: seen from a second terminal, and ended before its time.

use std::fs;

use insta::assert_snapshot;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::support::agents::WAIT;
use crate::support::gate::{Gate, read};
use crate::support::session::Session;
use crate::support::{Repo, SIGN};

/// A run of three units, one at a time, whose agents tell of their start and wait to be let go.
struct Waiting {
    repo: Repo,
    session: Session,
    /// The first agent's process.
    agent: Pid,
    gate: Gate,
}

impl Waiting {
    fn start() -> Self {
        let repo = Repo::with_packages(3);
        let gate = repo.gate();
        let session = repo.migrate().agent(WAIT).units(3).in_order().start();
        Self {
            agent: gate.wait(),
            repo,
            session,
            gate,
        }
    }

    /// Waits until the next agent has begun.
    fn next(&self) {
        self.gate.wait();
    }

    /// Lets the agent that waits do its work.
    fn let_go(&self) {
        self.gate.let_go("signed");
    }
}

#[test]
fn a_second_terminal_sees_how_far_it_is() {
    let mut run = Waiting::start();
    run.repo.batch(["status"]).exits(0).says("1 running");
    run.session.interrupt();
    run.session.wait_for("Ctrl-C");
    run.let_go();
    let _ = run.session.finish().exits(130);
}

#[test]
fn ctrl_c_once_lets_the_running_unit_finish_and_starts_no_other() {
    let mut run = Waiting::start();
    run.session.interrupt();
    run.session.wait_for("Ctrl-C");
    run.let_go();

    let output = run.session.finish().exits(130);
    assert_snapshot!(output.printed(), @"

    run [RUN] · stopped
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ – │ [DURATION]
     02-packages-p1-index-js │ stopped │ – │ – │ –
     03-packages-p2-index-js │ stopped │ – │ – │ –

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ! stopped before the end: 02-packages-p1-index-js, 03-packages-p2-index-js

    → batch resume [RUN]  (02-packages-p1-index-js, 03-packages-p2-index-js)

    1 of 3 units published, 2 stopped · [DURATION]
    ");
    assert_eq!(run.repo.pushed().len(), 1);
}

#[test]
fn ctrl_c_twice_ends_the_running_agent_too() {
    let mut run = Waiting::start();
    run.session.interrupt();
    run.session.wait_for("Ctrl-C");
    run.session.interrupt();

    let output = run.session.finish().exits(130);
    assert_snapshot!(output.printed(), @"

    run [RUN] · stopped
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ stopped │ – │ – │ [DURATION]
     02-packages-p1-index-js │ stopped │ – │ – │ –
     03-packages-p2-index-js │ stopped │ – │ – │ –

    ! stopped before the end: 01-packages-p0-index-js, 02-packages-p1-index-js, 03-packages-p2-index-js

    → batch resume [RUN]  (01-packages-p0-index-js, 02-packages-p1-index-js, 03-packages-p2-index-js)

    0 of 3 units published, 3 stopped · [DURATION]
    ");
    assert_eq!(run.repo.pushed(), Vec::<String>::new());
    assert_eq!(kill(run.agent, None), Err(Errno::ESRCH));
}

#[test]
fn after_a_kill_it_is_said_cleaned_and_done_anew() {
    let run = Waiting::start();
    let Waiting {
        repo,
        session,
        agent,
        ..
    } = run;
    session.kill();
    // Nobody was left to end the agent.
    let _ = killpg(agent, Signal::SIGKILL);

    let mut seen = repo.transcript();
    seen.batch(["status"]);
    seen.batch(["clean", "--all"]);
    assert_snapshot!(seen, @r"
    $ batch status
    run [RUN] · interrupted [DURATION] ago: its process is gone
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ agent │ – │ – │ [DURATION]
     02-packages-p1-index-js │ waiting │ – │ – │ –
     03-packages-p2-index-js │ waiting │ – │ – │ –

    → batch resume [RUN]  (01-packages-p0-index-js, 02-packages-p1-index-js, 03-packages-p2-index-js)

    0 of 3 units published, 1 interrupted, 2 not started · [DURATION]

    $ batch clean --all
    ! moved to the trash: [TMP]/repo.batch/[RUN]/01-packages-p0-index-js
    !   to get it back: git -C [TMP]/repo worktree add --quiet --detach --no-checkout \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js [COMMIT] && cp -a \
    !     [TMP]/repo/.git/batch/trash/batch-[RUN]-01-packages-p0-index-js/. \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js && git -C \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js reset --quiet
    ! unpublished work stays in [TMP]/repo/.git/batch/trash until batch clean --empty-trash
    ");
    assert!(!repo.worktrees().exists());
    repo.migrate()
        .agent(SIGN)
        .units(3)
        .run()
        .exits(0)
        .says("3 of 3 units published");
    assert_eq!(repo.pushed().len(), 3);
}

#[test]
fn a_detached_run_goes_on_by_itself() {
    let repo = Repo::with_packages(1);
    let gate = repo.gate();
    let output = repo.migrate().agent(WAIT).with(["--detach"]).run().exits(0);
    output.says("continues in the background");
    let seen = repo.batch(["status"]).exits(0);
    assert!(!seen.printed().contains("interrupted"), "{seen}");
    let watching = repo.start(["status", "--watch"]);
    gate.wait();
    repo.batch(["status"]).exits(0).says("1 running");
    gate.let_go("signed");
    // Each question takes its time; a run that never ends runs out of them.
    let ended = (0..2_000).any(|_| repo.batch(["status"]).said().contains("· ended"));
    assert!(ended, "the run never ended");
    let watched = watching.finish().exits(0);
    watched.says("1 of 1 unit published");
    repo.batch(["status"])
        .exits(0)
        .says("1 of 1 unit published");
    assert_eq!(repo.pushed().len(), 1);
}

/// A git that fails from the moment when a run is recorded.
const GIT_THAT_BREAKS: &str = r#"
for plan in "$here"/repo/.git/batch/runs/*/plan.toml; do
    test ! -e "$plan" || { echo 'this git is broken' >&2; exit 1; }
done
export PATH="${PATH#*:}"
exec git "$@""#;

#[test]
fn a_run_that_does_not_start_in_the_background_says_why() {
    let repo = Repo::with_packages(1);
    fs::create_dir(repo.root().join("bin")).expect("a folder");
    let git = repo.program("git-that-breaks", GIT_THAT_BREAKS);
    let git = format!("#!/bin/sh\nexec '{}' \"$@\"\n", git.display());
    let path = repo.root().join("bin/git");
    fs::write(&path, git).expect("the program");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&path, mode).expect("the mode");
    let path = std::env::var("PATH").expect("a path");
    let path = format!("{}:{path}", repo.root().join("bin").display());
    let migrate = repo.migrate().agent(SIGN).env("PATH", &path);
    let output = migrate.with(["--detach"]).run().exits(2);
    output.says("this git is broken");
    output.says("did not start in the background");
}

#[test]
fn nohup_keeps_a_run_alive_when_its_terminal_hangs_up() {
    let repo = Repo::with_packages(1);
    let gate = repo.gate();
    let session = repo.migrate().agent(WAIT).start_by("nohup");
    gate.wait();
    session.hang_up();
    gate.let_go("signed");
    session.finish().exits(0).says("1 of 1 unit published");
}

#[test]
fn a_run_ends_when_its_terminal_hangs_up() {
    let run = Waiting::start();
    run.session.hang_up();
    let _ = run.session.finish().exits(130);
    assert_eq!(kill(run.agent, None), Err(Errno::ESRCH));
}

#[test]
fn another_terminal_can_stop_it() {
    let run = Waiting::start();
    let mut seen = run.repo.transcript();
    seen.batch(["cancel"]);
    let output = run.session.finish().exits(130);
    output.says("0 of 3 units published, 3 stopped");
    assert_eq!(kill(run.agent, None), Err(Errno::ESRCH));
    seen.batch(["cancel"]);
    assert_snapshot!(seen, @r"
    $ batch cancel
    ! run [RUN] is being stopped; batch resume continues it

    $ batch cancel
    ! error: run [RUN] has ended
    [exit code 2]
    ");
}

#[test]
fn another_terminal_can_let_it_run_out() {
    let run = Waiting::start();
    let said = run
        .repo
        .batch(["cancel", "--drain", "--json"])
        .exits(0)
        .json();
    assert!(
        said["done"]
            .as_str()
            .is_some_and(|done| done.ends_with("starts no further unit"))
    );
    run.let_go();
    let output = run.session.finish().exits(130);
    output.says("1 of 3 units published, 2 stopped");
}

#[test]
fn one_unit_is_stopped_and_another_skipped_while_the_rest_goes_on() {
    let run = Waiting::start();
    let mut seen = run.repo.transcript();
    seen.batch(["skip", "01"]);
    seen.add(&run.repo.batch_with(["skip", "03"], &[("USER", "ada")]));
    seen.batch(["cancel", "--unit", "01"]);
    assert_eq!(kill(run.agent, None), Err(Errno::ESRCH));
    run.next();
    seen.batch(["cancel", "--unit", "03"]);
    assert_snapshot!(seen, @r"
    $ batch skip 01
    ! error: unit 01-packages-p0-index-js has already started: batch skip --running \
    !     01-packages-p0-index-js goes on without it, and batch cancel --unit 01-packages-p0-index-js stops \
    !     it until batch resume
    [exit code 2]

    $ batch skip 03
    ! unit 03-packages-p2-index-js is skipped

    $ batch cancel --unit 01
    ! unit 01-packages-p0-index-js is stopped; the others go on

    $ batch cancel --unit 03
    ! error: unit 03-packages-p2-index-js has already ended: skipped
    [exit code 2]
    ");
    run.gate.let_go("signed");
    let output = run.session.finish().exits(1);
    assert_snapshot!(output.printed(), @"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ stopped │ – │ – │ [DURATION]
     02-packages-p1-index-js │ published │ #2 │ – │ [DURATION]
     03-packages-p2-index-js │ skipped │ – │ – │ –

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ! 03-packages-p2-index-js was skipped on request (batch skip, ada)
    ! stopped before the end: 01-packages-p0-index-js

    → batch retry 01-packages-p0-index-js --run [RUN]  (01-packages-p0-index-js)
    → batch retry 03-packages-p2-index-js --run [RUN]  (03-packages-p2-index-js)

    1 of 3 units published, 1 stopped, 1 skipped · [DURATION]
    ");

    // A unit that was stopped or skipped by name starts again only when it is named.
    let resumed = run.repo.batch(["resume"]);
    resumed.exits(2).says("there is nothing to resume");
    let retried = run.repo.start(["retry", "01"]);
    run.gate.wait();
    run.gate.let_go("signed");
    retried
        .finish()
        .exits(0)
        .says("2 of 3 units published, 1 skipped");
}

#[test]
fn a_run_goes_on_without_a_unit_that_runs() {
    let run = Waiting::start();
    let skip = ["skip", "--running", "01"];
    let _ = run.repo.batch_with(skip, &[("USER", "ada")]).exits(0);
    assert_eq!(kill(run.agent, None), Err(Errno::ESRCH));
    for _ in ["02", "03"] {
        run.next();
        run.let_go();
    }
    let output = run.session.finish().exits(0);
    let output = output.says("2 of 3 units published, 1 skipped");
    output.says("01-packages-p0-index-js was skipped on request (batch skip, ada)");
    let again = run.repo.batch(["resume"]);
    again.exits(2).says("there is nothing to resume");
}

#[test]
fn what_is_ready_is_published_while_the_run_goes_on() {
    let repo = Repo::with_packages(2);
    let gate = repo.gate();
    let migrate = repo.migrate().agent(WAIT).units(2).in_order();
    let mut session = migrate.with(["--publish", "after-all"]).start();
    gate.wait();
    gate.let_go("signed");
    // The first unit is done, and waits for the second one.
    gate.wait();
    assert_eq!(repo.pushed(), [""; 0]);
    repo.batch(["publish"])
        .exits(0)
        .says("publishes each unit as soon as it is ready");
    session.wait_for("01-packages-p0-index-js  published");
    assert_eq!(repo.pushed().len(), 1);
    gate.let_go("signed");
    session.finish().exits(0).says("2 of 2 units published");
}

#[test]
fn a_second_terminal_follows_it_to_the_end() {
    let run = Waiting::start();
    let mut watch = run.repo.start(["status", "--watch"]);
    watch.wait_for_output("01-packages-p0-index-js  agent");
    let json = run.repo.start(["status", "--watch", "--json"]);
    run.let_go();
    run.next();
    // The second begins while the first is still being published.
    watch.wait_for_output("01-packages-p0-index-js  published");
    let _ = run.repo.batch(["cancel"]).exits(0);
    let _ = run.session.finish().exits(130);
    watch
        .finish()
        .exits(0)
        .says("1 of 3 units published, 2 stopped");
    let lines = json.finish().exits(0);
    let facts: Vec<serde_json::Value> = lines
        .raw()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(facts.first().expect("a line")["fact"], "started");
    assert_eq!(facts.last().expect("a line")["fact"], "ended");
}

/// Says what happens to it.
const TALKS: &str = r#"
echo I begin
wait_at_gate
echo "I was told $word"
sign"#;

#[test]
fn the_logs_of_a_unit_are_followed_until_it_ends() {
    let repo = Repo::with_packages(1);
    let gate = repo.gate();
    let check = "echo I check; tail -n 1 packages/p0/index.js";
    let session = repo.migrate().agent(TALKS).check(check).start();
    gate.wait();
    let mut logs = repo.start(["logs", "-f", "01"]);
    let mut json = repo.start(["logs", "--follow", "01", "--json", "--of", "agent"]);
    logs.wait_for_output("I begin");
    json.wait_for_output(r#"{"log":"agent","text":"I begin"}"#);
    gate.let_go("so");
    let _ = session.finish().exits(0);
    let logs = logs.finish().exits(0);
    logs.says("I was told so");
    logs.says("── check-1 ──");
    logs.says("I check\n// signed\n");
    assert_eq!(
        json.finish().exits(0).raw(),
        "{\"log\":\"agent\",\"text\":\"I was told so\"}\n"
    );
}

#[test]
fn ctrl_c_twice_ends_within_five_seconds_what_cannot_be_stopped() {
    let repo = Repo::with_packages(1)
        .file(".gitattributes", "*.big filter=wait\n")
        .file("a.big", "x\n")
        .commit("Grow");
    repo.git(["push", "--quiet"]);
    let begun = repo.fifo("begun");
    let end = repo.fifo("end");
    // Git asks for the file's content, and nobody answers.
    let filter = format!("echo begun >'{}'; cat '{}'", begun.display(), end.display());
    repo.git(["config", "--global", "filter.wait.smudge", &filter]);
    let mut session = repo.migrate().agent(SIGN).anywhere().start();
    assert_eq!(read(&begun), "begun\n");
    session.interrupt();
    session.wait_for("Ctrl-C");
    session.interrupt();
    session.finish().exits(130).says("1 stopped");

    // Lets go what still waits.
    drop(fs::File::options().read(true).write(true).open(&end));
    repo.git(["config", "--global", "filter.wait.smudge", "cat"]);
    repo.batch(["resume"])
        .exits(0)
        .says("1 of 1 unit published");
}

#[test]
fn two_runs_in_one_repository_work_side_by_side() {
    let repo = Repo::with_packages(4);
    let start = |to: &str| {
        let migrate = repo.migrate().rewrite("var $A = $B", to);
        migrate.units(4).start()
    };
    let (one, other) = (start("let $A = $B"), start("const $A = $B"));
    for session in [one, other] {
        session.finish().exits(0).says("4 of 4 units published");
    }
    assert_eq!(repo.pushed().len(), 8);
}

/// A run whose process was killed, and whose agent works on.
#[cfg(target_os = "linux")]
fn orphaned() -> (Repo, Pid) {
    let run = Waiting::start();
    run.session.kill();
    (run.repo, run.agent)
}

/// Ended, or a zombie that nobody has collected.
#[cfg(target_os = "linux")]
fn has_ended(pid: Pid) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
}

#[test]
#[cfg(target_os = "linux")]
fn agents_that_a_killed_run_left_are_named_and_cancel_ends_them() {
    let (repo, agent) = orphaned();
    let status = repo.batch(["status"]).exits(0);
    status.says(&format!("01-packages-p0-index-js (process {agent})"));
    let report = repo.report();
    assert_eq!(report["left_processes"][0]["pid"], agent.as_raw());
    repo.batch(["cancel"]).exits(0).says("left working");
    assert!(has_ended(agent), "the agent works on");
    assert!(repo.report().get("left_processes").is_none());
    repo.batch(["cancel"]).exits(2).says("batch resume");
}

#[test]
#[cfg(target_os = "linux")]
fn no_worktree_is_taken_away_under_a_working_agent() {
    let (repo, agent) = orphaned();
    repo.batch(["clean"]).exits(0).says("can still be resumed");
    assert!(!has_ended(agent), "a run that could be resumed was touched");
    let dry = repo.batch(["clean", "--all", "--dry-run"]).exits(0);
    dry.says("would end what");
    assert!(!has_ended(agent), "a dry run ended it");
    repo.batch(["clean", "--all"])
        .exits(0)
        .says("moved to the trash");
    assert!(has_ended(agent), "the agent works on");
    assert!(!repo.worktrees().exists(), "the agent made it again");
}

#[test]
fn every_outcome_names_its_next_step() {
    let repo = Repo::with_packages(3);
    let agent = r#"
case "$BATCH_UNIT" in
a) echo first words; exit 3 ;;
esac
sign"#;
    let units: [(&str, &[&str]); 3] = [("a", &[]), ("b", &["a"]), ("c", &[])];
    let output = repo.run_plan(&units).agent(agent).run().exits(1);
    output.says("→ batch retry --failed");
    assert!(
        output.stderr().contains("migration-failures.md"),
        "{output}"
    );
    let page = repo.settled("migration-failures.md");
    for part in [
        "2 of 3 units did not come to a good end",
        "`a` failed at agent",
        "first words",
        "packages/p0/index.js",
        "`b` blocked",
        "it needs a",
        "Next: `batch retry --failed --run",
    ] {
        assert!(page.contains(part), "no {part}:\n{page}");
    }
    assert!(!page.contains("packages/p2"), "{page}");
    let next = repo.report()["units"][1]["next"].clone();
    assert!(
        next.as_str()
            .is_some_and(|it| it.starts_with("batch retry"))
    );

    repo.program("agent", SIGN);
    let _ = repo.batch(["retry", "--failed"]).exits(0);
    assert_eq!(repo.state_files("migration-failures.md").len(), 0);
}

#[test]
fn a_stopped_a_dry_and_an_unpublished_run_name_their_next_steps() {
    let run = Waiting::start();
    let _ = run.repo.batch(["cancel"]).exits(0);
    run.session.finish().exits(130).says("→ batch resume");

    let repo = Repo::with_packages(1);
    let migrate = repo.migrate().agent(SIGN);
    let dry = migrate.with(["--dry-run"]).run().exits(0);
    dry.says("→ batch publish");

    let repo = Repo::with_packages(1);
    repo.receive_by("exit 1");
    let refused = repo.migrate().agent(SIGN).run().exits(1);
    refused.says("failed at push");
    refused.says("→ batch publish");
    fs::remove_file(repo.remote_dir().join("hooks/pre-receive")).expect("the hook");
    repo.batch(["publish"])
        .exits(0)
        .says("1 of 1 unit published");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_device_does_not_spoil_a_good_run() {
    for json in [&[][..], &["--json"]] {
        let repo = Repo::with_packages(1);
        let migrate = repo.migrate().agent(SIGN).globally(json);
        let mut command = repo.command(assert_cmd::cargo::cargo_bin("batch"));
        command.args(migrate.words());
        let full = fs::File::create("/dev/full").expect("the device");
        let output = command.stdout(full).output().expect("the program");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("the output cannot be written"), "{said}");
        assert_eq!(repo.pushed().len(), 1);
    }
}
