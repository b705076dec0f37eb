//! A run while it goes: seen from a second terminal, and ended before its time.

use std::fs;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::support::session::{Session, in_time};
use crate::support::{Repo, SIGN};

/// A run of three units, one at a time, whose agents tell of their start and wait to be let go.
struct Waiting {
    repo: Repo,
    session: Session,
    /// The first agent's process.
    agent: Pid,
    started: PathBuf,
    go: PathBuf,
}

impl Waiting {
    fn start() -> Self {
        let repo = Repo::with_packages(3);
        let started = repo.fifo("started");
        let go = repo.fifo("go");
        let agent = format!(
            "echo $$ >'{}'\nread -r word <'{}'\nxargs -0 sh -c 'for file; do echo \"// $0\" >>\"$file\"; done' \"$word\" <\"$BATCH_FILES\"",
            started.display(),
            go.display()
        );
        let session = repo.start_by(&agent, &["--units", "3", "-j", "1"]);
        let pid = read(&started).trim().parse().expect("a process id");
        Self {
            repo,
            session,
            agent: Pid::from_raw(pid),
            started,
            go,
        }
    }

    /// Waits until the next agent has begun.
    fn next(&self) {
        read(&self.started);
    }

    /// Lets the agent that waits do its work.
    fn let_go(&self) {
        let go = self.go.clone();
        in_time("no agent waits", move || fs::write(go, "signed\n")).expect("the pipe");
    }
}

fn read(fifo: &Path) -> String {
    let path = fifo.to_owned();
    in_time("no agent was started", move || fs::read_to_string(path)).expect("the pipe")
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
    output.says("1 of 3 units published, 2 stopped");
    assert_eq!(run.repo.pushed().len(), 1);
}

#[test]
fn ctrl_c_twice_ends_the_running_agent_too() {
    let mut run = Waiting::start();
    run.session.interrupt();
    run.session.wait_for("Ctrl-C");
    run.session.interrupt();

    let output = run.session.finish().exits(130);
    output.says("0 of 3 units published, 3 stopped");
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

    repo.batch(["status"]).exits(0).says("interrupted");
    repo.batch(["clean", "--all"])
        .exits(0)
        .says("moved to the trash");
    assert!(!repo.worktrees().exists());
    repo.migrate_by(SIGN, &["--units", "3"])
        .exits(0)
        .says("3 of 3 units published");
    assert_eq!(repo.pushed().len(), 3);
}

#[test]
fn a_detached_run_goes_on_by_itself() {
    let repo = Repo::with_packages(1);
    let (started, go) = (repo.fifo("started"), repo.fifo("go"));
    let agent = format!(
        "echo $$ >'{}'\nread -r word <'{}'\nxargs -0 sed -i.bak s/var/let/ <\"$BATCH_FILES\"\nfind . -name '*.bak' -exec rm {{}} +",
        started.display(),
        go.display()
    );
    let output = repo.migrate_by(&agent, &["--detach"]).exits(0);
    output.says("continues in the background");
    read(&started);
    repo.batch(["status"]).exits(0).says("1 running");
    in_time("no agent waits", move || fs::write(go, "go\n")).expect("the pipe");
    // Each question takes its time; a run that never ends runs out of them.
    let ended = (0..2_000).any(|_| repo.batch(["status"]).said().contains("· ended"));
    assert!(ended, "the run never ended");
    repo.batch(["status"])
        .exits(0)
        .says("1 of 1 unit published");
    assert_eq!(repo.pushed().len(), 1);
}

#[test]
fn another_terminal_can_stop_it() {
    let run = Waiting::start();
    run.repo
        .batch(["cancel"])
        .exits(0)
        .says("is being stopped; batch resume continues it");
    let output = run.session.finish().exits(130);
    output.says("0 of 3 units published, 3 stopped");
    assert_eq!(kill(run.agent, None), Err(Errno::ESRCH));
    run.repo.batch(["cancel"]).exits(2).says("has ended");
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
    run.repo
        .batch(["skip", "01"])
        .exits(2)
        .says("has already started: batch cancel --unit 01-packages-p0-index-js stops it");
    run.repo
        .batch_with(["skip", "03"], &[("USER", "ada")])
        .exits(0)
        .says("is skipped");
    run.repo
        .batch(["cancel", "--unit", "01"])
        .exits(0)
        .says("is stopped; the others go on");
    assert_eq!(kill(run.agent, None), Err(Errno::ESRCH));
    run.next();
    run.repo
        .batch(["cancel", "--unit", "03"])
        .exits(2)
        .says("has already ended: skipped");
    run.let_go();
    let output = run.session.finish().exits(1);
    output.says("1 of 3 units published, 1 stopped, 1 skipped");
    output.says("03-packages-p2-index-js was skipped on request (batch skip, ada)");

    // What was stopped goes on; what was skipped does not, unless it is named.
    let resumed = run.repo.start(["resume"]);
    read(&run.started);
    let go = run.go.clone();
    in_time("no agent waits", move || fs::write(go, "signed\n")).expect("the pipe");
    resumed
        .finish()
        .exits(0)
        .says("2 of 3 units published, 1 skipped");
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

#[test]
fn the_logs_of_a_unit_are_followed_until_it_ends() {
    let repo = Repo::with_packages(1);
    let (started, go) = (repo.fifo("started"), repo.fifo("go"));
    let agent = format!(
        "echo I begin\necho $$ >'{}'\nread -r word <'{}'\necho I was told $word\n{SIGN}",
        started.display(),
        go.display()
    );
    let check = "echo I check; tail -n 1 packages/p0/index.js";
    let session = repo.start_by(&agent, &["--check", check]);
    read(&started);
    let mut logs = repo.start(["logs", "-f", "01"]);
    let mut json = repo.start(["logs", "--follow", "01", "--json", "--of", "agent"]);
    logs.wait_for_output("I begin");
    json.wait_for_output(r#"{"log":"agent","text":"I begin"}"#);
    in_time("no agent waits", move || fs::write(go, "so\n")).expect("the pipe");
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
    repo.git(["config", "filter.wait.smudge", &filter]);
    let agent = repo.program("agent", SIGN);
    let args = [
        "migrate",
        "packages/",
        "sign",
        "--no-checks",
        "--yes",
        "--agent-cmd",
    ];
    let mut session = repo.start(
        args.map(std::ffi::OsStr::new)
            .into_iter()
            .chain([agent.as_os_str()]),
    );
    assert_eq!(read(&begun), "begun\n");
    session.interrupt();
    session.wait_for("Ctrl-C");
    session.interrupt();
    session.finish().exits(130).says("1 stopped");

    // Lets go what still waits.
    drop(fs::File::options().read(true).write(true).open(&end));
    repo.git(["config", "filter.wait.smudge", "cat"]);
    repo.batch(["resume"])
        .exits(0)
        .says("1 of 1 unit published");
}

#[test]
fn two_runs_in_one_repository_work_side_by_side() {
    let repo = Repo::with_packages(4);
    let start = |to: &str| {
        let to = format!("{to} $A = $B");
        let mut args = vec!["migrate", "packages/", "x", "--yes", "--no-checks"];
        args.extend(["--forge", "local", "--units", "4"]);
        args.extend(["--rewrite", "var $A = $B", "--to", &to]);
        repo.start(args)
    };
    let (one, other) = (start("let"), start("const"));
    for session in [one, other] {
        session.finish().exits(0).says("4 of 4 units published");
    }
    assert_eq!(repo.pushed().len(), 8);
}
