//! What runs leave behind and how it goes away: nothing of it stays, and nothing that somebody made theirs is touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use insta::assert_snapshot;

use crate::support::agents::{FAIL, STRAY};
use crate::support::{Repo, SIGN};

/// Two units that change a file outside of their claims, so that their work is in their worktrees only.
fn failed() -> Repo {
    let repo = Repo::with_packages(2);
    let migrate = repo.migrate().agent(STRAY).units(2);
    let _ = migrate.with(["--scope", "listed"]).run().exits(1);
    repo
}

fn worktree(repo: &Repo, unit: &str) -> PathBuf {
    let found = walkdir::WalkDir::new(repo.worktrees())
        .min_depth(2)
        .max_depth(2)
        .into_iter()
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().to_string_lossy().starts_with(unit));
    found.expect("the unit's worktree").into_path()
}

/// The files beside what lies in the trash.
fn notes(repo: &Repo) -> Vec<PathBuf> {
    let mut notes = repo.state_files(".txt");
    notes.retain(|path| {
        path.parent()
            .is_some_and(|folder| folder.ends_with("trash"))
    });
    notes
}

/// Nothing in the repository tells that a run has been there, but its journal and its branches with work on them.
#[track_caller]
fn nothing_is_left(repo: &Repo) {
    assert!(!repo.worktrees().exists());
    assert!(
        !repo
            .dir()
            .join(".git/worktrees")
            .read_dir()
            .is_ok_and(|mut it| it.next().is_some())
    );
    assert_eq!(
        repo.git(["worktree", "prune", "--dry-run", "--verbose"]),
        ""
    );
}

#[test]
fn what_lies_in_the_trash_comes_back_by_the_line_that_is_told() {
    let repo = failed();
    let said = repo.batch(["clean"]).exits(0);
    nothing_is_left(&repo);
    assert_eq!(repo.branches(), Vec::<String>::new());

    let notes = notes(&repo);
    assert_eq!(notes.len(), 2, "{notes:?}");
    let note = repo.read(&notes[0]);
    let line = note.lines().find_map(|line| line.strip_prefix("    "));
    let line = line.expect("a line for the shell");
    assert!(said.raw_stderr().contains(line), "{said:?}");

    let mut shell: Command = repo.command("sh");
    let output = shell
        .args(["-c", line])
        .current_dir("/")
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{output:?}");
    let back = worktree(&repo, "batch-");
    let back = back.to_string_lossy();
    assert_eq!(
        repo.git(["-C", &*back, "status", "--porcelain"]),
        " M README.md\n M packages/p0/index.js"
    );
}

