//! What a run and its agents may take: where a limit is reached, nothing further is begun, and nothing is lost.

use insta::assert_snapshot;

use crate::support::agents::WAIT;
use crate::support::{Repo, SIGN};

/// Signs its files, and says that it cost half a dollar and 1000 tokens.
const COSTLY: &str = r#"
use_up '"input_tokens": 900, "output_tokens": 100, "cost_usd": 0.5'
note
sign"#;

#[test]
fn when_the_budget_is_spent_nothing_further_is_begun_and_more_money_goes_on() {
    let repo = Repo::with_packages(4);
    let migrate = repo.migrate().agent(COSTLY).units(4).in_order();
    let output = migrate.with(["--budget", "1usd"]).run().exits(1);
    assert_snapshot!(output.printed(), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time │ tokens │ cost
    ──┼──┼──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ – │ [DURATION] │ 1k │ $0.50
     02-packages-p1-index-js │ published │ #2 │ – │ [DURATION] │ 1k │ $0.50
     03-packages-p2-index-js │ skipped: budget │ – │ – │ – │ – │ –
     04-packages-p3-index-js │ skipped: budget │ – │ – │ – │ – │ –

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ! skipped, because the run's budget of $1.00 is used up ($1.00): 03-packages-p2-index-js, \
        04-packages-p3-index-js

    → batch resume [RUN]  (03-packages-p2-index-js, 04-packages-p3-index-js; add a larger --budget)

    2 of 4 units published, 2 skipped (budget used up) · [DURATION] · 2k tokens, $1.00
    ");
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
    let migrate = repo.migrate().agent(COSTLY).units(3).in_order();
    let output = migrate.with(["--max-tokens", "1k"]).run().exits(1);
    assert_snapshot!(output.printed(), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time │ tokens │ cost
    ──┼──┼──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ – │ [DURATION] │ 1k │ $0.50
     02-packages-p1-index-js │ skipped: tokens │ – │ – │ – │ – │ –
     03-packages-p2-index-js │ skipped: tokens │ – │ – │ – │ – │ –

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ! skipped, because the run's 1000 tokens are used up (1000): 02-packages-p1-index-js, \
        03-packages-p2-index-js

    → batch resume [RUN]  (02-packages-p1-index-js, 03-packages-p2-index-js; add a larger --max-tokens)

    1 of 3 units published, 2 skipped (tokens used up) · [DURATION] · 1k tokens, $0.50
    ");
}

#[test]
fn a_run_whose_time_is_over_lets_running_units_finish() {
    let repo = Repo::with_packages(2);
    let gate = repo.gate();
    let migrate = repo.migrate().agent(WAIT).units(2).in_order();
    let mut session = migrate.with(["--deadline", "1s"]).start();
    gate.wait();
    session.wait_for("the run's time of 1s is over");
    gate.let_go("signed");
    let output = session.finish().exits(1);
    assert_snapshot!(output.printed(), @"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ – │ [DURATION]
     02-packages-p1-index-js │ skipped: deadline │ – │ – │ –

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ! skipped, because the run's time of [DURATION] is over: 02-packages-p1-index-js

    → batch resume [RUN]  (02-packages-p1-index-js; add a --deadline for the rest)

    1 of 2 units published, 1 skipped (deadline) · [DURATION]
    ");
}

#[test]
fn what_is_no_amount_is_refused() {
    let repo = Repo::with_packages(1);
    let mut seen = repo.transcript();
    for (flag, value) in [
        ("--budget", "20"),
        ("--max-tokens", "many"),
        ("--attempts", "0"),
    ] {
        let migrate = repo.migrate().agent(SIGN);
        seen.add(&migrate.with([flag, value]).run());
    }
    assert_snapshot!(seen, @r#"
    $ batch migrate packages/ 'sign every file' --yes --forge local --agent-cmd [TMP]/agent --no-checks \
    >     --budget 20
    ! error: invalid value '20' for '--budget <MONEY>': "20" is not an amount of money: write it like \
    !     20usd or 0.50usd
    !
    ! For more information, try '--help'.
    [exit code 2]

    $ batch migrate packages/ 'sign every file' --yes --forge local --agent-cmd [TMP]/agent --no-checks \
    >     --max-tokens many
    ! error: invalid value 'many' for '--max-tokens <N>': "many" is not a number of tokens: write it like \
    !     500k or 2M
    !
    ! For more information, try '--help'.
    [exit code 2]

    $ batch migrate packages/ 'sign every file' --yes --forge local --agent-cmd [TMP]/agent --no-checks \
    >     --attempts 0
    ! error: invalid value '0' for '--attempts <N>': number would be zero for non-zero type
    !
    ! For more information, try '--help'.
    [exit code 2]
    "#);
}

/// A program that asks its model again and again: each time it runs `answer`, and `$n` is the number of the answer.
fn runaway(begin: &str, answer: &str) -> String {
    format!(
        "cat >/dev/null\nnote\n{begin}\nn=0\nwhile :; do\n    n=$((n + 1))\n    {answer}\n    sleep 0.1\ndone"
    )
}

/// Prints what Claude prints; each answer reads 1400 tokens.
fn runaway_claude() -> String {
    runaway(
        r#"echo '{"type":"system","subtype":"init","session_id":"s"}'
usage='"usage":{"input_tokens":1000,"cache_read_input_tokens":400,"cache_creation_input_tokens":0,"output_tokens":1}'"#,
        r#"echo '{"type":"assistant","message":{"id":"m'$n'","content":[],'"$usage"'}}'"#,
    )
}

/// Prints what Codex prints, and keeps the file of its session; each answer reads 1400 tokens.
fn runaway_codex() -> String {
    runaway(
        r#"day="$CODEX_HOME/sessions/2026/11/30"
mkdir -p "$day"
echo '{"type":"thread.started","thread_id":"t1"}'
item='"type":"command_execution","command":"true"'"#,
        r#"total='"total_token_usage":{"input_tokens":'$((n * 1400))',"cached_input_tokens":0,"output_tokens":30}'
    count='"payload":{"type":"token_count","info":{'$total'}}'
    echo '{"type":"event_msg",'"$count"'}' >>"$day/rollout-2026-11-30T17-02-45-t1.jsonl"
    echo '{"type":"item.started","item":{"id":"'$n'",'"$item"'}}'
    echo '{"type":"item.completed","item":{"id":"'$n'",'"$item"'}}'"#,
    )
}

#[test]
fn a_limit_of_the_run_stops_agents_while_they_work() {
    let repo = Repo::with_packages(2);
    let migrate = repo.migrate().agent(&runaway_claude()).units(2);
    let more = ["--agent", "claude", "-j", "2", "--max-tokens", "20k"];
    let output = migrate.with(more).run().exits(1);
    output.says("skipped, because the run's 20000 tokens are used up (");
    let report = repo.report();
    let used = report["usage"]["input_tokens"]
        .as_u64()
        .expect("the tokens");
    assert!((20_000..60_000).contains(&used), "{used}");
    for unit in [0, 1] {
        assert_eq!(report["units"][unit]["outcome"], "left-out");
    }
    // With the same limit nothing starts again; with a higher one both units go on.
    let _ = repo.batch(["resume"]).exits(1);
    assert_eq!(repo.worked().len(), 2);
    let _ = repo.batch(["resume", "--max-tokens", "100k"]).exits(1);
    assert_eq!(repo.worked().len(), 4);
}

#[test]
fn a_limit_of_an_agent_stops_it_while_it_works() {
    let repo = Repo::with_packages(1);
    let migrate = repo.migrate().agent(&runaway_claude());
    let more = ["--agent", "claude", "--agent-tokens", "5k"];
    let output = migrate.with(more).run().exits(1);
    output.says("stopped because it reached its limit of 5000 tokens");
}

#[test]
fn codex_counts_by_its_items_and_by_its_session_file() {
    for (flag, limit, said) in [
        (
            "--agent-tokens",
            "5k",
            "it reached its limit of 5000 tokens",
        ),
        ("--agent-turns", "4", "it reached its limit of turns"),
    ] {
        let repo = Repo::with_packages(1);
        let home = repo.root().join("codex");
        let migrate = repo.migrate().agent(&runaway_codex());
        let migrate = migrate.env("CODEX_HOME", home.to_str().expect("a path"));
        let output = migrate.with(["--agent", "codex", flag, limit]).run();
        output.exits(1).says(said);
        let used = repo.report()["usage"]["input_tokens"].as_u64();
        assert!(used.is_some_and(|used| used < 15_000), "{used:?}");
    }
}

#[test]
fn an_agent_that_tells_its_usage_too_late_for_a_limit_is_named_before_the_run() {
    let repo = Repo::with_packages(1);
    let migrate = repo.migrate().agent(SIGN).with(["--max-tokens", "1k"]);
    let output = migrate.run().exits(0);
    output.says("tells of its tokens only when a turn ends, or never");
    let output = repo.migrate().agent(SIGN).run().exits(0);
    assert!(!output.said().contains("tells of its"), "{output:?}");
}

#[test]
fn units_that_all_take_too_long_are_failures_of_one_reason() {
    let repo = Repo::with_packages(5);
    let never = repo.fifo("never");
    let agent = format!(
        "echo \"$BATCH_UNIT\" | tr 0123456789 abcdefghij\nread -r word <'{}'",
        never.display()
    );
    let migrate = repo.migrate().agent(&agent).units(5).in_order();
    let output = migrate.with(["--agent-timeout", "500ms"]).run().exits(1);
    output.says(
        "the first units all failed for the same reason (agent: stopped because it was not done",
    );
}
