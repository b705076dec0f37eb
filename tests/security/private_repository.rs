//! The repository that workers see is the unit's alone.

use std::fs;
use std::path::Path;

use super::workers::{WORKERS, Worker};
use crate::support::agents::WAIT;
use crate::support::{Repo, SIGN};

const FILES: usize = 3;

/// Fails unless the user's repository is as it was and every unit is published with its own line alone, by the user.
#[track_caller]
fn holds(worker: Worker, attack: &str) {
    let repo = Repo::with_packages(FILES);
    repo.write("README.md", "# packages, edited\n");
    repo.git(["stash", "--quiet"]);
    let before = repo.snapshot();
    let exclude = fs::read(repo.dir().join(".git/info/exclude")).ok();

    let _ = worker.attacks(&repo, attack, &[]).exits(0);

    assert_eq!(repo.snapshot(), before, "{worker}: {attack}");
    let after = fs::read(repo.dir().join(".git/info/exclude")).ok();
    assert_eq!(after, exclude, "{worker}: {attack}");
    assert!(!repo.dir().join(".git/hooks/pre-push").exists());
    let pushed = repo.pushed();
    assert_eq!(pushed.len(), FILES, "{worker}: {attack}");
    for branch in &pushed {
        let changes = repo.published_changes(branch);
        assert_eq!(changes.lines().count(), 1, "{worker}: {attack}: {changes}");
        let author = repo.git(["log", "-1", "--format=%an <%ae> %cn", branch]);
        assert_eq!(author, "Ada <ada@acorn.example> Ada", "{worker}: {attack}");
    }
    assert_eq!(
        repo.git(["fsck", "--no-dangling"]),
        "",
        "{worker}: {attack}"
    );
}

/// Row G1, by layout.
#[test]
fn the_users_stash_is_not_there() {
    for worker in WORKERS {
        holds(worker, "git stash pop; git stash drop; git stash clear");
    }
}

/// Row G1, by layout.
#[test]
fn settings_stay_in_the_checkout() {
    let attack = "
        git config user.name Mallory; git config user.email mallory@example.org
        git config core.bare true; git config --unset core.bare
        git config core.worktree /tmp
        git config --unset core.worktree
        git config remote.origin.pushurl /nowhere.git
        git config url./nowhere.git.pushInsteadOf \"$(git config remote.origin.url)\"
        git config commit.gpgSign true; git config gpg.program /bin/false
        git config core.autocrlf true";
    for worker in WORKERS {
        holds(worker, attack);
    }
}

/// Row G1, by layout: settings that make the worker's own git useless stay in the checkout as well.
#[test]
fn a_broken_configuration_breaks_only_the_checkout() {
    for worker in WORKERS {
        holds(worker, "git config core.bare true");
        holds(worker, "git config core.worktree /nowhere");
        holds(worker, "git config extensions.objectFormat sha256");
        holds(
            worker,
            "echo '[' >>\"$(git rev-parse --git-common-dir)/config\"",
        );
    }
}

/// Row G1, by layout. What the commands change in the working tree is found by comparison with the claim.
#[test]
fn branches_and_head_are_the_checkouts_own() {
    let attack = "
        git commit --quiet --allow-empty -m mine
        git branch -f main HEAD; git update-ref refs/heads/main HEAD; git tag -f mine
        git checkout --quiet -b elsewhere; git branch -D \"$(git branch --list 'batch/*' --format='%(refname:short)')\"
        git reset --quiet --soft main
        echo '*.js' >>\"$(git rev-parse --git-path info/exclude)\"
        git update-index --skip-worktree packages/*/*.js; git update-index --assume-unchanged packages/*/*.js
        git reflog expire --expire=now --all; git gc --quiet --prune=now";
    for worker in WORKERS {
        holds(worker, attack);
    }
}

