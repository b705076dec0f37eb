//! One unit first: the others are begun when somebody has accepted what it did.

use std::fs;

use crate::support::{Repo, SIGN};

/// Signs its files, and keeps what it was told.
fn agent() -> String {
    format!(
        r#"here=$(dirname "$0")
echo "$BATCH_UNIT" >>"$here/worked"
cp "$BATCH_PROMPT_FILE" "$here/prompt-$BATCH_UNIT"
{SIGN}"#
    )
}

#[test]
fn without_a_terminal_the_canary_waits_and_nothing_is_published() {
    let repo = Repo::with_packages(3);
    // Killed at its beginning and gone on with, the run has neither a terminal nor consent.
    let args = repo.migration(&agent(), &["--units", "3", "--canary"]);
    let killed = repo.batch_with(args, &[("BATCH_CRASH", "0+")]);
    assert_eq!(killed.code(), -1, "{killed:?}");
    let output = repo.batch(["resume"]).exits(3);
    output.says("skipped: canary").says("withheld");
    assert_eq!(repo.worked().len(), 1);
    assert!(repo.pushed().is_empty());

    // Asked again, there still is nobody.
    let output = repo.batch(["resume"]).exits(3);
    assert!(
        output
            .stderr()
            .contains("no terminal to accept the canary at"),
        "{output:?}"
    );
    assert_eq!((repo.worked().len(), repo.pushed().len()), (1, 0));
    assert!(output.stdout().contains("+// signed"), "{output:?}");
    assert!(
        output.stderr().contains("Forecast for the other 2 units"),
        "{output:?}"
    );

    repo.batch(["resume", "--yes"])
        .exits(0)
        .says("3 of 3 units published");
    assert_eq!((repo.worked().len(), repo.pushed().len()), (3, 3));
    let prompts: Vec<String> = fs::read_dir(repo.root())
        .expect("the folder")
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("prompt-"))
        .map(|entry| fs::read_to_string(entry.path()).expect("a prompt"))
        .collect();
    let with_example = prompts
        .iter()
        .filter(|text| text.contains("## A worked example") && text.contains("+// signed"));
    assert_eq!((prompts.len(), with_example.count()), (3, 2));
}

#[test]
fn with_consent_a_good_canary_passes_and_a_bad_one_does_not() {
    let repo = Repo::with_packages(3);
    let more = ["--units", "3", "--canary"];
    let output = repo.migrate_by(&agent(), &more).exits(0);
    output.says("3 of 3 units published");
    assert!(
        output.stderr().contains("the canary is accepted"),
        "{output:?}"
    );

    let repo = Repo::with_packages(3);
    let bad = format!("{}\nexit 1", agent());
    let output = repo.migrate_by(&bad, &more).exits(1);
    output.says("1 failed, 2 skipped (canary not accepted)");
    assert!(output.stderr().contains("did not succeed"), "{output:?}");
    assert_eq!(repo.worked().len(), 1);
}
