use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::GitFolderChange;
use crate::git::fixture::{Fixture, repository};

fn sh(it: &Fixture, script: &str) {
    let done = Command::new("sh")
        .args(["-euc", script])
        .current_dir(it.repo.root())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(done.status.success(), "{script}: {done:?}");
}

/// What differs after the script.
fn changes(it: &Fixture, script: &str) -> Vec<GitFolderChange> {
    let before = it.repo.git_folder();
    // What a killed process left is the same.
    let text = serde_json::to_string(&before).unwrap();
    let before = serde_json::from_str(&text).unwrap();
    sh(it, script);
    it.repo
        .git_folder_changes(&before, |name| name == "refs/heads/batch/own")
}

/// The one change after the script, which its own command must undo.
#[track_caller]
fn undone(it: &Fixture, script: &str) -> GitFolderChange {
    let before = it.repo.git_folder();
    let found = changes(it, script);
    let [change] = &found[..] else {
        panic!("{script}: {found:?}");
    };
    sh(it, change.undo.as_deref().unwrap());
    let after = it.repo.git_folder_changes(&before, |_| false);
    assert_eq!(after, [], "{script}");
    change.clone()
}

fn identified() -> Fixture {
    let it = repository(&[("a.txt", "one\n")]);
    it.set_identity();
    it
}

fn common(it: &Fixture) -> &Path {
    it.repo.common_dir()
}

#[test]
fn every_change_of_a_setting_is_told_and_undone() {
    let it = identified();
    sh(
        &it,
        "git config pack.x one; git config --add multi.x 1; git config --add multi.x \"it's\"",
    );
    for (script, what) in [
        (
            "git config core.hooksPath .husky/_",
            "setting core.hooksPath was added (value .husky/_)",
        ),
        (
            "git config core.bare true",
            "setting core.bare was changed (earlier value false, value true)",
        ),
        (
            "git config core.worktree /nowhere",
            "setting core.worktree was added (value /nowhere)",
        ),
        (
            "git config --unset pack.x",
            "setting pack.x was removed (earlier value one)",
        ),
        (
            "git config --unset-all multi.x",
            "setting multi.x was removed (earlier value 1, it's)",
        ),
        (
            "git config --replace-all multi.x 2",
            "setting multi.x was changed (earlier value 1, it's, value 2)",
        ),
        (
            "git config 'a.it is; rm.x' 1",
            "setting a.it is; rm.x was added (value 1)",
        ),
    ] {
        let change = undone(&it, script);
        assert_eq!(change.what, what);
        assert!(change.holds_publishing);
    }
}

#[test]
fn what_a_branch_follows_holds_nothing() {
    let it = identified();
    let change = undone(&it, "git config branch.x.remote origin");
    assert!(!change.holds_publishing);
    let before = it.repo.git_folder();
    sh(&it, "git config branch.x.remote origin");
    assert_eq!(it.repo.decisive_changes(&before), []);
}

#[test]
fn the_same_settings_in_other_words_are_no_change() {
    let it = identified();
    let script = "git config x.y 1; git config --unset x.y; git config lfs.https://h/.access basic";
    assert_eq!(changes(&it, script), []);
}

#[test]
fn a_secret_is_never_told_nor_kept() {
    let it = identified();
    sh(
        &it,
        "git config remote.origin.url https://me:geheim@host/a.git",
    );
    let script = "git config remote.origin.url https://you:geheim@other/a.git
        git config http.https://host/.extraHeader 'AUTHORIZATION: basic geheim'
        git config url.https://x:geheim@host/.insteadOf https://host/";
    let before = it.repo.git_folder();
    let found = changes(&it, script);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(!format!("{found:?}").contains("geheim"), "{found:?}");
    for folder in [before, it.repo.git_folder()] {
        let kept = serde_json::to_string(&folder.decisive.settings).unwrap();
        // The name of a setting is the one place that cannot be without its address.
        assert!(
            !kept.replace("url.https://x:geheim@", "").contains("geheim"),
            "{kept}"
        );
    }
    assert!(found[1].what.contains("https://…@host/a.git"), "{found:?}");
    assert_eq!(found[1].undo, None);
}