/// Row A2, by layout: what the worker's configuration and hooks name never runs in batch's own git.
#[test]
fn no_program_of_a_workers_configuration_runs() {
    let attack = r#"
        here=$(git rev-parse --git-common-dir)
        trap=$PWD/../../../trap
        printf '#!/bin/sh\ntouch "%s"\nexec cat\n' "$PWD/../../../sprung" >"$trap"
        chmod +x "$trap"
        for name in core.hooksPath core.sshCommand core.fsmonitor gpg.program core.pager credential.helper \
            core.gitProxy; do
            git config "$name" "$trap"
        done
        git config filter.x.clean "$trap"; git config filter.x.smudge "$trap"; git config diff.x.textconv "$trap"
        git config remote.origin.receivepack "$trap"; git config include.path "$trap"
        mkdir -p "$here/hooks"
        for hook in pre-push pre-commit post-checkout reference-transaction post-index-change; do
            cp "$trap" "$here/hooks/$hook"
        done
        mkdir -p .git/hooks 2>/dev/null && cp "$trap" .git/hooks/pre-push
        true"#;
    for worker in WORKERS {
        let repo = Repo::with_packages(1);
        let _ = worker.attacks(&repo, attack, &[]).exits(0);
        let _ = repo.batch(["diff", "01"]);
        let _ = repo.batch(["status"]).exits(0);
        assert!(repo.root().join("trap").exists(), "{worker}: no attack");
        assert!(!repo.root().join("sprung").exists(), "{worker}");
        assert_eq!(repo.pushed().len(), 1);
    }
}

/// Row G2, by layout.
#[test]
fn a_checkout_without_git_below_a_repository_reaches_it_not() {
    let attack =
        "rm -rf .git; git commit --quiet --allow-empty -m oops; git reset --quiet --hard HEAD~1";
    for worker in WORKERS {
        let repo = Repo::with_packages(FILES)
            .file(".gitignore", ".worktrees/\n")
            .commit("Ignore");
        repo.git(["push", "--quiet"]);
        repo.write("README.md", "# edited\n");
        repo.write(
            "batch.toml",
            "[worktrees]\ndir = \".worktrees/{run}/{unit}\"\n",
        );
        let before = (repo.git(["rev-parse", "HEAD"]), repo.read("README.md"));
        let _ = worker.attacks(&repo, attack, &[]).exits(0);
        let after = (repo.git(["rev-parse", "HEAD"]), repo.read("README.md"));
        assert_eq!(after, before, "{worker}");
        assert_eq!(repo.pushed().len(), FILES, "{worker}");
    }
}

/// Row A4, by layout: what a person opens after the run has nothing of a worker's configuration in it.
#[test]
fn the_worktree_that_is_left_is_an_ordinary_one() {
    let attack = r#"
        trap=$PWD/../../../trap
        printf '#!/bin/sh\ntouch "%s"\n' "$PWD/../../../sprung" >"$trap"
        chmod +x "$trap"
        git config core.fsmonitor "$trap"; git config core.pager "$trap"; git config alias.status '!'"$trap"
        echo more >more.txt"#;
    let replaced = "rm -rf .git; git init --quiet .";
    for attack in [attack.to_owned(), format!("{replaced}\n{attack}")] {
        let repo = Repo::with_packages(1);
        let agent = format!("{attack}\n{SIGN}\nexit 3");
        let failed = Worker::Agent.attacks(&repo, &agent, &[]);
        assert_eq!(failed.code(), 1, "{failed:?}");

        let left = fs::read_dir(repo.worktrees()).expect("a run").next();
        let left = left.expect("a run").expect("a run").path();
        let units: Vec<_> = fs::read_dir(&left)
            .expect("units")
            .map(|entry| entry.expect("a unit").path())
            .collect();
        let [unit] = &units[..] else {
            panic!("the checkout is not alone: {units:?}");
        };
        let status = repo.git(["-C", &unit.to_string_lossy(), "status", "--porcelain"]);
        assert_eq!(status, " M packages/p0/index.js\n?? more.txt");
        assert!(!repo.root().join("sprung").exists());
        let common = repo.git([
            "-C",
            &unit.to_string_lossy(),
            "rev-parse",
            "--git-common-dir",
        ]);
        assert_eq!(
            Path::new(&common).canonicalize().unwrap(),
            repo.dir().join(".git")
        );
        let listed = repo.git(["worktree", "list", "--porcelain"]);
        assert!(!listed.contains("locked"), "{listed}");
    }
}

