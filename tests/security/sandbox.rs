//! What a worker in a sandbox cannot do, for each kind of sandbox that this machine allows. Every attack is also made
//! without a sandbox, where it succeeds: that is what `--sandbox off` no longer holds.

use std::fs;
use std::io::Write as _;
use std::os::unix::net::UnixListener;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Migrate, Output, Repo, SIGN};

/// A machine allows some of them, or none.
const KINDS: [&str; 2] = ["bwrap", "landlock"];

/// The attacks that only Landlock does not withstand.
const BESIDE_LANDLOCK: [&str; 1] = ["a child outlives its unit"];

/// What the agent tries: a name, and a command that succeeds where the attack does. `$home` is the user's home.
const ATTACKS: [(&str, &str); 18] = [
    // A1: the token of the user.
    (
        "the runner's environment is read",
        "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -q \"^BATCH_TEST_TOKEN=$here\"",
    ),
    ("gh's token is read", "grep -q oauth_token \"$home/.config/gh/hosts.yml\""),
    (
        "git's credentials are read",
        "printf 'protocol=https\\nhost=acorn.example\\n\\n' | env -i PATH=\"$PATH\" HOME=\"$home\" \
         GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=true git credential fill | grep -q password=hunter2",
    ),
    // A3: files of the user.
    ("a key is read", "grep -q private \"$home/.ssh/id_ed25519\""),
    ("a login is read", "grep -q hunter2 \"$home/.netrc\""),
    ("another agent's login is read", "grep -q token \"$home/.codex/auth.json\""),
    ("the user's shell is changed", "echo evil >>\"$home/.bashrc\""),
    ("a program of the user is added", "mkdir -p \"$home/.cargo/bin\" && echo evil >\"$home/.cargo/bin/ls\""),
    ("the user's checkout is changed", "echo evil >\"$here/repo/evil\""),
    ("an object is added", "echo evil >\"$here/repo/.git/objects/evil\""),
    ("a branch is made", "git --git-dir \"$here/repo/.git\" update-ref refs/heads/evil HEAD"),
    ("a hook is added", "mkdir -p \"$here/repo/.git/hooks\" && echo evil >\"$here/repo/.git/hooks/post-commit\""),
    // A3: the state of batch, and other units.
    ("a request is left", "mkdir \"$here/repo/.git/batch/runs/evil\""),
    ("the journal is read", "cat \"$here/repo/.git/batch/journal.db\""),
    ("another unit's file is read", "grep -q theirs \"$here/repo.batch/other/unit/file\""),
    ("another unit's file is changed", "echo evil >\"$here/repo.batch/other/unit/file\""),
    // A3: processes.
    (
        "the runner is signalled",
        "for place in /proc/[0-9]*; do
             tr '\\0' '\\n' <\"$place/cmdline\" | grep -q \"^$here/agent$\" || continue
             tr '\\0' ' ' <\"$place/cmdline\" | grep -q ' migrate ' && kill -0 \"${place#/proc/}\" && exit 0
         done 2>/dev/null; exit 1",
    ),
    (
        "a hidden socket is connected to",
        "perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new(shift)' \"$home/.docker/run/docker.sock\"",
    ),
];

/// A repository beside a home with everything that the attacks look for.
fn with_secrets() -> Repo {
    let repo = Repo::with_packages(1);
    let home = repo.root().join("home");
    let files = [
        (".ssh/id_ed25519", "private"),
        (".netrc", "machine acorn.example login ada password hunter2"),
        (".git-credentials", "https://ada:hunter2@acorn.example"),
        (".config/gh/hosts.yml", "oauth_token: hunter2"),
        (".codex/auth.json", "token"),
        (".bashrc", ""),
    ];
    for (path, text) in files {
        let path = home.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder of the home");
        fs::write(path, text).expect("a file of the home");
    }
    let mut settings = fs::OpenOptions::new()
        .append(true)
        .open(home.join(".gitconfig"))
        .expect("the settings of git");
    settings
        .write_all(b"[credential]\n\thelper = store\n")
        .expect("the settings of git");
    let other = repo.worktrees().join("other/unit");
    fs::create_dir_all(&other).expect("another unit");
    fs::write(other.join("file"), "theirs").expect("another unit's file");
    repo
}

