//! Workers move, delete and replace the folders that are theirs; nothing of the user's is reached through them.

use std::fs;

use super::workers::{WORKERS, Worker};
use crate::support::{Repo, SIGN};

/// A repository with an edit that is not committed and a file that is only staged.
fn edited() -> Repo {
    let repo = Repo::with_packages(2);
    repo.write("packages/p0/index.js", "var p0 = 0; // unsaved\n");
    repo.write("staged.txt", "staged\n");
    repo.git(["add", "staged.txt"]);
    repo
}

/// Row B5, by layout: a link in place of the checkout, of the folder beside it, or of the private repository.
#[test]
fn nothing_is_done_behind_a_link() {
    for attack in [
        "mv \"$PWD\" \"$PWD.x\"; ln -s \"$here/repo\" \"$PWD\"",
        "git=$(git rev-parse --absolute-git-dir); mv \"$git\" \"$git.x\"; ln -s \"$here/repo/.git\" \"$git\"",
        "beside=$(dirname \"$(git rev-parse --absolute-git-dir)\"); rm -rf \"$beside\"; mkdir \"$here/fake\"; \
         ln -s \"$here/repo/.git\" \"$here/fake/git\"; ln -s \"$here/fake\" \"$beside\"",
        "run=$(dirname \"$PWD\"); mv \"$run\" \"$run.x\"; ln -s \"$here/repo\" \"$run\"",
    ] {
        let repo = edited();
        let before = repo.snapshot();
        let agent = format!("sign\n{attack}");
        let ended = repo.migrate().agent(&agent).in_order().check("true").run();
        assert_eq!(ended.code(), 1, "{attack}: {ended:?}");
        ended.says("a worker has put a link in its place");
        assert_eq!(repo.snapshot(), before, "{attack}");
        for branch in repo.pushed() {
            let text = repo.published(&branch, "packages/p0/index.js");
            assert!(!text.contains("unsaved"), "{attack}");
        }
        let _ = repo.batch(["clean", "--all"]);
        assert_eq!(repo.snapshot(), before, "{attack}");
    }
}

/// Row B5, by layout: a link inside the private repository is replaced, and nothing is written behind it.
#[test]
fn nothing_is_written_behind_a_link_in_the_private_repository() {
    let repo = Repo::with_packages(1);
    let elsewhere = repo.root().join("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder");
    let agent = "sign\nheads=$(git rev-parse --absolute-git-dir)/refs/heads\nrm -rf \"$heads\"\n\
                 ln -s \"$here/elsewhere\" \"$heads\"";
    let _ = repo.migrate().agent(agent).run().exits(0);
    assert_eq!(repo.pushed().len(), 1);
    let written = fs::read_dir(&elsewhere).expect("a folder").count();
    assert_eq!(written, 0);
}

/// Row B5, by layout: what lies behind a link in place of the hidden folder is not taken for the agents' files, also
/// where the checkout is gone.
#[test]
fn nothing_is_moved_from_behind_a_link() {
    let repo = Repo::with_packages(1);
    let agent = "beside=$(dirname \"$(git rev-parse --absolute-git-dir)\")\nrm -rf \"$beside\"\n\
                 ln -s \"$here\" \"$beside\"\nrm -rf \"$PWD\"";
    let ended = repo.migrate().agent(agent).run();
    assert_eq!(ended.code(), 1);
    // The folder of the test holds a folder of this name, as the hidden folder does.
    assert!(repo.root().join("home/.gitconfig").exists());
    let listed = repo.git(["worktree", "list", "--porcelain"]);
    assert!(!listed.contains("locked"), "{listed}");
}

/// A checkout that a worker deleted leaves nothing locked.
#[test]
fn a_deleted_checkout_can_be_forgotten() {
    let repo = Repo::with_packages(1);
    let ended = repo.migrate().agent("rm -rf \"$PWD\"").run();
    assert_eq!(ended.code(), 1);
    let _ = repo.batch(["clean", "--all"]);
    repo.git(["worktree", "prune"]);
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
}

/// Row G1, by layout: git's settings for all repositories are read, and what a worker writes there stays with it.
#[test]
fn global_settings_of_the_user_stay_as_they_are() {
    let attack = "test \"$(git config user.name)\" = Ada\ngit config --global user.name Mallory\n\
                  git config --global core.hooksPath /nowhere";
    for worker in WORKERS {
        let repo = Repo::with_packages(1);
        let path = repo.root().join("home/.gitconfig");
        let before = fs::read_to_string(&path).expect("the user's settings");
        let _ = worker.attacks(&repo, attack, &[]).exits(0);
        assert_eq!(fs::read_to_string(&path).expect("the settings"), before);
        let branch = repo.pushed().remove(0);
        assert_eq!(repo.git(["log", "-1", "--format=%an", &branch]), "Ada");
    }
}

