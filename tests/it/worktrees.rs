//! The folders in which units work: how they are prepared, what happens when there is no room, and how they go away.

#[cfg(target_os = "linux")]
use crate::support::{Migrate, Output};
use std::fs;

use insta::assert_snapshot;

use crate::support::{Repo, SIGN};

/// Adds what is ignored, changes what is tracked, and leaves a new file.
const SETUP: &str = "
mkdir node_modules
echo dep >node_modules/dep
echo 2 >lock
echo left >left.txt";

#[test]
fn what_setup_changes_is_not_part_of_the_change() {
    let repo = Repo::with_packages(2)
        .file(".gitignore", "node_modules/\n")
        .file("lock", "1\n")
        .commit("More");
    repo.git(["push", "--quiet"]);
    let setup = repo.program("setup", SETUP);
    let setup = setup.to_string_lossy();
    let repo = repo.settings(&format!("[worktrees]\nsetup = \"{setup}\"\n"));
    let agent = "
test -f node_modules/dep
grep -q 2 lock
sign";
    let _ = repo.migrate().agent(agent).run().exits(0);

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
        .migrate()
        .agent("touch started; false")
        .with(["--setup", "echo 'no package index'; exit 4"])
        .run()
        .exits(1);
    assert_snapshot!(output.printed(), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ failed │ – │ – │ [DURATION]

    ✗ 01-packages-p0-index-js failed at setup
      the setup command failed: exit code 4
        │ no package index
      log       batch logs 01-packages-p0-index-js  \
        ([TMP]/repo/.git/batch/runs/[RUN]/01-packages-p0-index-js/setup.log)
      changes   batch diff 01-packages-p0-index-js  ([TMP]/repo.batch/[RUN]/01-packages-p0-index-js)

    → batch retry --failed --run [RUN]  (01-packages-p0-index-js)

    0 of 1 unit published, 1 failed · [DURATION]
    ");
    let unit = "01-packages-p0-index-js";
    let mut seen = repo.transcript();
    seen.batch(["logs", unit, "--of", "setup"]);
    seen.batch(["logs", unit, "--of", "agent"]);
    assert_snapshot!(seen, @r"
    $ batch logs 01-packages-p0-index-js --of setup
    no package index

    $ batch logs 01-packages-p0-index-js --of agent
    ! error: unit 01-packages-p0-index-js has no log of that step
    [exit code 2]
    ");
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
    let agent = "
grep -q KEY=1 .env
grep -q cached cache/deep/er
test ! -e .env.local
echo KEY=3 >.env
sign";
    let _ = repo.migrate().agent(agent).run().exits(0);

    assert_eq!(repo.read(".env"), "KEY=1\n");
    let branch = &repo.pushed()[0];
    assert_eq!(repo.published_changes(branch), "M\tpackages/p0/index.js");
}

#[test]
fn links_are_brought_along_as_links() {
    let repo = Repo::with_packages(1)
        .file(".gitignore", "modules\nlinked\n")
        .commit("Ignore");
    repo.git(["push", "--quiet"]);
    let repo = repo
        .file(".worktreeinclude", "modules/*\nlinked\n")
        .file("modules/one", "one\n")
        .file("packages/p0/mine", "untracked\n");
    fs::create_dir(repo.root().join("shared")).expect("a folder beside the repository");
    fs::write(repo.root().join("shared/two"), "two\n").expect("a file in it");
    let link = |target, place| {
        std::os::unix::fs::symlink(target, repo.dir().join(place)).expect("a link");
    };
    link("..", "modules/self");
    link("../shared", "linked");
    let agent = "
grep -q one modules/one
grep -q two linked/two
[ -L linked ] && [ -L modules/self ]
[ ! -e packages/p0/mine ]
sign";
    let _ = repo.migrate().agent(agent).run().exits(0);
    let branch = &repo.pushed()[0];
    assert_eq!(repo.published_changes(branch), "M\tpackages/p0/index.js");
}

#[test]
fn other_checkouts_and_repositories_are_not_brought_along() {
    let repo = Repo::with_packages(1)
        .file(".gitignore", ".env\nnested/\n")
        .commit("Ignore");
    repo.git(["push", "--quiet"]);
    let repo = repo
        .file(".worktreeinclude", ".env\nnested/whole/\n")
        .file("nested/.env", "own\n")
        .file("nested/whole/file", "own\n");
    repo.git(["worktree", "add", "--quiet", "--detach", "nested/linked"]);
    repo.git([
        "worktree",
        "add",
        "--quiet",
        "--detach",
        "nested/whole/linked",
    ]);
    repo.git(["init", "--quiet", "nested/another"]);
    repo.write("nested/linked/.env", "another's\n");
    repo.write("nested/another/.env", "another's\n");
    let agent = "
grep -q own nested/.env
grep -q own nested/whole/file
[ ! -e nested/linked ] && [ ! -e nested/another ] && [ ! -e nested/whole/linked ]
sign";
    let output = repo.migrate().agent(agent).run().exits(0);
    output.says(".worktreeinclude names nested/whole/linked, which no worktree gets");
}

#[test]
fn clean_deletes_what_is_published_and_only_moves_what_is_not() {
    let repo = Repo::with_packages(2);
    let agent = "
sign
if claims packages/p1/; then echo stray >>README.md; fi";
    let _ = repo
        .migrate()
        .agent(agent)
        .units(2)
        .with(["--keep-worktrees", "--scope", "listed"])
        .run()
        .exits(1);
    let stands = || walkdir::WalkDir::new(repo.worktrees()).into_iter().count();
    let before = stands();

    let mut seen = repo.transcript();
    seen.batch(["clean", "--dry-run"]);
    assert_eq!(stands(), before);

    seen.batch(["clean"]);
    assert!(!repo.worktrees().exists());
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
    let stray = repo.state_files("README.md");
    assert_eq!(stray.len(), 1, "{stray:?}");
    assert!(repo.read(&stray[0]).contains("stray"));

    seen.batch(["clean", "--empty-trash", "--dry-run"]);
    assert!(stray[0].exists());
    seen.batch(["clean", "--empty-trash"]);
    assert_snapshot!(seen, @r"
    $ batch clean --dry-run
    ! would delete: [TMP]/repo.batch/[RUN]/01-packages-p0-index-js
    ! would move to the trash: [TMP]/repo.batch/[RUN]/02-packages-p1-index-js

    $ batch clean
    ! deleted: [TMP]/repo.batch/[RUN]/01-packages-p0-index-js
    ! moved to the trash: [TMP]/repo.batch/[RUN]/02-packages-p1-index-js
    !   to get it back: git -C [TMP]/repo worktree add --quiet --detach --no-checkout \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js [COMMIT] && cp -a \
    !     [TMP]/repo/.git/batch/trash/batch-[RUN]-02-packages-p1-index-js/. \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js && git -C \
    !     [TMP]/repo.batch/[RUN]/batch-[RUN]-02-packages-p1-index-js reset --quiet
    ! unpublished work stays in [TMP]/repo/.git/batch/trash until batch clean --empty-trash

    $ batch clean --empty-trash --dry-run
    ! would delete 1 worktree from the trash

    $ batch clean --empty-trash
    ! deleted 1 worktree from the trash
    ");
    assert!(!stray[0].exists());
    // The published branch is the user's now.
    assert_eq!(repo.branches().len(), 1);
}

#[test]
fn a_place_for_worktrees_that_two_units_would_share_is_refused() {
    let repo = Repo::with_packages(1).settings("[worktrees]\ndir = \"../{repo}.work\"\n");
    assert_snapshot!(repo.migrate().agent(SIGN).run(), @r#"
    $ batch migrate packages/ 'sign every file' --yes --forge local --agent-cmd [TMP]/agent --no-checks
    ! error: the worktree folder template "../{repo}.work" has no {run}, so two units or runs would share \
    !     a name
    [exit code 2]
    "#);
}

/// A repository whose worktrees stand on a small file system of their own.
#[cfg(target_os = "linux")]
struct SmallDisk {
    repo: Repo,
    size: &'static str,
}

#[cfg(target_os = "linux")]
impl SmallDisk {
    /// None where the machine lets nobody mount one.
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    fn under(repo: Repo, size: &'static str) -> Option<Self> {
        let repo = repo.settings("[worktrees]\ndir = \"../small/{run}/{unit}\"\n");
        std::fs::create_dir(repo.root().join("small")).expect("a folder");
        let it = Self { repo, size };
        if it.run(&["true"]).code() == 0 {
            return Some(it);
        }
        eprintln!("skipped: unshare may not mount a file system of its own here");
        None
    }

    /// Runs this command line of `batch`.
    fn batch(&self, migrate: &Migrate) -> Output {
        self.run(&[vec![batch()], migrate.words()].concat())
    }

    /// Runs a program that sees the file system; it is gone when the program ends.
    fn run<W: AsRef<std::ffi::OsStr>>(&self, words: &[W]) -> Output {
        let mount = format!(
            "mount -t tmpfs -o size={} tmpfs ../small && exec \"$@\"",
            self.size
        );
        let mut command = self.repo.command("unshare");
        command.args(["--user", "--map-root-user", "--mount"]);
        command.args(["sh", "-c", &mount, "sh"]).args(words);
        let output = command.output().expect("unshare starts");
        Output::new("unshare".to_owned(), &output, self.repo.root())
    }
}

/// The path of the program.
#[cfg(target_os = "linux")]
fn batch() -> String {
    let batch = assert_cmd::cargo::cargo_bin("batch");
    batch.to_string_lossy().into_owned()
}

/// A run in which every file is signed.
#[cfg(target_os = "linux")]
fn signing<'a>(repo: &'a Repo, more: &[&str]) -> Migrate<'a> {
    repo.migrate().agent(SIGN).anywhere().with(more)
}

#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_fills_up_in_a_checkout_fails_the_unit_and_leaves_nothing() {
    // In the checkout every line is twice as long.
    let repo = Repo::with_packages(1)
        .file(".gitattributes", "large.txt text eol=crlf\n")
        .file("large.txt", "\n".repeat(200_000))
        .commit("Grow");
    repo.git(["push", "--quiet"]);
    let Some(disk) = SmallDisk::under(repo, "300k") else {
        return;
    };
    let repo = &disk.repo;
    disk.batch(&signing(repo, &[]))
        .exits(1)
        .says("the disk is full: ");
    assert_eq!(repo.branches(), Vec::<String>::new());
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
}

/// Packages beside a file of this size in bytes.
#[cfg(target_os = "linux")]
fn heavy(packages: usize, size: usize) -> Repo {
    let repo = Repo::with_packages(packages)
        .file("large.txt", "x".repeat(size))
        .commit("Grow");
    repo.git(["push", "--quiet"]);
    repo
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_whose_worktrees_have_no_room_is_refused_with_numbers() {
    let Some(disk) = SmallDisk::under(heavy(3, 100_000), "400k") else {
        return;
    };
    let repo = &disk.repo;
    disk.batch(&signing(repo, &["-j", "3"])).exits(2).says(
        "there is no room for 3 worktrees of 200.7 kB each: 409.6 kB are free at [TMP]/small; \
             make room, or use -j 2",
    );
    disk.batch(&signing(repo, &["-j", "1", "--keep-worktrees"]))
        .exits(2)
        .says("plan fewer units");
    assert_eq!(repo.state_files("journal.db").len(), 0);
}

#[test]
#[cfg(target_os = "linux")]
fn units_wait_until_there_is_room_for_them() {
    let Some(disk) = SmallDisk::under(heavy(3, 100_000), "400k") else {
        return;
    };
    disk.batch(&signing(&disk.repo, &["-j", "2"]))
        .exits(0)
        .says("note: room is tight: 3 worktrees take 602.1 kB")
        .says("units wait for disk space: a worktree takes 200.7 kB")
        .says("there is enough disk space again")
        .says("3 of 3 units published");
}

#[test]
#[cfg(target_os = "linux")]
fn what_is_deleted_after_the_run_otherwise_makes_room() {
    let Some(disk) = SmallDisk::under(heavy(4, 4_000_000), "14m") else {
        return;
    };
    let clone = "git clone --quiet . ../small/repo && cd ../small/repo && exec \"$@\"";
    let mut words = ["sh", "-c", clone, "sh"].map(str::to_owned).to_vec();
    words.push(batch());
    words.extend(signing(&disk.repo, &["-j", "2"]).words());
    disk.run(&words)
        .exits(0)
        .says("there is enough disk space again")
        .says("4 of 4 units published");
}

#[test]
#[cfg(target_os = "linux")]
fn work_on_another_file_system_reaches_the_trash_too() {
    let Some(disk) = SmallDisk::under(Repo::with_packages(1), "1m") else {
        return;
    };
    let repo = &disk.repo;
    let migrate = repo
        .migrate()
        .agent("echo stray >>README.md; ln -s README.md link")
        .with(["--scope", "listed"])
        .anywhere();
    // What is mounted is gone with the process, so both commands are one.
    let both = r#""$0" "$@"; "$0" clean"#;
    let words = ["sh", "-c", both, &batch()].map(str::to_owned);
    disk.run(&[words.to_vec(), migrate.words()].concat())
        .exits(0)
        .says("moved to the trash");
    let stray = repo.state_files("README.md");
    assert!(repo.read(&stray[0]).contains("stray"));
    let link = stray[0].with_file_name("link");
    assert!(link.is_symlink(), "{link:?}");
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
}

/// Finds its temporary folder empty, and writes down what is its own.
const TELLS_ITS_PLACES: &str = r#"
test -z "$(ls -A "$TMPDIR")"
echo x >"$TMPDIR/mine"
for own in "$TMPDIR" "$BATCH_PORT_BASE" "$COMPOSE_PROJECT_NAME"; do
    echo "$own" >>"$here/told/$BATCH_UNIT"
done
sign"#;

#[test]
fn units_share_no_temporary_folder_no_ports_and_no_names() {
    let repo = Repo::with_packages(2);
    let told = repo.root().join("told");
    std::fs::create_dir(&told).expect("a folder");
    let check = format!("cat '{}'/$BATCH_UNIT; cat \"$TMPDIR/mine\"", told.display());
    let _ = repo
        .migrate()
        .agent(TELLS_ITS_PLACES)
        .check(&check)
        .units(2)
        .run()
        .exits(0);
    let of = |unit: &str| {
        let text = std::fs::read_to_string(told.join(unit)).expect("what the agent told");
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 3, "{lines:?}");
        lines
    };
    let (first, second) = (of("01-packages-p0-index-js"), of("02-packages-p1-index-js"));
    for (one, other) in first.iter().zip(&second) {
        assert_ne!(one, other);
    }
    assert!(first[2].ends_with("-01-packages-p0-index-js"), "{first:?}");
    assert!(!repo.worktrees().exists());

    let repo = repo.settings("[environment]\nset = { TMPDIR = \"/tmp\" }\n");
    let _ = repo
        .migrate()
        .agent(r#"test "$TMPDIR" = /tmp"#)
        .with(["--dry-run"])
        .run()
        .exits(0);
}

#[test]
fn caches_are_the_users_unless_each_unit_is_to_have_its_own() {
    let repo = Repo::with_packages(1);
    let dry = |agent: &str| {
        let run = repo.migrate().agent(agent).with(["--dry-run"]).run();
        let _ = run.exits(0);
    };
    dry(r#"test -z "${PIP_CACHE_DIR-}""#);
    repo.write("batch.toml", "[environment]\ncaches = \"own\"\n");
    dry(r#"
case $PIP_CACHE_DIR in
"$TMPDIR"/*) mkdir -p "$PIP_CACHE_DIR" ;;
*) exit 1 ;;
esac"#);
}

#[test]
fn the_temporary_folder_of_a_killed_run_is_cleaned_up() {
    let repo = Repo::with_packages(1);
    // After the agent's work.
    repo.migrate().agent(SIGN).killed_at("5+");
    // The tests' own folder is the system's temporary folder for the program.
    let left = || {
        std::fs::read_dir(repo.root())
            .expect("the temporary folder")
            .filter_map(Result::ok)
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("batch-"))
            .count()
    };
    assert_eq!(left(), 1);
    let _ = repo.batch(["clean", "--all"]).exits(0);
    assert_eq!(left(), 0);
    assert!(!repo.worktrees().exists());
}