/// Runs a migration in a sandbox of this kind; `None` where this machine does not allow it.
fn run_in(kind: &str, migrate: Migrate<'_>) -> Option<Output> {
    let ended = migrate.with(["--sandbox", kind]).run();
    if ended.code() == 2 && ended.stderr().contains("does not work on this machine") {
        let _ = writeln!(
            std::io::stderr(),
            "skipped, as this machine does not allow it: {kind}"
        );
        return None;
    }
    Some(ended)
}

#[test]
fn scripts_that_a_command_names_below_tmp_are_there() {
    let repo = Repo::with_packages(1);
    let tools = tempfile::tempdir().expect("a folder");
    let [script, helper] = ["script", "helper"].map(|name| tools.path().join(name));
    fs::write(&script, ". \"$(dirname \"$0\")/helper\"").expect("a script");
    fs::write(&helper, "echo signed >>packages/p0/index.js").expect("a script");
    let agent = format!("sh '{}'", script.display());
    let check = format!(
        "test -r {} && grep -q signed packages/p0/index.js",
        helper.display()
    );
    let words = ["--agent-cmd", &agent, "--agent-shell"];
    for kind in KINDS {
        let migrate = repo.migrate().units(1).check(&check);
        let _ = succeed_in(kind, migrate.with(words));
    }
}

/// A folder of modules is often a link. What it leads to is read, and a link to credentials shows none.
#[test]
fn what_links_lead_to_that_every_checkout_gets_is_read_and_not_written() {
    let names = "node_modules\nkeys\n";
    let repo = with_secrets()
        .file(".gitignore", names)
        .file(".worktreeinclude", names)
        .commit("Include");
    repo.git(["push", "--quiet"]);
    let modules = tempfile::tempdir().expect("a folder");
    fs::write(modules.path().join("module"), "1").expect("a module");
    let keys = repo.root().join("home/.ssh");
    for (name, to) in [("node_modules", modules.path()), ("keys", &keys)] {
        std::os::unix::fs::symlink(to, repo.dir().join(name)).expect("a link");
    }
    let looks = "test -L keys && cat node_modules/module && ! touch node_modules/new && ! cat keys/id_ed25519";
    for kind in KINDS {
        let migrate = repo.migrate().agent(SIGN).units(1).check(looks);
        let Some(ended) = succeed_in(kind, migrate) else {
            continue;
        };
        ended.says("because links lead there that .worktreeinclude names");
    }
}

/// [`run_in`], which must succeed.
pub(super) fn succeed_in(kind: &str, migrate: Migrate<'_>) -> Option<Output> {
    let ended = run_in(kind, migrate)?;
    assert_eq!(ended.code(), 0, "{kind}: {ended}");
    Some(ended)
}

/// What the agent of the only unit printed.
fn printed(repo: &Repo) -> String {
    let logs = repo.state_files("agent.log");
    let [log] = &logs[..] else {
        panic!("not one log: {logs:?}");
    };
    fs::read_to_string(log).expect("the log")
}

/// Lists the attacks that succeed in a sandbox of this kind.
fn succeeding(kind: &str) -> Option<Vec<String>> {
    let repo = with_secrets();
    let home = repo.root().join("home");
    let sockets = home.join(".docker/run");
    fs::create_dir_all(&sockets).expect("the socket's folder");
    let _socket = UnixListener::bind(sockets.join("docker.sock")).expect("a socket");
    // No process of another test has this in its arguments.
    let left = format!("{}/left", repo.root().display());
    let mut script = vec!["home=$here/home".to_owned()];
    script.extend(ATTACKS.iter().enumerate().map(|(number, (_, command))| {
        format!("if (\n{command}\n) >/dev/null 2>&1; then echo 'succeeds: {number}'; fi")
    }));
    script.push(format!(
        "setsid env -i PATH=\"$PATH\" perl -e 'sleep 600' {left} </dev/null >/dev/null 2>&1 &\n\
         until grep -q '^perl' /proc/$!/cmdline; do :; done\nsign"
    ));
    let script = script.join("\n");
    let token = repo.root().to_string_lossy().into_owned();
    let migrate = repo.migrate().agent(&script).units(1);
    run_in(kind, migrate.env("BATCH_TEST_TOKEN", &token))?;
    let mut found: Vec<String> = printed(&repo)
        .lines()
        .filter_map(|line| line.strip_prefix("succeeds: ")?.parse::<usize>().ok())
        .map(|number| ATTACKS[number].0.to_owned())
        .collect();
    if end_process_with(&left) {
        found.push("a child outlives its unit".to_owned());
    }
    Some(found)
}