/// Row G2, by layout: the folders above the checkout are no way to a repository that lies above them.
#[test]
fn git_above_the_checkout_finds_no_repository() {
    let repo = Repo::with_packages(2)
        .file(".gitignore", ".worktrees/\n")
        .commit("Ignore");
    repo.git(["push", "--quiet"]);
    repo.write("README.md", "# edited\n");
    repo.write(
        "batch.toml",
        "[worktrees]\ndir = \".worktrees/{run}/{unit}\"\n",
    );
    let before = repo.snapshot();
    let attack = "(cd .. && git stash; git commit -q --allow-empty -m oops); \
                  (cd ../.. && git stash; git reset -q --hard)";
    let _ = Worker::Agent.attacks(&repo, attack, &[]).exits(0);
    repo.git(["worktree", "list"]);
    let after = repo.snapshot();
    assert_eq!(after.status(), before.status());
    assert_eq!(repo.read("README.md"), "# edited\n");
    assert_eq!(repo.git(["log", "-1", "--format=%s"]), "Ignore");
    assert_eq!(repo.git(["stash", "list"]), "");
}

/// Row A4, by layout: what a worker configured in a submodule runs neither in batch's own git nor in the user's.
#[test]
fn a_submodules_configuration_runs_nowhere() {
    let repo = Repo::with_packages(1);
    let library = repo.root().join("library");
    repo.git([
        "init",
        "--quiet",
        "--initial-branch=main",
        &library.to_string_lossy(),
    ]);
    let in_library = |args: &[&str]| {
        let mut all = vec!["-C", library.to_str().expect("a path")];
        all.extend(args);
        repo.git(all)
    };
    fs::write(library.join("s"), "s\n").expect("a file");
    in_library(&["add", "."]);
    in_library(&["commit", "--quiet", "--message", "s"]);
    repo.git([
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        &library.to_string_lossy(),
        "library",
    ]);
    let repo = repo.commit("Submodule");
    repo.git(["push", "--quiet"]);
    let agent = r#"
        sign
        cd library
        printf '#!/bin/sh\ntouch "%s"\nexec cat\n' "$here/sprung" >"$here/trap"; chmod +x "$here/trap"
        git config filter.x.clean "$here/trap"
        git config core.fsmonitor "$here/trap"
        echo '* filter=x' >"$(git rev-parse --git-path info/attributes)"
        rm -f "$here/sprung"
        touch -d 2001-01-01 s"#;
    let setup = "git -c protocol.file.allow=always submodule --quiet update --init";
    let _ = repo
        .migrate()
        .agent(agent)
        .with(["--setup", setup, "--dry-run"])
        .run()
        .exits(0);
    assert!(repo.root().join("trap").exists(), "no attack");
    assert!(!repo.root().join("sprung").exists(), "in batch's own git");
    let unit = repo.only_worktree();
    assert_eq!(repo.git(["-C", &unit, "status", "--short"]), "");
    assert!(!repo.root().join("sprung").exists(), "in the user's git");
    let _ = repo.batch(["clean"]).exits(0);
    assert!(!repo.worktrees().exists());
    assert!(!repo.root().join("sprung").exists(), "in clean");
}

/// A worktree that a person moved is the person's, also when its unit is published.
#[test]
fn a_moved_worktree_is_left_alone_by_the_hook() {
    let repo = Repo::with_packages(1);
    let _ = repo
        .migrate()
        .agent(SIGN)
        .with(["--dry-run"])
        .run()
        .exits(0);
    let hook = repo.dir().join(".git/hooks/pre-push");
    fs::create_dir_all(hook.parent().expect("a folder")).expect("the folder of hooks");
    fs::copy(repo.program("hook", "exit 0"), &hook).expect("the hook");
    let moved = repo.root().join("moved").display().to_string();
    repo.git(["worktree", "move", &repo.only_worktree(), &moved]);
    fs::write(repo.root().join("moved/mine"), "mine\n").expect("a file");
    repo.git(["-C", &moved, "add", "mine"]);
    let _ = repo.batch(["publish", "--forge", "local"]).exits(0);
    assert_eq!(repo.pushed().len(), 1);
    assert_eq!(repo.git(["-C", &moved, "status", "--short"]), "A  mine");
}
