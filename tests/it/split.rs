//! `batch split`: work that exists already, as a branch, a patch or a stash, is cut into units and published.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use insta::assert_snapshot;

use crate::support::{Output, Repo};

/// Long enough for git to see that it was renamed.
const LONG: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

/// A repository with a branch `big` of two commits that changes eight files of four folders: it edits, creates,
/// deletes, renames, rewrites a binary file, and makes a file executable.
fn with_big_branch() -> Repo {
    let repo = Repo::new()
        .file("a/one.txt", "one\n")
        .file("a/two.txt", "two\n")
        .file("b/run.sh", "true\n")
        .file("b/three.txt", "three\n")
        .file("c/logo.bin", [0, 1, 2, 0xff])
        .file("c/old.txt", LONG)
        .file("d/keep.txt", "keep\n")
        .commit("base")
        .with_remote();
    repo.git(["checkout", "--quiet", "-b", "big"]);
    let repo = repo
        .file("a/one.txt", "ONE\n")
        .file("a/two.txt", "TWO\r\n")
        .file("d/new.txt", format!("{LONG}10\n"))
        .file("d/added.txt", "added\n");
    repo.git(["rm", "--quiet", "c/old.txt"]);
    let repo = repo.commit("Move the old file");
    executable(&repo.dir().join("b/run.sh"));
    let repo = repo.file("c/logo.bin", [9, 0, 0xfe, 0]);
    repo.git(["rm", "--quiet", "b/three.txt"]);
    let repo = repo.file("d/keep.txt", "kept\n").commit("Tidy up");
    repo.git(["checkout", "--quiet", "main"]);
    repo
}

fn executable(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("the mode");
}

/// Splits with pages in the place of pull requests, and no checks.
fn split(repo: &Repo, words: &[&str]) -> Output {
    let usual = ["--yes", "--forge", "local", "--no-checks"];
    repo.batch(["split"].iter().chain(words).chain(&usual))
}

/// What all published branches together make of main: the id of the tree.
fn merged(repo: &Repo) -> String {
    repo.git(["fetch", "--quiet", "origin"]);
    repo.git(["checkout", "--quiet", "-B", "all", "origin/main"]);
    for branch in repo.pushed() {
        let branch = format!("origin/{branch}");
        repo.git(["merge", "--quiet", "--message", "merged", &*branch]);
    }
    let tree = repo.git(["rev-parse", "HEAD^{tree}"]);
    repo.git(["checkout", "--quiet", "main"]);
    tree
}

fn tree(repo: &Repo, revision: &str) -> String {
    repo.git(["rev-parse", &format!("{revision}^{{tree}}")])
}

/// The changes of all published branches, sorted.
fn all_changes(repo: &Repo) -> String {
    let pushed = repo.pushed();
    let changes = pushed.iter().map(|branch| repo.published_changes(branch));
    let changes: Vec<String> = changes.collect();
    let mut lines: Vec<&str> = changes.iter().flat_map(|it| it.lines()).collect();
    lines.sort_unstable_by_key(|line| line.rsplit('\t').next());
    lines.join("\n")
}