/// Ends the process with this argument, and tells whether there was one.
fn end_process_with(argument: &str) -> bool {
    let mut ended = false;
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let line = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
        let pid = entry
            .file_name()
            .to_string_lossy()
            .parse()
            .map(Pid::from_raw);
        if let (true, Ok(pid)) = (line.split('\0').any(|word| word == argument), pid) {
            ended |= kill(pid, Signal::SIGKILL).is_ok();
        }
    }
    ended
}

/// Rows A1 and A3, by sandbox.
#[test]
fn a_worker_in_a_sandbox_reaches_nothing_of_the_user() {
    for kind in KINDS {
        let Some(found) = succeeding(kind) else {
            continue;
        };
        let expected: &[&str] = if kind == "landlock" {
            &BESIDE_LANDLOCK
        } else {
            &[]
        };
        assert_eq!(found, expected, "{kind}");
    }
}

/// Variables that a git hook sets lead git to one repository. They hide no sandbox from batch.
#[test]
fn a_run_that_a_git_hook_starts_finds_its_sandbox() {
    for kind in KINDS {
        let repo = Repo::with_packages(1);
        let migrate = || repo.migrate().agent("echo signed >>packages/p0/index.js");
        if run_in(kind, migrate()).is_none() {
            continue;
        }
        let index = repo.dir().join(".git/index");
        let of_hook = migrate()
            .env("GIT_DIR", ".git")
            .env("GIT_INDEX_FILE", &index.to_string_lossy());
        let _ = of_hook.with(["--sandbox", kind]).run().exits(0);
    }
}

/// Rows A1 and A3: what `--sandbox off` does not hold.
#[test]
fn without_a_sandbox_every_attack_succeeds() {
    let expected: Vec<&str> = ATTACKS
        .iter()
        .map(|(name, _)| *name)
        .chain(BESIDE_LANDLOCK)
        .collect();
    assert_eq!(succeeding("off").expect("no sandbox is needed"), expected);
}

/// A worker does its work in a sandbox: it commits, and writes to its home and to its temporary folder.
#[test]
fn a_worker_in_a_sandbox_can_work() {
    for kind in KINDS {
        let repo = with_secrets();
        let script = r#"
            sign
            git add --all
            commit_as_agent mine
            echo x >"$HOME/mine"
            echo x >"$TMPDIR/mine"
            echo x >"${npm_config_cache%/*}/mine"
            git -C "$here/repo" log -1 --format=%s
            echo "$HOME"
            cat "$here/home/.bashrc"
            echo all done"#;
        let migrate = repo.migrate().agent(script).units(1);
        let check = migrate.check("grep -q signed packages/p0/index.js && test ! -e $HOME/.ssh");
        if succeed_in(kind, check).is_none() {
            continue;
        }
        let said = printed(&repo);
        assert!(said.contains("all done"), "{kind}: {said}");
        assert!(said.contains("Start\n"), "{kind}: {said}");
        assert!(!said.contains(&*repo.root().join("home\n").to_string_lossy()));
        assert_eq!(repo.pushed().len(), 1, "{kind}");
        let left = repo.worktrees();
        assert!(!has_caches(&left), "{kind}: the caches of the run are left");
    }
}

fn has_caches(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .into_iter()
        .any(|entry| entry.file_name().to_string_lossy().ends_with(".caches"))
}

/// The report, the pages of pull requests and the journal say what held.
#[test]
fn what_held_is_told() {
    for (kind, words) in [
        ("bwrap", "bubblewrap"),
        ("landlock", "Landlock and seccomp"),
        ("off", "off: "),
    ] {
        let repo = Repo::with_packages(1);
        let migrate = repo.migrate().agent("sign").units(1);
        let Some(ended) = succeed_in(kind, migrate) else {
            continue;
        };
        assert!(
            ended.raw().contains(&format!("sandbox: {words}")),
            "{kind}: {ended:?}"
        );
        assert_eq!(repo.report()["sandbox"]["kind"], kind);
        let report = repo.batch(["report", "--format", "markdown"]);
        assert!(
            report.raw().contains(&format!("- sandbox: {words}")),
            "{report}"
        );
        let pages = repo.state_files(".md");
        let page = pages
            .iter()
            .find(|page| page.parent().is_some_and(|it| it.ends_with("prs")));
        let page = repo.read(page.expect("a page"));
        assert!(
            page.contains(&format!("Sandbox of agents and checks: {words}")),
            "{page}"
        );
    }
}

