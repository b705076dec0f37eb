//! Programs that speak as Claude Code does, and what becomes of what they say, print and claim.

use std::fs::OpenOptions;
use std::io::Write;

use crate::support::Repo;

/// A program that speaks as Claude Code does. Its `work` finds its one file as `FILE`, and may set what it says
/// (`SAY`), and the status of its provider's answer (`STATUS`), with which it fails.
pub fn claude(work: &str) -> String {
    format!(
        r#"
cat >"$here/prompt-$BATCH_UNIT"
note
package=${{BATCH_UNIT#*packages-p}}
FILE=packages/p${{package%%-*}}/index.js
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

/// Is green where a file holds what a worked example shows, and red for the same reason everywhere else.
const WANTS_ANOTHER_FORM: &str = r#"
test "$BATCH_UNIT" != .base || exit 0
grep -q mended packages/*/*.js || { echo 'FAIL: not the right form'; exit 1; }"#;

#[test]
fn a_run_that_nobody_watches_begins_with_one_unit_which_the_others_follow() {
    let repo = Repo::with_packages(5);
    let check = repo.program("check", WANTS_ANOTHER_FORM);
    // It finds the right form when it is told of the check, or has an example.
    let learns = claude(
        r#"word=wrong
if grep -q 'must pass does not pass\|+// mended' "$here/prompt-$BATCH_UNIT"; then word=mended; fi
echo "// $word" >>"$FILE""#,
    );
    let migrate = repo
        .migrate()
        .agent(&learns)
        .check(&check.to_string_lossy());
    let migrate = migrate.units(5).with(["--agent", "claude", "-j", "4"]);
    let output = migrate.run().exits(0);
    output.says("5 of 5 units published");
    assert!(output.stderr().contains("pilot first: 03-"), "{output:?}");
    let worked = repo.worked();
    assert_eq!(worked.len(), 6, "{worked:?}");
    assert_eq!(worked[0], worked[1]);
    assert!(worked[0].starts_with("03-"), "{worked:?}");

    // Where the pilots fail alike, the others do not start.
    let repo = Repo::with_packages(6);
    let check = repo.program("check", WANTS_ANOTHER_FORM);
    let never = claude(r#"echo '// wrong' >>"$FILE""#);
    let migrate = repo.migrate().agent(&never).check(&check.to_string_lossy());
    let migrate = migrate.units(6).with(["--agent", "claude", "-j", "4"]);
    let output = migrate.with(["--attempts", "2"]).run();
    output.exits(1).says("3 failed, 3 skipped");
    assert_eq!(repo.worked().len(), 6);
}

#[test]
fn after_three_first_attempts_that_fail_alike_one_unit_goes_on_for_the_others() {
    let repo = Repo::with_packages(6);
    let go = repo.fifo("go");
    // Held open, so that neither side waits for the other to open it.
    let mut go = OpenOptions::new()
        .read(true)
        .write(true)
        .open(go)
        .expect("the pipe");
    let check = repo.program("check", WANTS_ANOTHER_FORM);
    // The unit of p0 finds the right form the second time, and the others by its example. Whoever works a second time
    // waits until the run knows that the first attempts failed alike.
    let learns = claude(
        r#"word=wrong
if test -e "$here/began-$BATCH_UNIT"; then
    read -r go <"$here/go"
    test "$FILE" != packages/p0/index.js || word=mended
fi
touch "$here/began-$BATCH_UNIT"
if grep -q '+// mended' "$here/prompt-$BATCH_UNIT"; then word=mended; fi
echo "// $word" >>"$FILE""#,
    );
    let migrate = repo
        .migrate()
        .agent(&learns)
        .check(&check.to_string_lossy());
    let migrate = migrate.units(6).with(["--agent", "claude", "-j", "3"]);
    let mut session = migrate.with(["--no-pilot"]).start();
    session.wait_for("01-packages-p0-index-js goes on as pilot, the others wait");
    go.write_all(&b"go\n".repeat(18)).expect("the pipe");
    session.finish().exits(0).says("6 of 6 units published");
    let worked = repo.worked();
    // Two units may have begun their second attempt before the third one failed.
    assert!((9..=11).contains(&worked.len()), "{worked:?}");
    for unit in ["04-", "05-", "06-"] {
        let starts = worked.iter().filter(|it| it.starts_with(unit));
        assert_eq!(starts.count(), 1, "{worked:?}");
    }
}

#[test]
fn a_run_that_is_killed_while_its_pilot_works_goes_on_with_it() {
    let repo = Repo::with_packages(5);
    let signs = claude(r#"echo '// signed' >>"$FILE""#);
    let migrate = repo.migrate().agent(&signs).units(5);
    migrate.with(["--agent", "claude"]).killed_at("4+");
    let output = repo.batch(["resume"]).exits(0);
    output.says("5 of 5 units published");
    let worked = repo.worked();
    assert!(worked[0].starts_with("03-"), "{worked:?}");
}

#[test]
fn what_an_agent_claims_stands_beside_what_is_known() {
    let repo = Repo::with_packages(2);
    let words = "Migrated packages/p0/index.js and packages/p1/index.js. I ran the full suite: all 142 tests pass.";
    let boasts = claude(&format!(
        r#"echo '// signed' >>packages/p0/index.js
tool='"type":"tool_use","name":"Bash","input":{{"command":"sed -i s/a/b/ packages/p0/index.js"}}'
echo '{{"type":"assistant","message":{{"id":"m","content":[{{'"$tool"'}}]}}}}'
SAY='{words}'"#
    ));
    let migrate = repo.migrate().agent(&boasts).units(1);
    let output = migrate.with(["--agent", "claude"]).run().exits(0);
    let doubts = [
        "The agent says that tests pass, which is not checked: no check was run.",
        "The agent says that it ran tests, but no test command was run among its commands.",
        "The agent names files that are not changed: `packages/p1/index.js`.",
    ];
    output.says(doubts[0]);
    let report = repo.report();
    let page = report["units"][0]["pull_request"]["url"].as_str();
    let page = std::fs::read_to_string(page.expect("a page")).expect("the page");
    assert!(
        page.contains("### What the agent says (unverified)"),
        "{page}"
    );
    for doubt in doubts {
        assert!(page.contains(doubt), "{page}");
    }
    assert_eq!(
        report["units"][0]["doubts"].as_array().map(Vec::len),
        Some(3)
    );

    // The same words, where they are true.
    let repo = Repo::with_packages(2);
    let check = repo.program("check", "exit 0");
    let right = claude(&format!(
        r#"for file in packages/*/index.js; do echo '// signed' >>"$file"; done
tool='"type":"tool_use","name":"Bash","input":{{"command":"npm test"}}'
echo '{{"type":"assistant","message":{{"id":"m","content":[{{'"$tool"'}}]}}}}'
SAY='{words}'"#
    ));
    let migrate = repo
        .migrate()
        .agent(&right)
        .units(1)
        .check(&check.to_string_lossy());
    let _ = migrate.with(["--agent", "claude"]).run().exits(0);
    assert!(repo.report()["units"][0]["doubts"].is_null());
}