/// While a worker is in it, git shows the worktree as locked, and its branch is taken.
#[test]
fn the_users_git_knows_the_checkout_while_workers_are_in_it() {
    let repo = Repo::with_packages(1);
    let gate = repo.gate();
    let session = repo.migrate().agent(WAIT).start();
    gate.wait();
    let listed = repo.git(["worktree", "list", "--porcelain"]);
    assert!(
        listed.contains("locked batch has workers in it"),
        "{listed}"
    );
    repo.git(["worktree", "prune", "--expire=now"]);
    repo.git(["gc", "--quiet", "--prune=now"]);
    let branch = repo.branches().remove(0);
    let taken = repo
        .command("git")
        .args(["checkout", "--quiet", &branch])
        .output()
        .expect("git starts");
    assert!(!taken.status.success());
    gate.let_go("signed");
    let _ = session.finish().exits(0);
    assert_eq!(repo.pushed().len(), 1);
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
}

/// What tools ask git for is there as in the user's checkout.
#[test]
fn the_private_repository_answers_as_the_users_does() {
    let repo = Repo::with_packages(1);
    repo.git(["tag", "-a", "v1.2.0", "-m", "Release"]);
    repo.git(["tag", "light"]);
    repo.git(["pack-refs", "--all"]);
    let repo = repo.file("later.txt", "later\n").commit("Later");
    repo.git(["push", "--quiet"]);
    repo.git(["tag", "-a", "v1.3.0-rc", "-m", "Candidate"]);
    repo.git([
        "config",
        "remote.origin.url",
        "https://ada:secret@git.example.org/shop.git",
    ]);
    repo.git([
        "config",
        "remote.origin.pushurl",
        &repo.remote_dir().to_string_lossy(),
    ]);
    let agent = r#"
        set -x
        test -d "$(git rev-parse --git-path hooks)"
test "$(git describe --abbrev=0 --match 'v1.2*')" = v1.2.0
        test "$(git describe --abbrev=0)" = v1.3.0-rc
        test "$(git rev-parse --abbrev-ref HEAD)" = "batch/$BATCH_RUN/$BATCH_UNIT"
        test "$(git merge-base HEAD origin/main)" = "$(git rev-parse main)"
        test "$(git rev-parse --abbrev-ref origin/HEAD)" = origin/main
        git blame -s packages/p0/index.js >/dev/null
        test "$(git log --oneline | wc -l)" = 2
        test -z "$(git status --porcelain)"
        sign
        test "$(git diff --name-only)" = packages/p0/index.js
        git stash --quiet; test -z "$(git status --porcelain)"; git stash pop --quiet
        test "$(git config remote.origin.url)" = https://git.example.org/shop.git
        if git push origin HEAD; then exit 9; fi
        git commit --quiet -am mine
        test "$(git diff --name-only main...HEAD)" = packages/p0/index.js
        "#;
    let output = repo.migrate().agent(agent).in_order().run();
    let log = repo.batch(["logs", "01", "--of", "agent"]);
    assert_eq!(output.code(), 0, "{}", log.said());
    assert_eq!(repo.pushed().len(), 1);
}

/// An attempt that follows sees its own git again, also after a worker took the file `.git` away.
#[test]
fn a_checkout_that_lost_its_git_gets_it_back() {
    let repo = Repo::with_packages(1);
    let agent = "
test -f .git
sign
rm .git
mkdir .git";
    let check = r#"
test -f .git
test -n "$(git diff --name-only)"
rm .git"#;
    let check = repo.program("check", check);
    let migrate = repo.migrate().agent(agent);
    let checked = migrate.check(&check.to_string_lossy());
    let _ = checked.run().exits(0);
    assert_eq!(repo.pushed().len(), 1);
}
