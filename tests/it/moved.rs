//! Repositories that somebody moves while a run rests, and repositories at odd paths: no recorded folder is believed.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::support::{Output, Repo, SIGN, SIGN_AND_NOTE};

/// Kills a run of two units when the agent of its first unit has finished.
fn killed(repo: &Repo) {
    let migrate = repo.migrate().agent(SIGN_AND_NOTE).in_order();
    migrate.with(["--keep-worktrees"]).killed_at("5+");
}

/// Resumes the run in a repository that was not here when the run began: whoever moved it approves what the run starts.
fn resumed(repo: &Repo, folder: &str) -> Output {
    let resume = ["-C", folder, "resume"];
    let hash = repo.batch(resume).exits(3).hash_to_approve();
    repo.batch([&resume[..], &["--approve", &hash]].concat())
        .exits(0)
}

/// The resumed run came to its end, and neither unit was worked on twice.
fn went_on(repo: &Repo, resumed: &Output) {
    resumed.says("2 of 2 units published");
    assert_eq!(repo.pushed().len(), 2);
    let worked = repo.worked();
    assert_eq!(worked.len(), 2, "{worked:?}");
    for worktree in repo.git(["worktree", "list", "--porcelain"]).lines() {
        assert!(!worktree.starts_with("prunable"), "{worktree}");
    }
}

#[test]
fn a_moved_repository_is_resumed_with_its_worktrees() {
    let mut repo = Repo::with_packages(2);
    killed(&repo);
    repo.move_to("elsewhere");
    went_on(&repo, &resumed(&repo, "."));
    assert!(!repo.worktrees().exists(), "worktrees at the old place");
}

#[test]
fn a_repository_that_was_moved_together_with_its_worktrees_is_resumed() {
    let mut repo = Repo::with_packages(2);
    killed(&repo);
    let worktrees = repo.worktrees();
    fs::rename(&worktrees, repo.root().join("elsewhere.batch")).expect("the worktrees");
    repo.move_to("elsewhere");
    went_on(&repo, &resumed(&repo, "."));
}

#[test]
fn a_copied_repository_takes_nothing_from_the_worktrees_of_its_original() {
    let repo = Repo::with_packages(2);
    killed(&repo);
    let copy = repo.root().join("copy");
    let mut copying = repo.command("cp");
    let copied = copying.arg("-a").args([repo.dir(), &copy]).status();
    assert!(copied.expect("cp").success());
    resumed(&repo, "../copy").says("2 of 2 units published");
    let first = walkdir::WalkDir::new(repo.worktrees())
        .min_depth(2)
        .max_depth(2)
        .into_iter()
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().to_string_lossy().starts_with("01"));
    assert!(first.is_some(), "the original has lost its worktree");
}

#[test]
fn a_run_that_a_linked_checkout_began_goes_on_when_that_checkout_is_gone() {
    let repo = Repo::with_packages(2)
        .file("tools/agent.sh", "#!/bin/sh\nset -eu\n")
        .commit("An agent");
    repo.git(["worktree", "add", "--quiet", "../linked"]);
    // The agent is a program of the checkout, below the folder where the person is.
    let agent = repo.program("agent", SIGN_AND_NOTE);
    for place in [repo.dir().join("tools"), repo.root().join("linked/tools")] {
        let script = format!("#!/bin/sh\nexec {}\n", agent.display());
        let path = place.join("agent.sh");
        fs::write(&path, script).expect("the agent");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&path, mode).expect("the mode");
    }
    let migrate = repo.migrate().globally(["-C", "../linked/tools"]);
    let migrate = migrate
        .paths(["../packages/"])
        .command_line("./agent.sh")
        .in_order();
    migrate.killed_at("5+");
    repo.git(["worktree", "remove", "--force", "../linked"]);
    went_on(&repo, &repo.batch(["resume"]).exits(0));
}

#[test]
fn a_path_that_is_not_utf8_is_a_path() {
    let mut repo = Repo::with_packages(2);
    repo.move_to(OsStr::from_bytes(b"p\xffath"));
    let agent = format!("{SIGN_AND_NOTE}\ngit diff --quiet && exit 9\ngit log -1 >/dev/null");
    let migrate = repo.migrate().agent(&agent).in_order();
    let migrate = migrate.check("test -f README.md");
    migrate.with(["--keep-worktrees"]).killed_at("8+");
    went_on(&repo, &repo.batch(["resume"]).exits(0));
    let _ = repo.batch(["status"]).exits(0);
    let _ = repo.batch(["logs", "01"]).exits(0);
    let _ = repo.batch(["diff", "01"]).exits(0);
    let _ = repo.batch(["clean"]).exits(0);
}

#[test]
fn folders_above_that_are_not_utf8_do_no_harm() {
    let mut repo = Repo::with_packages(2);
    let above = OsStr::from_bytes(b"a\xffbove");
    fs::create_dir(repo.root().join(above)).expect("a folder");
    let root = repo.root().to_path_buf();
    for name in ["origin.git", "home"] {
        fs::rename(root.join(name), root.join(above).join(name)).expect("what stands beside");
    }
    repo.move_to(std::path::Path::new(above).join("repo"));
    repo.program("agent", SIGN);
    let migrate = repo.migrate().command_line("../agent").in_order();
    let _ = migrate.with(["--dry-run"]).run().exits(0);
    assert_eq!(repo.branches().len(), 2);
    assert!(repo.worktrees().is_dir(), "worktrees elsewhere");
    let beside = fs::read_dir(&root).expect("the folder").flatten();
    let lossy = beside.filter(|entry| entry.file_name().to_string_lossy().contains("bove"));
    assert_eq!(lossy.count(), 1, "a folder of another name");
}
