//! One unit first: the others are begun when somebody has accepted what it did.

use std::fs;

use insta::assert_snapshot;

use crate::support::{Migrate, Repo};

/// Signs its files, and keeps what it was told.
const KEEPS_ITS_PROMPT: &str = r#"
note
cp "$BATCH_PROMPT_FILE" "$here/prompt-$BATCH_UNIT"
sign"#;

/// Three units by this agent, one of them first.
fn canary<'a>(repo: &'a Repo, agent: &str) -> Migrate<'a> {
    let migrate = repo.migrate().agent(agent).units(3);
    migrate.with(["--canary"])
}

#[test]
fn without_a_terminal_the_canary_waits_and_nothing_is_published() {
    let repo = Repo::with_packages(3);
    // Killed at its beginning and gone on with, the run has neither a terminal nor consent.
    canary(&repo, KEEPS_ITS_PROMPT).killed_at("0+");
    let output = repo.batch(["resume"]).exits(3);
    assert_snapshot!(output.printed(), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ skipped: canary │ – │ – │ –
     02-packages-p1-index-js │ withheld │ – │ – │ [DURATION]
     03-packages-p2-index-js │ skipped: canary │ – │ – │ –

    ! skipped, because the canary has not been accepted yet: 01-packages-p0-index-js, \
        03-packages-p2-index-js
    ! withheld, because the canary has not been accepted yet: 02-packages-p1-index-js

    → batch resume [RUN] --yes  (01-packages-p0-index-js, 02-packages-p1-index-js, \
        03-packages-p2-index-js)

    0 of 3 units published, 1 withheld, 2 skipped (canary not accepted) · [DURATION]

    diff --git a/packages/p1/index.js b/packages/p1/index.js
    index [SHORT]..[SHORT] 100644
    --- a/packages/p1/index.js
    +++ b/packages/p1/index.js
    @@ -1 +1,2 @@
     var p1 = 1;
    +// signed
    ");
    assert_eq!(repo.worked().len(), 1);
    assert!(repo.pushed().is_empty());

    // Asked again, there still is nobody.
    let output = repo.batch(["resume"]);
    assert_snapshot!(output, @r"
    $ batch resume

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ skipped: canary │ – │ – │ –
     02-packages-p1-index-js │ withheld │ – │ – │ [DURATION]
     03-packages-p2-index-js │ skipped: canary │ – │ – │ –

    ! skipped, because the canary has not been accepted yet: 01-packages-p0-index-js, \
        03-packages-p2-index-js
    ! withheld, because the canary has not been accepted yet: 02-packages-p1-index-js

    → batch resume [RUN] --yes  (01-packages-p0-index-js, 02-packages-p1-index-js, \
        03-packages-p2-index-js)

    0 of 3 units published, 1 withheld, 2 skipped (canary not accepted) · [DURATION]

    diff --git a/packages/p1/index.js b/packages/p1/index.js
    index [SHORT]..[SHORT] 100644
    --- a/packages/p1/index.js
    +++ b/packages/p1/index.js
    @@ -1 +1,2 @@
     var p1 = 1;
    +// signed
    ! +[DURATION]  run [RUN] continues: 3 units to do, [JOBS] at once
    ! +[DURATION]  no further unit is started: the canary has not been accepted yet
    ! +[DURATION]  01-packages-p0-index-js  skipped: the canary has not been accepted yet
    ! +[DURATION]  02-packages-p1-index-js  worktree
    ! +[DURATION]  02-packages-p1-index-js  withheld · [DURATION]
    ! +[DURATION]  03-packages-p2-index-js  skipped: the canary has not been accepted yet
    ! report: [TMP]/repo/.git/batch/runs/[RUN]/report.md
    ! failures: [TMP]/repo/.git/batch/runs/[RUN]/migration-failures.md
    !
    ! Forecast for the other 2 units, [JOBS] at once: about [DURATION].
    ! No further unit was started, because there is no terminal to accept the canary at. Continue with \
    !     the others: batch resume [RUN] --yes
    [exit code 3]
    ");
    assert_eq!((repo.worked().len(), repo.pushed().len()), (1, 0));

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
    let output = canary(&repo, KEEPS_ITS_PROMPT).run().exits(0);
    output.says("3 of 3 units published");
    assert!(
        output.stderr().contains("the canary is accepted"),
        "{output:?}"
    );

    let repo = Repo::with_packages(3);
    let bad = format!("{KEEPS_ITS_PROMPT}\nexit 1");
    let output = canary(&repo, &bad).run().exits(1);
    output.says("1 failed, 2 skipped (canary not accepted)");
    assert!(output.stderr().contains("did not succeed"), "{output:?}");
    assert_eq!(repo.worked().len(), 1);
}