#[test]
fn the_units_of_a_branch_are_together_the_branch() {
    let repo = with_big_branch();
    let output = split(&repo, &["big"]).exits(0);
    assert_snapshot!(output.printed(), @"
    run [RUN] · ended
    Move the old file; Tidy up

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-a │ published │ #1 │ – │ [DURATION]
     02-b │ published │ #2 │ – │ [DURATION]
     03-c-logo-bin │ published │ #3 │ – │ [DURATION]
     04-c-old-txt-d-new-txt │ published │ #4 │ – │ [DURATION]
     05-d-added-keep │ published │ #5 │ – │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    5 of 5 units published · [DURATION]
    ");
    let whole = ["diff", "--name-status", "--no-renames", "main...big"];
    assert_eq!(all_changes(&repo), repo.git(whole));
    assert_eq!(merged(&repo), tree(&repo, "big"));
    let has = |branch: &&String, path: &str| repo.published_changes(branch).contains(path);
    let pushed = repo.pushed();
    let renamed = pushed.iter().find(|branch| has(branch, "c/old.txt"));
    assert!(has(&renamed.expect("the branch"), "d/new.txt"));
    assert_eq!(repo.report()["instruction"], "Move the old file; Tidy up");
    assert_snapshot!(repo.settled("1-a.md"), @r#"
    # a: Move the old file; Tidy up

    Pull request 1, open: `batch/[RUN]/01-a` → `main`

    ```text
    Move the old file; Tidy up
    ```

    This is one of 5 pull requests that together make this change. It covers `a`:
    2 files, 2 lines added, 2 removed.

    - `a`: `one.txt`, `two.txt`

    ---

    Made by batch [VERSION] with `existing work (big)`, run `[RUN]`, unit `01-a`, from `origin/main` at `[SHORT]`.

    <!-- batch {"schema":2,"run":"[RUN]","unit":"01-a","base":"[COMMIT]","claim":"[COMMIT]","checks":[]} -->
    "#);
}

#[test]
fn each_unit_is_checked_by_itself_and_an_agent_may_mend_what_fails() {
    let repo = with_big_branch();
    // The new file needs another one that is in another unit.
    let check = repo.program(
        "check",
        "test ! -e d/added.txt || grep -q ONE a/one.txt || { echo alone; exit 1; }",
    );
    let check = check.to_string_lossy();
    let words = ["split", "big", "--yes", "--forge", "local", "--units", "7"];
    let output = repo.batch(words.iter().copied().chain(["--check", &*check]));
    output.exits(1).says("6 of 7 units published, 1 failed");
    // It sees the work, and is told what failed.
    let agent = repo.program(
        "claude",
        r#"
input=$(cat)
note "$(cat d/added.txt)"
case $input in *alone*) mv d/added.txt d/mended.txt ;; esac
cat <<END
{"type":"system","subtype":"init","session_id":"s"}
END
tr -d '\n' <<END
{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"Done.","stop_reason":"end_turn",
"session_id":"s","total_cost_usd":0.1,"usage":{"input_tokens":4,"output_tokens":2}}
END
echo"#,
    );
    let agent = agent.to_string_lossy();
    let retry = [
        "retry",
        "--failed",
        "--agent",
        "claude",
        "--agent-cmd",
        &*agent,
    ];
    repo.batch(retry).exits(0).says("7 of 7 units published");
    assert_eq!(repo.worked(), ["added"]);
}

#[test]
fn a_pull_request_of_existing_work_has_no_agent_to_go_back_to() {
    let repo = with_big_branch();
    // It fails on the base too, so that it holds nothing back.
    let check = repo.program("check", "echo 'not ok 1 - old trouble'; exit 1");
    let check = check.to_string_lossy();
    let words = [
        "split", "big", "--yes", "--forge", "local", "--check", &*check,
    ];
    repo.batch(words).exits(0).says("5 of 5 units published");
    repo.batch(["prs", "fix", "01"])
        .exits(1)
        .says("existing work (big) is taken as it is, and no agent is there to change it");
    assert_eq!(merged(&repo), tree(&repo, "big"));
}

#[test]
fn a_killed_run_goes_on_although_its_branch_is_gone() {
    for event in ["1", "8", "15+", "26"] {
        let repo = with_big_branch();
        let (wanted, usual) = (
            tree(&repo, "big"),
            ["--yes", "--forge", "local", "--no-checks"],
        );
        let words = ["split", "big"].into_iter().chain(usual);
        let killed = repo.batch_with(words, &[("BATCH_CRASH", event)]);
        assert_eq!(killed.code(), -1, "{event}: {killed}");
        repo.git(["branch", "--quiet", "-D", "big"]);
        let resumed = repo.batch(["resume"]).exits(0);
        resumed.says("units published");
        assert_eq!(merged(&repo), wanted, "{event}");
    }
}

#[test]
fn a_branch_is_split_although_a_tag_has_its_name() {
    let repo = with_big_branch();
    repo.git(["tag", "big", "main"]);
    split(&repo, &["big", "--dry-run"])
        .exits(0)
        .says("5 of 5 units committed");
}

#[test]
fn patches_are_split_whether_mails_or_one_diff() {
    let repo = with_big_branch();
    let wanted = tree(&repo, "big");
    repo.git([
        "format-patch",
        "--quiet",
        "--output=../big.mbox",
        "main..big",
    ]);
    repo.git(["diff", "--binary", "--output=../big.diff", "main", "big"]);
    repo.git(["branch", "--quiet", "-D", "big"]);
    let mails = split(&repo, &["../big.mbox", "--dry-run"]).exits(0);
    mails.says("committed");
    assert_eq!(repo.report()["instruction"], "Move the old file; Tidy up");
    split(&repo, &["../big.diff", "Tidy everything"])
        .exits(0)
        .says("units published");
    assert_eq!(merged(&repo), wanted);
    assert_eq!(repo.report()["instruction"], "Tidy everything");
}

#[test]
fn a_patch_from_standard_input_becomes_a_plan() {
    let repo = with_big_branch();
    repo.git([
        "format-patch",
        "--quiet",
        "--output=../big.mbox",
        "main..big",
    ]);
    let mut command = repo.command(assert_cmd::cargo::cargo_bin("batch"));
    command.args(["split", "-", "-o", "../plan.toml", "--units", "2"]);
    command.stdin(std::fs::File::open(repo.root().join("big.mbox")).expect("the mails"));
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{output:?}");
    let plan = repo.read("../plan.toml");
    let (_, plan) = plan.split_once("[agent]").expect("an agent");
    let commit = regex::Regex::new("[0-9a-f]{40}").expect("a pattern");
    assert_snapshot!(commit.replace_all(plan, "[COMMIT]"), @r#"
    kind = "existing"
    from = "the patch"
    # The commit that holds the work. Every unit is its own files of it.
    work = "[COMMIT]"

    # 7 files, 23 lines, 63 bytes
    [[unit]]
    id = "01-a-b-c-d-new-txt"
    title = "a, b, c, d/new.txt"
    files = [
      "a/one.txt",
      "a/two.txt",
      "b/run.sh",
      "b/three.txt",
      "c/logo.bin",
      "c/old.txt",
      "d/new.txt",
    ]

    # 2 files, 2 lines, 11 bytes
    [[unit]]
    id = "02-d-added-keep"
    title = "d: added … keep"
    files = [
      "d/added.txt",
      "d/keep.txt",
    ]
    "#);
    let run = [
        "run",
        "../plan.toml",
        "--yes",
        "--forge",
        "local",
        "--no-checks",
    ];
    let other = run.iter().copied().chain(["--agent-cmd", "true"]);
    repo.batch(other).exits(2).says("it needs no agent");
    repo.batch(run).exits(0).says("2 of 2 units published");
    assert_eq!(merged(&repo), tree(&repo, "big"));
    repo.batch(["plan", "--holds", "../plan.toml"])
        .exits(2)
        .says("batch split --base");
}

#[test]
fn a_stash_is_split_with_its_untracked_files_and_may_be_dropped() {
    let repo = with_big_branch();
    repo.write("a/one.txt", "stashed\n");
    repo.write("b/untracked.txt", "untracked\n");
    repo.write("c/staged.txt", "staged\n");
    repo.git(["add", "c/staged.txt"]);
    repo.git([
        "stash",
        "push",
        "--quiet",
        "--include-untracked",
        "-m",
        "half a move",
    ]);
    let words = ["split", "stash@{0}", "-o", "../plan.toml"];
    repo.batch(words).exits(0).says("Saved as ../plan.toml");
    repo.git(["stash", "drop", "--quiet"]);
    repo.git(["gc", "--quiet", "--prune=now"]);
    let run = [
        "run",
        "../plan.toml",
        "--yes",
        "--forge",
        "local",
        "--no-checks",
    ];
    repo.batch(run).exits(0).says("3 of 3 units published");
    assert_eq!(
        all_changes(&repo),
        "M\ta/one.txt\nA\tb/untracked.txt\nA\tc/staged.txt"
    );
    assert_eq!(repo.report()["instruction"], "half a move");
}

#[test]
fn work_is_put_on_top_of_a_base_that_has_moved_on_unless_they_contradict() {
    let repo = with_big_branch();
    let long = LONG.replace('5', "five");
    let repo = repo.file("a/other.txt", "x\n").file("c/more.txt", &long);
    let repo = repo.commit("Meanwhile");
    repo.git(["push", "--quiet", "origin", "main"]);
    let output = split(&repo, &["big"]).exits(0);
    output.says("units published");
    let theirs = ["diff", "--quiet", "all", "big", "--", "a/one.txt", "d", "b"];
    merged(&repo);
    repo.git(theirs);
    assert_eq!(repo.git(["show", "all:c/more.txt"]) + "\n", long);

    let repo = repo.file("a/one.txt", "1\n").file("d/keep.txt", "no\n");
    let repo = repo.commit("Against it");
    repo.git(["push", "--quiet", "origin", "main"]);
    let before = repo.snapshot();
    split(&repo, &["big"]).exits(2).says(
        "big and origin/main changed the same places of a/one.txt, d/keep.txt since they parted",
    );
    assert_eq!(repo.snapshot(), before);
    assert_eq!(
        repo.batch(["list"])
            .exits(0)
            .stdout()
            .matches("[RUN]")
            .count(),
        1
    );
}

#[test]
fn what_cannot_be_split_is_refused_in_one_sentence() {
    let repo = with_big_branch();
    let refused = |word: &str| {
        let output = split(&repo, &[word]);
        assert_eq!(output.code(), 2, "{output}");
        output.stderr()
    };
    repo.write("../text.patch", "no patch\n");
    repo.git(["diff", "--output=../late.diff", "big", "main"]);
    assert_snapshot!(refused("main"), @"error: main changes nothing that origin/main does not have, so there is \
        nothing to split; --base names another commit to compare with");
    assert_snapshot!(refused("bgi"), @"error: there is no branch, stash or patch file \"bgi\"");
    assert_snapshot!(refused("stash@{7}"), @"error: there is no branch, stash or patch file \"stash@{7}\"");
    assert_snapshot!(refused("../text.patch"), @"error: ../text.patch cannot be put onto origin/main: it is no \
        patch that git can read: No valid patches in input");
    assert_snapshot!(refused("../late.diff"), @"error: ../late.diff cannot be put onto origin/main: patch \
        failed: a/one.txt:1; --base names the commit that it was made for");
    let with = |more: &[&str]| {
        let words: Vec<&str> = ["big"].iter().chain(more).copied().collect();
        split(&repo, &words).exits(2).stderr()
    };
    assert_snapshot!(with(&["--integrate", "x"]), @"error: --integrate is for agents, and work that exists already \
        has none: split without it, and let an agent do that afterwards");
    assert_snapshot!(with(&["--best-of", "2"]), @"error: --best-of is for agents: a codemod, and work that exists \
        already, are the same every time");
    repo.write("a/one.txt", "dirty\n");
    assert_snapshot!(refused("HEAD"), @"error: HEAD leaves out what is not committed in your checkout: commit or \
        stash it first, or name the branch to split its commits alone");
    assert!(repo.pushed().is_empty() && repo.branches().is_empty());
}

#[test]
fn work_that_no_plan_needs_is_let_go() {
    let repo = with_big_branch();
    let words = ["split", "big", "-o", "-"];
    let plan = repo.batch(words).exits(0);
    assert!(plan.raw().contains("kind = \"existing\""));
    let pinned = || {
        repo.git(["for-each-ref", "refs/batch/work/"])
            .lines()
            .count()
    };
    assert_eq!(pinned(), 1);
    repo.batch(["clean"])
        .exits(0)
        .says("which no run and no saved plan needs");
    assert_eq!(pinned(), 0);
    let _ = repo.batch(["split", "big", "-o", "../plan.toml"]).exits(0);
    let _ = repo.batch(["clean"]).exits(0);
    assert_eq!(pinned(), 1);
    std::fs::remove_file(repo.root().join("plan.toml")).expect("the plan");
    let _ = repo.batch(["clean"]).exits(0);
    assert_eq!(pinned(), 0);
    split(&repo, &["big", "--dry-run"])
        .exits(0)
        .says("units committed");
    let _ = repo.batch(["clean"]).exits(0);
    assert_eq!(pinned(), 1);
}