/// A run without workers needs no sandbox, and tells of none.
#[test]
fn a_codemod_without_checks_needs_no_sandbox() {
    let repo = Repo::with_packages(1);
    let migrate = repo
        .migrate()
        .rewrite("var $A = $B", "let $A = $B")
        .units(1);
    let ended = migrate
        .env("PATH", &without_bwrap(&repo))
        .with(["--sandbox", "bwrap"])
        .run();
    assert_eq!(ended.code(), 0, "{ended}");
    assert!(repo.report()["sandbox"].is_null());
}

/// Where the sandbox does not work, nothing is run unless somebody says so.
#[test]
fn a_run_without_its_sandbox_is_refused() {
    let repo = Repo::with_packages(1);
    let migrate = repo.migrate().agent("sign").units(1);
    let ended = migrate
        .env("PATH", &without_bwrap(&repo))
        .with(["--sandbox", "bwrap"])
        .run();
    assert_eq!(ended.code(), 2, "{ended}");
    ended.says(
        "--sandbox bwrap does not work on this machine: the program bwrap is not on PATH; --sandbox auto takes what \
         works, and --sandbox off runs without one",
    );
    assert!(repo.branches().is_empty());
}

/// Row C2, by layout: the settings of a repository keep workers from more, and never from less.
#[test]
fn a_repository_cannot_loosen_the_sandbox() {
    for (line, key) in [
        ("kind = \"off\"", "kind = \"off\""),
        ("write = [\"~/.bashrc\"]", "write"),
        ("show = [\"~/.ssh\"]", "show"),
        ("sockets = [\"/run/docker.sock\"]", "sockets"),
    ] {
        let repo = Repo::with_packages(1)
            .of_a_stranger()
            .settings(&format!("[sandbox]\n{line}\n"));
        let ended = repo.migrate().agent("sign").units(1).run();
        assert_eq!(ended.code(), 2, "{ended}");
        ended.says(&format!(
            "batch.toml: {key} under [sandbox] lets workers reach more"
        ));
        let named = repo
            .migrate()
            .agent("sign")
            .units(1)
            .globally(["--config", "batch.toml"]);
        assert_eq!(named.run().code(), 0, "{line}");
    }
}

/// A `PATH` with the programs that a run needs, and without bubblewrap.
fn without_bwrap(repo: &Repo) -> String {
    let folder = repo.root().join("programs");
    fs::create_dir_all(&folder).expect("a folder of programs");
    for program in ["git", "sh"] {
        let found = which::which(program).expect("a program of every machine");
        let _ = std::os::unix::fs::symlink(found, folder.join(program));
    }
    folder.to_string_lossy().into_owned()
}

/// Row A3, by sandbox: checks reach no network where the settings say so.
#[test]
fn checks_can_be_kept_from_the_network() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("the port").port();
    let connect =
        format!("perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(\"127.0.0.1:{port}\")'");
    let own = "perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(Listen => 1, LocalAddr => \"127.0.0.1\")'";
    for kind in KINDS {
        for (network, check) in [
            ("on", connect.clone()),
            ("off", format!("! {connect}")),
            ("off", format!("! {own}")),
            ("loopback", format!("! {connect}")),
            ("loopback", own.to_owned()),
        ] {
            if (kind, network) == ("landlock", "loopback") {
                continue;
            }
            let repo = Repo::with_packages(1);
            let migrate = repo.migrate().agent("sign").units(1).check(&check);
            if succeed_in(kind, migrate.with(["--check-network", network])).is_none() {
                break;
            }
        }
    }
}

/// Row F1, by limits of the system: a worker's file does not grow beyond what the settings say.
#[test]
fn the_size_of_files_can_be_limited() {
    let check = "! dd if=/dev/zero of=big bs=1M count=3 2>/dev/null; rm -f big";
    let repo = Repo::with_packages(1).settings("[sandbox]\nfile-size = \"1MB\"\n");
    let migrate = repo.migrate().agent("sign").units(1);
    let large = migrate.check("! dd if=/dev/zero of=big bs=1M count=3 2>/dev/null && rm big");
    succeed_in("off", large).expect("no sandbox is needed");
    let repo = Repo::with_packages(1);
    let unlimited = repo
        .migrate()
        .agent("sign")
        .units(1)
        .check(&check.replace("! ", ""));
    succeed_in("off", unlimited).expect("no sandbox is needed");
}