#[test]
fn what_somebody_locked_is_left_alone() {
    let repo = failed();
    let path = worktree(&repo, "01");
    let name = path.to_string_lossy();
    repo.git(["worktree", "lock", "--reason", "on a stick", &*name]);
    let mut seen = repo.transcript();
    seen.batch(["clean"]);
    assert!(path.join("README.md").exists());
    assert_eq!(repo.branches().len(), 1);

    repo.git(["worktree", "unlock", &*name]);
    seen.batch(["clean"]);
    assert_snapshot!(seen, @r"
    $ batch clean
    ! left alone: [TMP]/repo.batch/[RUN]/01-packages-p0-index-js: it is locked (on a stick); git worktree \
    !     unlock [TMP]/repo.batch/[RUN]/01-packages-p0-index-js lets it go
    ! moved to the trash: [TMP]/repo.batch/[RUN]/02-packages-p1-index-js
    !   to get it back: git -C [TMP]/repo worktree add --quiet --detach --no-checkout \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js [COMMIT] && cp -a \
    !     [TMP]/repo/.git/batch/trash/batch-[RUN]-02-packages-p1-index-js/. \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js && git -C \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js reset --quiet
    ! unpublished work stays in [TMP]/repo/.git/batch/trash until batch clean --empty-trash

    $ batch clean
    ! moved to the trash: [TMP]/repo.batch/[RUN]/01-packages-p0-index-js
    !   to get it back: git -C [TMP]/repo worktree add --quiet --detach --no-checkout \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js [COMMIT] && cp -a \
    !     [TMP]/repo/.git/batch/trash/batch-[RUN]-01-packages-p0-index-js/. \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js && git -C \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js reset --quiet
    ! unpublished work stays in [TMP]/repo/.git/batch/trash until batch clean --empty-trash
    ");
    nothing_is_left(&repo);
}

#[test]
fn what_somebody_moved_is_left_alone() {
    let repo = failed();
    let to = repo.root().join("mine");
    let path = worktree(&repo, "01");
    repo.git([Path::new("worktree"), Path::new("move"), &path, &to]);
    assert_snapshot!(repo.batch(["clean"]), @r"
    $ batch clean
    ! left alone: [TMP]/repo.batch/[RUN]/01-packages-p0-index-js: it was moved to [TMP]/mine; git \
    !     worktree remove [TMP]/mine takes it away
    ! moved to the trash: [TMP]/repo.batch/[RUN]/02-packages-p1-index-js
    !   to get it back: git -C [TMP]/repo worktree add --quiet --detach --no-checkout \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js [COMMIT] && cp -a \
    !     [TMP]/repo/.git/batch/trash/batch-[RUN]-02-packages-p1-index-js/. \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js && git -C \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js reset --quiet
    ! unpublished work stays in [TMP]/repo/.git/batch/trash until batch clean --empty-trash
    ");
    assert!(to.join("README.md").exists());
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 2);
    assert_eq!(repo.branches().len(), 1);
}

#[test]
fn what_is_missing_is_said_and_its_entry_stays() {
    let repo = failed();
    let path = worktree(&repo, "01");
    let elsewhere = repo.root().join("elsewhere");
    fs::rename(&path, &elsewhere).expect("a free place");
    let mut seen = repo.transcript();
    seen.batch(["clean"]);
    // As after the disk it was on has come back.
    fs::create_dir_all(path.parent().expect("the run's folder")).expect("the run's folder");
    fs::rename(&elsewhere, &path).expect("the old place");
    seen.batch(["clean"]);
    assert_snapshot!(seen, @r"
    $ batch clean
    ! left alone: [TMP]/repo.batch/[RUN]/01-packages-p0-index-js: its folder is missing; if it is gone \
    !     for good, git worktree prune has git forget it
    ! moved to the trash: [TMP]/repo.batch/[RUN]/02-packages-p1-index-js
    !   to get it back: git -C [TMP]/repo worktree add --quiet --detach --no-checkout \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js [COMMIT] && cp -a \
    !     [TMP]/repo/.git/batch/trash/batch-[RUN]-02-packages-p1-index-js/. \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js && git -C \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js reset --quiet
    ! unpublished work stays in [TMP]/repo/.git/batch/trash until batch clean --empty-trash

    $ batch clean
    ! moved to the trash: [TMP]/repo.batch/[RUN]/01-packages-p0-index-js
    !   to get it back: git -C [TMP]/repo worktree add --quiet --detach --no-checkout \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js [COMMIT] && cp -a \
    !     [TMP]/repo/.git/batch/trash/batch-[RUN]-01-packages-p0-index-js/. \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js && git -C \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js reset --quiet
    ! unpublished work stays in [TMP]/repo/.git/batch/trash until batch clean --empty-trash
    ");
    nothing_is_left(&repo);
}

#[test]
fn what_somebody_went_on_with_is_left_alone() {
    let repo = failed();
    let path = worktree(&repo, "02");
    let file = path.join("README.md");
    fs::write(&file, "# mine\n").expect("the file");
    assert_snapshot!(repo.batch(["clean"]), @r"
    $ batch clean
    ! moved to the trash: [TMP]/repo.batch/[RUN]/01-packages-p0-index-js
    !   to get it back: git -C [TMP]/repo worktree add --quiet --detach --no-checkout \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js [COMMIT] && cp -a \
    !     [TMP]/repo/.git/batch/trash/batch-[RUN]-01-packages-p0-index-js/. \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js && git -C \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js reset --quiet
    ! left alone: [TMP]/repo.batch/[RUN]/02-packages-p1-index-js: somebody has worked in it since its \
    !     unit ended (README.md); git worktree remove --force [TMP]/repo.batch/[RUN]/02-packages-p1-index-js \
    !     takes it away
    ! unpublished work stays in [TMP]/repo/.git/batch/trash until batch clean --empty-trash
    ");
    assert_eq!(fs::read_to_string(&file).expect("the file"), "# mine\n");
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 2);
}

#[test]
fn a_worktree_that_was_made_but_not_written_down_is_found() {
    let repo = Repo::with_packages(2);
    // 0 is the start, 1 the first step, 2 that the worktree stands.
    repo.migrate().agent(SIGN).in_order().killed_at("2");
    assert_eq!(repo.branches().len(), 1);
    let mut seen = repo.transcript();
    seen.batch(["clean"]);
    assert_eq!(repo.branches().len(), 1);
    seen.batch(["clean", "--all"]);
    nothing_is_left(&repo);
    assert_eq!(repo.branches(), Vec::<String>::new());
    seen.batch(["clean", "--all"]);
    assert_snapshot!(seen, @r"
    $ batch clean
    ! run [RUN] can still be resumed, so it is left alone; batch clean [RUN] removes its worktrees

    $ batch clean --all
    ! moved to the trash: [TMP]/repo.batch/[RUN]/01-packages-p0-index-js
    !   to get it back: git -C [TMP]/repo worktree add --quiet --detach --no-checkout \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js [COMMIT] && cp -a \
    !     [TMP]/repo/.git/batch/trash/batch-[RUN]-01-packages-p0-index-js/. \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js && git -C \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js reset --quiet
    ! unpublished work stays in [TMP]/repo/.git/batch/trash until batch clean --empty-trash

    $ batch clean --all
    ! nothing to clean: no ended run has left anything
    ");
}

#[test]
fn a_branch_whose_worktree_is_gone_goes_where_nobody_committed_to_it() {
    let repo = failed();
    for unit in ["01", "02"] {
        let path = worktree(&repo, unit);
        repo.git(["worktree", "remove", "--force", &*path.to_string_lossy()]);
    }
    let branches = repo.branches();
    repo.git([
        "branch",
        "--force",
        &branches[1],
        &commit_of_somebody(&repo),
    ]);
    assert_snapshot!(repo.batch(["clean"]), @r"
    $ batch clean
    ! forgot the missing worktree: [TMP]/repo.batch/[RUN]/01-packages-p0-index-js
    ");
    assert_eq!(repo.branches(), branches[1..]);
    nothing_is_left(&repo);
}

fn commit_of_somebody(repo: &Repo) -> String {
    repo.git(["commit-tree", "-p", "main", "-m", "mine", "main^{tree}"])
}

#[test]
fn what_was_set_aside_goes_with_the_last_that_is_known_of_its_run() {
    let repo = failed();
    let run = repo.branches()[0]
        .split('/')
        .nth(1)
        .expect("a run")
        .to_owned();
    let commit = commit_of_somebody(&repo);
    let kept = format!("refs/batch/left/{run}/01");
    repo.git(["update-ref", &kept, &commit]);
    repo.git(["update-ref", "refs/batch/left/20200101-aaaa/01", &commit]);
    assert_snapshot!(repo.batch(["clean"]), @r"
    $ batch clean
    ! moved to the trash: [TMP]/repo.batch/[RUN]/01-packages-p0-index-js
    !   to get it back: git -C [TMP]/repo worktree add --quiet --detach --no-checkout \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js [COMMIT] && cp -a \
    !     [TMP]/repo/.git/batch/trash/batch-[RUN]-01-packages-p0-index-js/. \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js && git -C \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js reset --quiet
    ! moved to the trash: [TMP]/repo.batch/[RUN]/02-packages-p1-index-js
    !   to get it back: git -C [TMP]/repo worktree add --quiet --detach --no-checkout \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js [COMMIT] && cp -a \
    !     [TMP]/repo/.git/batch/trash/batch-[RUN]-02-packages-p1-index-js/. \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js && git -C \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js reset --quiet
    ! deleted: refs/batch/left/[RUN]/01, whose run is gone
    !   to get it back, until git collects garbage: git update-ref refs/batch/left/[RUN]/01 [COMMIT]
    ! unpublished work stays in [TMP]/repo/.git/batch/trash until batch clean --empty-trash
    ");
    assert_eq!(
        repo.git(["for-each-ref", "--format=%(refname)", "refs/batch/"]),
        kept
    );
}

#[test]
fn only_what_is_old_enough_goes() {
    let repo = failed();
    let mut seen = repo.transcript();
    seen.batch(["clean", "--older-than", "7d"]);
    let journal = rusqlite::Connection::open(repo.state().join("journal.db")).expect("the journal");
    let week = "UPDATE events SET at = at - 8 * 24 * 3600 * 1000 WHERE fact NOT LIKE '%outcome%'";
    journal.execute(week, []).expect("the events");
    drop(journal);
    seen.batch(["clean", "--older-than", "7d"]);

    let empty = ["clean", "--empty-trash", "--older-than", "1w"];
    seen.batch(empty);
    let lying = notes(&repo);
    let old = std::time::SystemTime::now() - std::time::Duration::from_hours(24 * 8);
    let file = fs::File::options()
        .write(true)
        .open(&lying[0])
        .expect("the note");
    file.set_modified(old).expect("the note's time");
    seen.batch(empty);
    assert_eq!(notes(&repo), lying[1..]);
    seen.batch(["clean", "--older-than", "soon"]);
    assert_snapshot!(seen, @r#"
    $ batch clean --older-than 7d
    ! nothing to clean: no ended run has left anything

    $ batch clean --older-than 7d
    ! moved to the trash: [TMP]/repo.batch/[RUN]/01-packages-p0-index-js
    !   to get it back: git -C [TMP]/repo worktree add --quiet --detach --no-checkout \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js [COMMIT] && cp -a \
    !     [TMP]/repo/.git/batch/trash/batch-[RUN]-01-packages-p0-index-js/. \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js && git -C \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-01-packages-p0-index-js reset --quiet
    ! moved to the trash: [TMP]/repo.batch/[RUN]/02-packages-p1-index-js
    !   to get it back: git -C [TMP]/repo worktree add --quiet --detach --no-checkout \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js [COMMIT] && cp -a \
    !     [TMP]/repo/.git/batch/trash/batch-[RUN]-02-packages-p1-index-js/. \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js && git -C \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js reset --quiet
    ! unpublished work stays in [TMP]/repo/.git/batch/trash until batch clean --empty-trash

    $ batch clean --empty-trash --older-than 1w
    ! nothing in the trash is that old

    $ batch clean --empty-trash --older-than 1w
    ! deleted 1 worktree from the trash

    $ batch clean --older-than soon
    ! error: invalid value 'soon' for '--older-than <TIME>': "soon" is not a duration: write it like 7d, \
    !     12h or 2w
    !
    ! For more information, try '--help'.
    [exit code 2]
    "#);
}

#[test]
fn the_indexes_of_units_go_with_their_worktrees() {
    let repo = Repo::with_packages(2);
    let _ = repo.migrate().agent(SIGN).units(2).run().exits(0);
    assert_eq!(repo.state_files("/index").len(), 0);
    let _ = repo.migrate().agent(FAIL).units(2).run().exits(1);
    assert_eq!(repo.state_files("/index").len(), 2);
    let _ = repo.batch(["clean"]).exits(0);
    assert_eq!(repo.state_files("/index").len(), 0);
}

#[test]
fn half_a_copy_that_a_killed_clean_left_counts_as_nobodys_work() {
    let repo = failed();
    let unit = worktree(&repo, "01");
    let run = unit.parent().and_then(Path::file_name).expect("a run");
    let unit = unit.file_name().expect("a unit");
    let name = format!("batch-{}-{}", run.display(), unit.display());
    let trash = repo.state().join("trash");
    let half = trash.join(format!(".unfinished-{name}"));
    fs::create_dir_all(half.join("packages")).expect("half a copy");
    repo.batch(["clean", "--empty-trash"])
        .exits(0)
        .says("deleted 2 worktrees from the trash");
    assert!(!half.exists(), "half a copy stays");
    nothing_is_left(&repo);
}