#[test]
fn an_included_file_of_the_repository_counts() {
    let it = identified();
    let more = "git config include.path ../more.conf; git config --add include.path ../../out.conf";
    sh(&it, more);
    assert_eq!(
        changes(&it, "git config --file ../out.conf core.pager less"),
        []
    );
    let change = undone(&it, "git config --file more.conf core.pager less");
    let file = it.repo.root().join("more.conf");
    assert_eq!(
        change.what,
        format!(
            "setting core.pager in {} was added (value less)",
            file.display()
        )
    );
}

#[test]
fn settings_that_git_cannot_read_are_told() {
    let it = identified();
    let found = changes(&it, "echo '[' >>.git/config");
    assert!(
        found[0]
            .what
            .ends_with("were changed, and git cannot read them"),
        "{found:?}"
    );
    assert!(found[0].holds_publishing);
}

#[test]
fn hooks_are_told_wherever_they_lie_in_the_git_folder() {
    let it = identified();
    fs::create_dir_all(common(&it).join("own")).unwrap();
    sh(
        &it,
        "git config core.hooksPath \"$PWD/.git/own\"; mkdir -p .git/hooks",
    );
    for (script, what) in [
        ("echo >.git/hooks/pre-push", "hook pre-push was added"),
        ("echo >.git/own/pre-push", "hook own/pre-push was added"),
    ] {
        let change = undone(&it, script);
        assert_eq!(change.what, what);
        assert!(change.holds_publishing);
    }
    assert_eq!(
        changes(&it, "echo >.git/own/else; echo >.git/hooks/x.sample"),
        []
    );
    let hook = common(&it).join("hooks/pre-push");
    fs::write(&hook, "one").unwrap();
    assert_eq!(
        undone(&it, "chmod +x .git/hooks/pre-push").what,
        "hook pre-push can be run now"
    );
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let found = changes(&it, "echo two >.git/hooks/pre-push");
    assert_eq!(found[0].what, "hook pre-push was changed");
    let found = changes(&it, "rm .git/hooks/pre-push");
    assert_eq!(found[0].what, "hook pre-push was removed");
}

#[test]
fn refs_and_stashes_are_told_and_hold_nothing() {
    let it = identified();
    sh(
        &it,
        "git branch other; echo two >a.txt; git stash -q; echo three >a.txt; git stash -q",
    );
    let first = it.first.short();
    for (script, what) in [
        ("git branch new", format!("branch new was made at {first}")),
        ("git tag new", format!("tag new was made at {first}")),
        (
            "git branch -q -D other",
            format!("branch other was deleted; it was at {first}"),
        ),
        (
            "git update-ref refs/notes/x HEAD",
            format!("refs/notes/x was made at {first}"),
        ),
        ("git stash drop -q", "stash: 1 entry fewer".to_owned()),
    ] {
        let change = undone(&it, script);
        assert_eq!(change.what, what);
        assert!(!change.holds_publishing);
    }
    let found = changes(&it, "git stash clear; echo 4 >a.txt; git stash -q");
    let told: Vec<&str> = found.iter().map(|change| &*change.what).collect();
    assert_eq!(told, ["stash: 2 entries fewer", "stash: 1 entry more"]);
    let head = "git commit -q --allow-empty -m x";
    assert!(
        undone(&it, head)
            .what
            .contains(&format!("moved from {first} to "))
    );
    let others = "git update-ref refs/remotes/origin/x HEAD; git update-ref refs/batch/x HEAD
        git update-ref refs/heads/batch/own HEAD";
    assert_eq!(changes(&it, others), []);
}

#[test]
fn the_files_that_git_ignores_by_are_told() {
    let it = identified();
    let found = changes(
        &it,
        "echo '*.js' >>.git/info/exclude; echo '* -diff' >.git/info/attributes",
    );
    let told: Vec<&str> = found.iter().map(|change| &*change.what).collect();
    assert_eq!(
        told,
        ["info/attributes was added", "info/exclude was changed"]
    );
    assert!(found.iter().all(|change| !change.holds_publishing));
}
