//! Many pull requests against a server with limits like GitHub's, only faster: none is broken, also when the program is
//! killed in between, and none is opened twice.
#![allow(clippy::print_stderr, reason = "what was measured is shown")]

use std::collections::BTreeSet;
use std::time::Duration;

use crate::server::{GitHub, TOKEN};
use crate::support::Repo;
use crate::support::session::Session;

/// So much faster than on GitHub goes time.
struct ThrottleReason {
    units: usize,
    /// So many changes in so many milliseconds are allowed; the program does with a few less.
    changes: (usize, u64),
    killed_at: usize,
    ending: Ending,
}

enum Ending {
    Awaited,
    StopReason,
}

fn many(pace: &ThrottleReason) {
    let modules = (0..pace.units).map(|number| format!("src/m{number}.js"));
    let repo = modules
        .fold(Repo::new(), |repo, path| repo.file(path, "var m = 0;\n"))
        .commit("Start")
        .with_remote();
    let server = GitHub::of(&repo);
    let (most, time) = pace.changes;
    {
        let limits = &mut server.state().limits;
        limits.spacing = Some(Duration::from_millis(10));
        limits.changes = Some((most, Duration::from_millis(time)));
        // As on GitHub: ten times as many requests as changes.
        limits.requests = Some((10 * most as u64, time.div_ceil(1000)));
    }
    let budget = format!("{}/{time}", most - most / 20);
    let env = [
        ("GH_ENTERPRISE_TOKEN", TOKEN),
        ("BATCH_SPACING_MS", "10"),
        ("BATCH_BUDGET", &budget),
    ];
    let units = pace.units;
    let mut session = repo
        .migrate()
        .paths(["src/"])
        .regex("var ", "let ")
        .units(units)
        .with(["-j", "4", "--label", "migration"])
        .on_github()
        .env("BATCH_BUDGET", &budget)
        .start();
    published(&mut session, pace.killed_at);
    session.kill();

    // Some were published that nobody read of before the end of the first session; the label comes last.
    let done = |server: &GitHub| {
        let state = server.state();
        let labelled = state.pulls.iter().filter(|pull| !pull.labels.is_empty());
        labelled.count()
    };
    let left = pace.units - done(&server);
    let mut session = repo.start_with(["resume"], &env);
    published(&mut session, left / 3);
    let early = session.memory();
    published(&mut session, left - left / 3);
    let late = session.memory();
    // Many worktrees take long to delete.
    let all = format!("{units} of {units} units published");
    match pace.ending {
        Ending::Awaited => {}
        Ending::StopReason => {
            session.wait_for("deleting finished worktrees");
            session.interrupt();
        }
    }
    session.finish().exits(0).says(&all);

    let state = server.state();
    assert_eq!(state.limits.broken, [""; 0]);
    let heads: BTreeSet<&String> = state.pulls.iter().map(|pull| &pull.head).collect();
    assert_eq!((heads.len(), state.pulls.len()), (pace.units, pace.units));
    assert!(state.pulls.iter().all(|pull| pull.labels == ["migration"]));
    // What a hundred units take while they work is not flat; what they leave is.
    if let (Some(early), Some(late)) = (early, late) {
        assert!(
            late < early + 8 * 1024 * 1024,
            "{early} grew to {late} bytes"
        );
    }
    eprintln!(
        "{} requests, {early:?} and later {late:?} bytes",
        state.requests.len()
    );
}

/// Waits until so many more units have their pull request.
fn published(session: &mut Session, units: usize) {
    for _ in 0..units {
        session.wait_for("PR #");
    }
}

#[test]
fn two_dozen_break_no_limit_and_are_opened_once() {
    many(&ThrottleReason {
        units: 24,
        changes: (20, 1_000),
        killed_at: 9,
        ending: Ending::Awaited,
    });
}

/// Half of what GitHub takes in an hour, a hundred times as fast.
#[test]
#[ignore = "takes minutes"]
fn three_hundred_break_no_limit_and_are_opened_once() {
    many(&ThrottleReason {
        units: 300,
        changes: (250, 36_000),
        killed_at: 150,
        ending: Ending::StopReason,
    });
}
