//! The user's pre-push hook judges the files that are pushed, and holds no token.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::{Repo, SIGN};

fn hook(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("the folder of hooks");
    fs::write(path, format!("#!/bin/sh\n{text}\n")).expect("the hook");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("the hook's mode");
}

/// Passes where it sees the unit's files and commit and no token, and writes down what it is told.
const LOOKS: &str = r#"
grep -q signed packages/p*/index.js || exit 3
test -z "${GITHUB_TOKEN-}" || exit 4
read -r ref id to old
test "$(git rev-parse HEAD)" = "$id" || exit 5
echo "$1 $2 $ref $to $old" >>'SEEN'"#;

#[test]
fn the_hook_sees_the_files_and_the_push() {
    let repo = Repo::with_packages(2);
    let seen = repo.root().join("seen");
    let text = LOOKS.replace("SEEN", &seen.to_string_lossy());
    hook(&repo.dir().join(".git/hooks/pre-push"), &text);
    let migrate = repo.migrate().agent(SIGN).in_order();
    let _ = migrate.env("GITHUB_TOKEN", "secret").run().exits(0);
    assert_eq!(repo.pushed().len(), 2);
    let seen = fs::read_to_string(seen).expect("the hook ran");
    let address = repo.remote_dir().display().to_string();
    for (line, branch) in seen.lines().zip(repo.branches()) {
        let zeros = "0".repeat(40);
        let name = format!("refs/heads/{branch}");
        assert_eq!(line, format!("origin {address} {name} {name} {zeros}"));
    }
    assert_eq!(seen.lines().count(), 2);
}

#[test]
fn a_refusal_is_the_hooks_own_and_has_a_way_past() {
    let repo = Repo::with_packages(1);
    hook(
        &repo.dir().join(".git/hooks/pre-push"),
        "echo 'tickets are missing' >&2; exit 7",
    );
    let ended = repo.migrate().agent(SIGN).run().exits(1);
    insta::assert_snapshot!(ended.printed(), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ failed │ – │ – │ [DURATION]

    ✗ 01-packages-p0-index-js failed at push
      the pre-push hook of this repository refused the push: exit code 7
      run batch publish --no-verify to push without the hook
        │ tickets are missing
      log       batch logs 01-packages-p0-index-js  \
        ([TMP]/repo/.git/batch/runs/[RUN]/01-packages-p0-index-js/pre-push.log)
      changes   batch diff 01-packages-p0-index-js  ([TMP]/repo.batch/[RUN]/01-packages-p0-index-js)

    → batch publish [RUN]  (01-packages-p0-index-js)

    0 of 1 unit published, 1 failed · [DURATION]
    ");
    assert!(repo.pushed().is_empty());
    let _ = repo
        .batch(["publish", "--no-verify", "--forge", "local"])
        .exits(0);
    assert_eq!(repo.pushed().len(), 1);
}

/// A tool such as husky keeps hooks in a tracked folder, or in one that it makes in the user's checkout alone.
#[test]
fn a_relative_folder_of_hooks_is_the_checkouts_or_the_users() {
    for tracked in [true, false] {
        let repo = Repo::with_packages(1).file(".gitignore", ".made/\n");
        let (folder, text) = (if tracked { ".hooks" } else { ".made" }, "exit 7");
        hook(&repo.dir().join(folder).join("pre-push"), text);
        let repo = repo.commit("Hooks");
        repo.git(["push", "--quiet", "--no-verify"]);
        repo.git(["config", "core.hooksPath", folder]);
        let ended = repo.migrate().agent(SIGN).run();
        ended.says("the pre-push hook of this repository refused the push: exit code 7");
    }
}

/// Git starts a hook without an interpreter's name with a shell.
#[test]
fn a_hook_may_lack_the_name_of_its_interpreter() {
    let repo = Repo::with_packages(1);
    let path = repo.dir().join(".git/hooks/pre-push");
    hook(&path, "");
    fs::write(&path, "grep -q signed packages/p0/index.js || exit 3\n").expect("the hook");
    let _ = repo.migrate().agent(SIGN).run().exits(0);
    assert_eq!(repo.pushed().len(), 1);
}

#[test]
fn the_hook_runs_also_where_the_checkout_is_gone() {
    let repo = Repo::with_packages(1);
    let _ = repo
        .migrate()
        .agent(SIGN)
        .with(["--dry-run"])
        .run()
        .exits(0);
    let _ = repo.batch(["clean", "--all"]).exits(0);
    hook(
        &repo.dir().join(".git/hooks/pre-push"),
        "grep -q signed packages/p0/index.js",
    );
    let _ = repo.batch(["publish", "--forge", "local"]).exits(0);
    assert_eq!(repo.pushed().len(), 1);
    assert!(!repo.worktrees().exists());
}
