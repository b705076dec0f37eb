//! What a run and its agents may take: where a limit is reached, nothing further is begun, and nothing is lost.

use std::fs;

use crate::support::session::in_time;
use crate::support::{Repo, SIGN};

/// Signs its files, and says that it cost half a dollar and 1000 tokens.
fn costly() -> String {
    format!(
        r#"echo '{{"input_tokens": 900, "output_tokens": 100, "cost_usd": 0.5}}' >"$BATCH_USAGE_FILE"
echo "$BATCH_UNIT" >>"$(dirname "$0")/worked"
{SIGN}"#
    )
}

#[test]
fn when_the_budget_is_spent_nothing_further_is_begun_and_more_money_goes_on() {
    let repo = Repo::with_packages(4);
    let more = ["--units", "4", "-j", "1", "--budget", "1usd"];
    let output = repo.migrate_by(&costly(), &more).exits(1);
    output
        .says("2 of 4 units published, 2 skipped (budget used up)")
        .says("skipped: budget")
        .says("skipped, because the run's budget of $1.00 is used up ($1.00): 03-packages-p2-index-js, 04-");
    assert!(output.stderr().contains("no further unit is started"));
    assert_eq!(repo.worked().len(), 2);
    let report = repo.report();
    assert_eq!(report["units"][2]["outcome"], "left-out");
    assert_eq!(report["totals"]["left_out"], 2);

    // What was spent counts on: without more money nothing is begun.
    let _ = repo.batch(["resume"]).exits(1);
    assert_eq!(repo.worked().len(), 2);
    let output = repo.batch(["resume", "--budget", "10usd"]).exits(0);
    output.says("4 of 4 units published");
    assert_eq!(repo.worked().len(), 4);
}

#[test]
fn tokens_are_counted_like_money() {
    let repo = Repo::with_packages(3);
    let more = ["--units", "3", "-j", "1", "--max-tokens", "1k"];
    let output = repo.migrate_by(&costly(), &more).exits(1);
    output
        .says("1 of 3 units published, 2 skipped (tokens used up)")
        .says("the run's 1000 tokens are used up (1000)");
}

#[test]
fn a_run_whose_time_is_over_lets_running_units_finish() {
    let repo = Repo::with_packages(2);
    let (started, go) = (repo.fifo("started"), repo.fifo("go"));
    let agent = format!(
        "echo $$ >'{}'\nread -r word <'{}'\n{SIGN}",
        started.display(),
        go.display()
    );
    let more = ["--units", "2", "-j", "1", "--deadline", "1s"];
    let mut session = repo.start_by(&agent, &more);
    in_time("no agent was started", move || fs::read_to_string(started)).expect("the pipe");
    session.wait_for("the run's time of 1s is over");
    in_time("no agent waits", move || fs::write(go, "go\n")).expect("the pipe");
    let output = session.finish().exits(1);
    output.says("1 of 2 units published, 1 skipped (deadline)");
    output.says("skipped: deadline");
}

#[test]
fn what_is_no_amount_is_refused() {
    let repo = Repo::with_packages(1);
    for (flag, value, said) in [
        ("--budget", "20", "write it like 20usd"),
        ("--max-tokens", "many", "write it like 500k"),
        ("--attempts", "0", "--attempts"),
    ] {
        let output = repo.migrate_by(SIGN, &[flag, value]).exits(2);
        assert!(output.stderr().contains(said), "{output:?}");
    }
}
