//! Work that is published, or handed on, after its run; no agent runs a second time.

use insta::assert_snapshot;

use crate::support::agents::SIGN_AND_NOTE;
use crate::support::{Repo, SIGN};

fn dry(repo: &Repo, units: usize) {
    let migrate = repo.migrate().agent(SIGN_AND_NOTE).units(units);
    let _ = migrate.with(["--dry-run"]).run().exits(0);
}

#[test]
fn a_dry_run_is_published_later_without_its_agent() {
    let repo = Repo::with_packages(2);
    dry(&repo, 2);
    assert!(repo.pushed().is_empty());
    let mut seen = repo.transcript();
    seen.batch(["publish"]);
    assert_eq!(repo.pushed().len(), 2);
    assert_eq!(repo.worked().len(), 2);
    seen.batch(["publish"]);
    seen.batch(["publish", "--forge", "github"]);
    seen.batch(["status"]);
    assert_snapshot!(seen, @r"
    $ batch publish

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ – │ [DURATION]
     02-packages-p1-index-js │ published │ #2 │ – │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    2 of 2 units published · [DURATION]
    ! +[DURATION]  run [RUN] continues: 2 units to publish to this repository
    ! +[DURATION]  01-packages-p0-index-js  worktree
    ! +[DURATION]  01-packages-p0-index-js  push
    ! +[DURATION]  01-packages-p0-index-js  pull request
    ! +[DURATION]  01-packages-p0-index-js  published  PR #1 · [DURATION]
    ! +[DURATION]  02-packages-p1-index-js  worktree
    ! +[DURATION]  02-packages-p1-index-js  push
    ! +[DURATION]  02-packages-p1-index-js  pull request
    ! +[DURATION]  02-packages-p1-index-js  published  PR #2 · [DURATION]
    ! report: [TMP]/repo/.git/batch/runs/[RUN]/report.md

    $ batch publish
    ! error: run [RUN] has nothing to publish to this repository: all that its units have committed is \
    !     open there, or none has a commit
    [exit code 2]

    $ batch publish --forge github
    ! error: pull requests on GitHub were asked for, but remote origin is not on GitHub: name another \
    !     with --remote, set [github] api-url for an Enterprise server, or use --forge local
    [exit code 2]

    $ batch status
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ – │ [DURATION]
     02-packages-p1-index-js │ published │ #2 │ – │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    2 of 2 units published · [DURATION]
    ");
}

#[test]
fn a_place_that_the_settings_name_is_named_when_it_is_published_too() {
    let repo = Repo::with_packages(1).settings("[publish]\nforge = \"github\"\n");
    let migrate = repo.migrate().agent(SIGN).found_checks().anywhere();
    let _ = migrate.with(["--dry-run"]).run().exits(0);
    repo.batch(["publish"])
        .exits(2)
        .says("remote origin is not on GitHub");
    repo.batch(["publish", "--forge", "local"])
        .exits(0)
        .says("1 of 1 unit published");
}

#[test]
fn a_failed_push_is_made_up_for_without_the_agent() {
    let repo = Repo::with_packages(1);
    repo.receive_by("echo full >&2; exit 1");
    let output = repo.migrate().agent(SIGN_AND_NOTE).run().exits(1);
    assert_snapshot!(output.printed(), @"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ failed │ – │ – │ [DURATION]

    ✗ 01-packages-p0-index-js failed at push
      pushing batch/[RUN]/01-packages-p0-index-js to origin was refused: remote: full
      To [TMP]/origin.git
       ! [remote rejected] [COMMIT] -> batch/[RUN]/01-packages-p0-index-js (pre-receive hook declined)
      error: failed to push some refs to '[TMP]/origin.git'
      changes   batch diff 01-packages-p0-index-js  ([TMP]/repo.batch/[RUN]/01-packages-p0-index-js)

    → batch publish [RUN]  (01-packages-p0-index-js)

    0 of 1 unit published, 1 failed · [DURATION]
    ");
    repo.receive_by("exit 0");
    repo.batch(["publish"])
        .exits(0)
        .says("1 of 1 unit published");
    assert_eq!((repo.worked().len(), repo.pushed().len()), (1, 1));
}

#[test]
fn work_is_handed_on_as_patches_and_as_a_bundle() {
    let repo = Repo::with_packages(2);
    dry(&repo, 2);
    repo.git(["config", "format.coverLetter", "true"]);
    let mut seen = repo.transcript();
    seen.batch(["export", "--patches", "../series"]);
    seen.batch(["export", "--bundle", "../work.bundle"]);
    assert_snapshot!(seen, @r"
    $ batch export --patches ../series
    ! 2 patches in [TMP]/repo/../series; on [COMMIT]: git am --keep-non-patch [TMP]/repo/../series/*.patch

    $ batch export --bundle ../work.bundle
    ! 2 branches in [TMP]/repo/../work.bundle; in a clone that has [COMMIT]: git fetch \
    !     [TMP]/repo/../work.bundle 'refs/heads/*:refs/heads/*'
    ");
    let remote = repo.remote_dir();
    let clone = repo.root().join("clone");
    let run = |args: &[&str]| {
        let mut git = repo.command("git");
        let out = git.args(args).current_dir(&clone).output().expect("git");
        assert!(out.status.success(), "{out:?}");
    };
    repo.git([
        "clone",
        "--quiet",
        &remote.to_string_lossy(),
        &clone.to_string_lossy(),
    ]);
    run(&["fetch", "-q", "../work.bundle", "refs/heads/*:refs/heads/*"]);
    let patches: Vec<String> = ["01-packages-p0-index-js", "02-packages-p1-index-js"]
        .iter()
        .enumerate()
        .map(|(at, unit)| format!("../series/{:04}-{unit}.patch", at + 1))
        .collect();
    run(&[
        "-c",
        "user.name=Ada",
        "-c",
        "user.email=ada@example.org",
        "am",
        "-q",
        &patches[0],
        &patches[1],
    ]);
    for (number, branch) in repo.branches().iter().enumerate() {
        let file = format!("packages/p{number}/index.js");
        run(&["diff", "--exit-code", "HEAD", branch, "--", &file]);
    }
}

#[test]
fn patches_give_back_trees_and_messages_whatever_they_hold() {
    let repo = Repo::new()
        .file("a.txt", "old\r\nwith=two\r\n")
        .file("b.txt", "old\n")
        .commit("more")
        .with_remote();
    let said = "From: nobody\nold to new, fixes #12\n\n\n\n---\ndiff --git a/b.txt b/b.txt\n--- a/b.txt\n\
                +++ b/b.txt\n@@ -1 +1 @@\n-old\n+EVIL\n";
    let migrate = repo.migrate().paths(["*.txt"]).saying(said);
    let migrate = migrate.regex("old", "new").units(2);
    let _ = migrate.with(["--dry-run"]).run().exits(0);
    for (name, value) in [
        ("diff.noprefix", "true"),
        ("diff.external", "false"),
        ("diff.context", "0"),
        ("format.attach", "x"),
        ("format.from", "Eve <eve@example.org>"),
        ("format.signature", "bye"),
        ("i18n.logOutputEncoding", "ISO-8859-1"),
        ("color.ui", "always"),
    ] {
        repo.git(["config", name, value]);
    }
    let _ = repo.batch(["export", "--patches", "../series"]).exits(0);
    let branches = repo.branches();
    for branch in &branches {
        repo.git(["switch", "-q", "--detach", "main"]);
        let unit = branch.rsplit('/').next().unwrap_or_default();
        let series = repo.root().join("series");
        let patch = std::fs::read_dir(&series)
            .expect("series")
            .map(|entry| entry.expect("entry").path())
            .find(|path| path.to_string_lossy().ends_with(&format!("{unit}.patch")));
        repo.git(["am", "-q", &patch.expect("patch").to_string_lossy()]);
        for what in ["%T", "%B", "%an <%ae>"] {
            let show = |commit: &str| repo.git(["log", "-1", &format!("--format={what}"), commit]);
            assert_eq!(show("HEAD"), show(branch));
        }
        assert!(!repo.git(["log", "-1", "--format=%B"]).contains("fixes"));
    }
    assert_eq!(branches.len(), 2);
}

#[test]
fn a_mirror_gets_the_branches_alone() {
    let repo = Repo::with_packages(2);
    repo.git(["config", "remote.origin.mirror", "true"]);
    let _ = repo.migrate().agent(SIGN).run().exits(0);
    assert_eq!(repo.pushed().len(), 2);
    let all = repo.git([
        "--git-dir",
        &repo.remote_dir().to_string_lossy(),
        "for-each-ref",
        "--format=%(refname)",
    ]);
    assert!(!all.contains("refs/batch/"), "{all}");
}
