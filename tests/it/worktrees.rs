//! The folders in which units work: how they are prepared, what happens when there is no room, and how they go away.

use crate::support::{Output, Repo, SIGN};

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
        Output::new(&output, self.repo.root())
    }
}

/// The program's arguments for a run in which every file is signed.
#[cfg(target_os = "linux")]
fn signing(repo: &Repo, more: &[&str]) -> Vec<String> {
    let batch = assert_cmd::cargo::cargo_bin("batch");
    let agent = repo.program("agent", SIGN);
    let (batch, agent) = (batch.to_string_lossy(), agent.to_string_lossy());
    let args = [&*batch, "migrate", "packages/", "sign every file", "--yes"];
    let usual = ["--no-checks", "--agent-cmd", &*agent];
    [&args[..], &usual, more]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect()
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
    disk.run(&signing(repo, &[]))
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
    disk.run(&signing(repo, &["-j", "3"]))
        .exits(2)
        .says("there is no room for 3 worktrees of 196.6 kB each: 409.6 kB are free at [TMP]/small; make room, or use -j 2");
    disk.run(&signing(repo, &["-j", "1", "--keep-worktrees"]))
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
    disk.run(&signing(&disk.repo, &["-j", "2"]))
        .exits(0)
        .says("note: room is tight: 3 worktrees take 589.8 kB")
        .says("units wait for disk space: a worktree takes 196.6 kB")
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
    words.extend(signing(&disk.repo, &["-j", "2"]));
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
    let agent = repo.program("agent", "echo stray >>README.md\nln -s README.md link");
    let batch = assert_cmd::cargo::cargo_bin("batch");
    // What is mounted is gone with the process, so both commands are one.
    let both = "\"$0\" migrate packages/ 'sign every file' --yes --no-checks --agent-cmd \"$1\"; \"$0\" clean";
    let words = [&*batch.to_string_lossy(), &agent.to_string_lossy()].map(str::to_owned);
    disk.run(&["sh", "-c", both, &words[0], &words[1]])
        .exits(0)
        .says("moved to the trash");
    let stray = repo.state_files("README.md");
    assert!(repo.read(&stray[0]).contains("stray"));
    let link = stray[0].with_file_name("link");
    assert!(link.is_symlink(), "{link:?}");
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
}

#[test]
fn units_share_no_temporary_folder_no_ports_and_no_names() {
    let repo = Repo::with_packages(2);
    let told = repo.root().join("told");
    std::fs::create_dir(&told).expect("a folder");
    let tell = format!(
        "test -z \"$(ls -A \"$TMPDIR\")\"; echo x >\"$TMPDIR/mine\"; printf '%s\\n' \"$TMPDIR\" \"$BATCH_PORT_BASE\" \"$COMPOSE_PROJECT_NAME\" >'{}'/$BATCH_UNIT",
        told.display()
    );
    let check = format!("cat '{}'/$BATCH_UNIT; cat \"$TMPDIR/mine\"", told.display());
    let _ = repo
        .migrate_by(
            &format!("{tell}\n{SIGN}"),
            &["--check", &check, "--units", "2"],
        )
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
        .migrate_by("test \"$TMPDIR\" = /tmp", &["--dry-run"])
        .exits(0);
}

#[test]
fn caches_are_the_users_unless_each_unit_is_to_have_its_own() {
    let repo = Repo::with_packages(1);
    let shared = repo.migrate_by("test -z \"${PIP_CACHE_DIR-}\"", &["--dry-run"]);
    let _ = shared.exits(0);
    let repo = repo.settings("[environment]\ncaches = \"own\"\n");
    let own =
        "case $PIP_CACHE_DIR in \"$TMPDIR\"/*) mkdir -p \"$PIP_CACHE_DIR\";; *) exit 1;; esac";
    let _ = repo.migrate_by(own, &["--dry-run"]).exits(0);
}

#[test]
fn the_temporary_folder_of_a_killed_run_is_cleaned_up() {
    let repo = Repo::with_packages(1);
    let args = repo.migration(SIGN, &[]);
    // After the agent's work.
    let killed = repo.batch_with(args, &[("BATCH_CRASH", "5+")]);
    assert_eq!(killed.code(), -1, "{killed:?}");
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
