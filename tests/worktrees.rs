//! The folders in which units work: how they are prepared, what happens when there is no room, and how they go away.

mod support;

use std::ffi::OsStr;
use std::path::Path;

use support::{Repo, SIGN};

#[test]
fn what_setup_changes_is_not_part_of_the_change() {
    let repo = Repo::with_packages(2)
        .file(".gitignore", "node_modules/\n")
        .file("lock", "1\n")
        .commit("More");
    repo.git(["push", "--quiet"]);
    let repo = repo.settings(
        "[worktrees]\nsetup = \"mkdir node_modules && echo dep >node_modules/dep && echo 2 >lock && echo left >left.txt\"\n",
    );
    let agent = format!("test -f node_modules/dep\ngrep -q 2 lock\n{SIGN}");
    let _ = repo.migrate_by(&agent, &[]).exits(0);

    let mut changes: Vec<String> = repo
        .pushed()
        .iter()
        .map(|branch| repo.published_changes(branch))
        .collect();
    changes.sort();
    assert_eq!(
        changes,
        ["M\tpackages/p0/index.js", "M\tpackages/p1/index.js"]
    );
}

#[test]
fn a_setup_that_fails_says_why_and_starts_no_agent() {
    let repo = Repo::with_packages(1);
    let output = repo
        .migrate_by(
            "touch started\nfalse",
            &["--setup", "echo 'no package index'; exit 4"],
        )
        .exits(1);
    output
        .says("the setup command failed")
        .says("no package index");
    let unit = "01-packages-p0-index-js";
    repo.batch(["logs", unit, "--of", "setup"])
        .exits(0)
        .says("no package index");
    repo.batch(["logs", unit, "--of", "agent"])
        .exits(2)
        .says("no log of that step");
}

#[test]
fn ignored_files_are_brought_along_and_never_published() {
    let repo = Repo::with_packages(1)
        .file(".gitignore", ".env*\ncache/\n")
        .commit("Ignore");
    repo.git(["push", "--quiet"]);
    let repo = repo
        .file(".worktreeinclude", ".env\ncache/\n")
        .file(".env", "KEY=1\n")
        .file(".env.local", "KEY=2\n")
        .file("cache/deep/er", "cached\n");
    let agent = format!(
        "grep -q KEY=1 .env\ngrep -q cached cache/deep/er\ntest ! -e .env.local\necho KEY=3 >.env\n{SIGN}"
    );
    let _ = repo.migrate_by(&agent, &[]).exits(0);

    assert_eq!(repo.read(".env"), "KEY=1\n");
    let branch = &repo.pushed()[0];
    assert_eq!(repo.published_changes(branch), "M\tpackages/p0/index.js");
}

#[test]
fn clean_deletes_what_is_published_and_only_moves_what_is_not() {
    let repo = Repo::with_packages(2);
    let agent = format!(
        "{SIGN}\nif test \"$BATCH_UNIT\" = 02-packages-p1-index-js; then echo stray >>README.md; fi"
    );
    let _ = repo
        .migrate_by(&agent, &["--units", "2", "--keep-worktrees"])
        .exits(1);
    let stands = || walkdir::WalkDir::new(repo.worktrees()).into_iter().count();
    let before = stands();

    repo.batch(["clean", "--dry-run"])
        .exits(0)
        .says("would delete: [TMP]/repo.batch/[RUN]/01-packages-p0-index-js")
        .says("would move to the trash: [TMP]/repo.batch/[RUN]/02-packages-p1-index-js");
    assert_eq!(stands(), before);

    repo.batch(["clean"]).exits(0).says("--empty-trash");
    assert!(!repo.worktrees().exists());
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
    let stray = repo.state_files("README.md");
    assert_eq!(stray.len(), 1, "{stray:?}");
    assert!(repo.read(&stray[0]).contains("stray"));

    repo.batch(["clean", "--empty-trash", "--dry-run"])
        .exits(0)
        .says("would delete 1 worktree from the trash");
    assert!(stray[0].exists());
    repo.batch(["clean", "--empty-trash"])
        .exits(0)
        .says("deleted 1 worktree from the trash");
    assert!(!stray[0].exists());
    // The published branch is the user's now.
    assert_eq!(repo.branches().len(), 1);
}

#[test]
fn a_place_for_worktrees_that_two_units_would_share_is_refused() {
    let repo = Repo::with_packages(1).settings("[worktrees]\ndir = \"../{repo}.work\"\n");
    repo.migrate_by(SIGN, &[]).exits(2).says("{run}");
}

/// Runs the program with a file system of `size` at `disk` that only it and its children see.
#[cfg(target_os = "linux")]
fn on_small_disk(
    repo: &Repo,
    disk: &Path,
    size: &str,
    program: impl AsRef<OsStr>,
    args: &[&str],
) -> std::process::Output {
    repo.command("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
        .arg(format!(
            "mount -t tmpfs -o size={size} tmpfs \"$0\" && exec \"$@\""
        ))
        .arg(disk)
        .arg(program)
        .args(args)
        .output()
        .expect("unshare starts")
}

#[test]
#[cfg(target_os = "linux")]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn a_disk_that_fills_up_in_a_checkout_fails_the_unit_and_leaves_nothing() {
    let repo = Repo::with_packages(1)
        .file(
            "large.txt",
            "a line of some length, again and again\n".repeat(20_000),
        )
        .commit("Grow");
    repo.git(["push", "--quiet"]);
    let repo = repo.settings("[worktrees]\ndir = \"../small/{run}/{unit}\"\n");
    let disk = repo.root().join("small");
    std::fs::create_dir(&disk).expect("a folder");
    let probe = on_small_disk(&repo, &disk, "300k", "true", &[]);
    if !probe.status.success() {
        eprintln!("skipped: unshare may not mount a file system of its own here");
        return;
    }
    let agent = repo.program("agent", SIGN);
    let output = on_small_disk(
        &repo,
        &disk,
        "300k",
        assert_cmd::cargo::cargo_bin("batch"),
        &[
            "migrate",
            "packages/",
            "sign every file",
            "--yes",
            "--no-checks",
            "--agent-cmd",
            &agent.to_string_lossy(),
        ],
    );
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said.contains("the disk is full: "), "{said}");
    assert_eq!(repo.branches(), Vec::<String>::new());
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
}
