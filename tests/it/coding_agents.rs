//! Programs that speak as Claude Code does, and what becomes of what they say, print and claim.

use crate::support::Repo;

/// A program that speaks as Claude Code does. Its `work` may set what it says (`SAY`), and the status of its
/// provider's answer (`STATUS`), with which it fails.
pub fn claude(work: &str) -> String {
    format!(
        r#"
cat >"$here/prompt-$BATCH_UNIT"
note
SAY='Signed every file.' STATUS=null ERROR=false
echo '{{"type":"system","subtype":"init","session_id":"s"}}'
{work}
test "$STATUS" = null || ERROR=true
end='"type":"result","subtype":"success","stop_reason":"end_turn","session_id":"s"'
used='"usage":{{"input_tokens":9,"output_tokens":1}}'
echo '{{'"$end,$used"',"is_error":'$ERROR',"api_error_status":'$STATUS',"result":"'"$SAY"'"}}'"#
    )
}

#[test]
fn a_usage_limit_whose_end_is_unknown_pauses_the_run_and_fails_nothing() {
    let repo = Repo::with_packages(4);
    let limited = claude(r#"SAY="You've hit your usage limit. Try again later." STATUS=429"#);
    let migrate = repo.migrate().agent(&limited).units(4).in_order();
    let mut session = migrate.with(["--agent", "claude"]).start();
    session.wait_for("interrupted, starts again in 30m");
    session.interrupt();
    session.wait_for("Ctrl-C again");
    session.interrupt();
    let output = session.finish().exits(130);
    let said = output.stderr();
    assert!(said.contains("no agent is started before"), "{said}");
    let why = "the account has reached its usage limit: You've hit your usage limit";
    assert!(said.contains(why), "{said}");
    assert_eq!(repo.worked().len(), 1);
    assert_eq!(repo.report()["units"][0]["outcome"], "stopped");
}

#[test]
fn a_program_that_asks_a_person_instead_of_working_fails_with_its_question() {
    let repo = Repo::with_packages(1);
    let asks =
        "cat >/dev/null; echo 'Do you trust the files in this folder?'; echo ' 1. Yes, proceed'";
    let migrate = repo.migrate().agent(asks);
    let output = migrate.with(["--agent", "claude"]).run().exits(1);
    output.says("it printed: Do you trust the files in this folder? / 1. Yes, proceed");
    let logs = repo.batch(["logs", "p0"]).exits(0).stdout();
    assert!(logs.contains("Do you trust the files"), "{logs}");
}

#[test]
fn a_program_that_only_prints_that_it_is_not_logged_in_ends_the_run() {
    let repo = Repo::with_packages(3);
    let asks = "cat >/dev/null; note; echo 'Invalid API key · Please run /login'";
    let migrate = repo.migrate().agent(asks).units(3).in_order();
    let output = migrate.with(["--agent", "claude"]).run().exits(1);
    output.says("3 skipped (agent refused)");
    assert_eq!(repo.worked().len(), 1);
}

/// Is red wherever somebody worked.
const RED: &str = r#"
test "$BATCH_UNIT" != .base || exit 0
echo check >>"$(dirname "$0")/checked"
echo 'never right'; exit 1"#;

#[test]
fn an_attempt_that_changes_nothing_is_not_checked_again_and_gets_one_new_session() {
    let repo = Repo::with_packages(1);
    let check = repo.program("check", RED);
    // It works once, and then only says that it did.
    let once = claude(
        r#"echo "resumed: $*" | grep -o 'resumed:\|--resume' | tr '\n' ' ' >>"$here/starts"
echo >>"$here/starts"
test -e "$here/once" || { echo '// signed' >>packages/p0/index.js; touch "$here/once"; }"#,
    );
    let migrate = repo.migrate().agent(&once).check(&check.to_string_lossy());
    let output = migrate.with(["--agent", "claude", "--attempts", "9"]).run();
    let output = output.exits(1);
    output.says("the agent changed nothing in its last attempt, so the check was not run again");
    output.says("never right");
    let text = |name: &str| std::fs::read_to_string(repo.root().join(name)).unwrap_or_default();
    let starts = text("starts");
    let starts: Vec<&str> = starts.lines().map(str::trim).collect();
    assert_eq!(starts, ["resumed:", "resumed: --resume", "resumed:"]);
    // The first attempt, and once again to see whether it is flaky.
    assert_eq!(text("checked").lines().count(), 2);
    let prompt = text("prompt-01-packages-p0-index-js");
    assert!(
        prompt.contains("## Your files") && prompt.contains("never right"),
        "{prompt}"
    );
}
