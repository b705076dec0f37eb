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
    assert_snapshot!(output.printed(), @r"
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ – │ [DURATION]
     02-packages-p1-index-js │ skipped: deadline │ – │ – │ –

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ! skipped, because the run's time of [DURATION] is over: 02-packages-p1-index-js

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
