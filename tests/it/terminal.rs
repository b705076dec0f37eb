//! The program at a terminal: what it asks there, and the terminal after it was ended while it had it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;

use crate::support::gate::read;
use crate::support::session::in_time;
use crate::support::{Repo, SIGN};

/// The program at a terminal of its own, which waits for an answer.
struct AtTerminal {
    repo: Repo,
    child: Child,
    /// The program's side of the terminal.
    terminal: OwnedFd,
    before: LocalFlags,
    screen: File,
}

impl AtTerminal {
    /// A run that is to be reviewed.
    fn at_review() -> Self {
        let it = Self::start(Repo::with_packages(1), SIGN, &[]);
        it.wait_for("uit");
        it.wait_until_raw();
        it
    }

    /// Runs `migrate` with an agent of this shell text.
    fn start(repo: Repo, agent: &str, more: &[&str]) -> Self {
        let migrate = repo.migrate().saying("sign").agent(agent).unapproved();
        let words = migrate.with(more).words();
        // Whoever edits anything has another word for it.
        Self::begin(repo, &words, &[("EDITOR", "sed -i.before s/sign/mark/")])
    }

    /// Runs these words of a command line.
    fn begin<W: AsRef<OsStr>>(repo: Repo, words: &[W], env: &[(&str, &str)]) -> Self {
        let command = repo.command(assert_cmd::cargo::cargo_bin("batch"));
        Self::spawn(repo, command, words, env)
    }

    /// Runs these words of a command line in a terminal session of their own, so that `/dev/tty` is this terminal.
    fn begin_session(repo: Repo, words: &[String]) -> Self {
        let mut command = repo.command("setsid");
        command
            .arg("--ctty")
            .arg(assert_cmd::cargo::cargo_bin("batch"));
        Self::spawn(repo, command, words, &[])
    }

    fn spawn<W: AsRef<OsStr>>(
        repo: Repo,
        mut command: Command,
        words: &[W],
        env: &[(&str, &str)],
    ) -> Self {
        let pty = openpty(None, None).expect("a terminal");
        // Other tests start programs at the same time, which must not inherit this terminal.
        for side in [&pty.master, &pty.slave] {
            fcntl(side, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).expect("a terminal");
        }
        let before = flags(&pty.slave);
        command.args(words).envs(env.iter().copied());
        let side = || pty.slave.try_clone().expect("the terminal");
        let child = command
            .stdin(Stdio::from(side()))
            .stdout(Stdio::null())
            .stderr(Stdio::from(side()))
            .spawn()
            .expect("the program starts");
        Self {
            repo,
            child,
            terminal: pty.slave,
            before,
            screen: pty.master.into(),
        }
    }

    /// Answers the question that the program asks next, in which this text stands.
    fn answer(&self, text: &'static str, key: &str) {
        self.wait_for(text);
        self.write(key);
    }

    /// Writes as soon as the program reads single keys.
    fn write(&self, text: &str) {
        self.wait_until_raw();
        self.press(text);
    }

    fn press(&self, text: &str) {
        let mut screen = self.screen.try_clone().expect("the terminal");
        screen.write_all(text.as_bytes()).expect("the terminal");
    }

    /// Reads on, that the program is not held up, and gives its exit code.
    fn end(&mut self) -> Option<i32> {
        let mut screen = self.screen.try_clone().expect("the terminal");
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            while screen.read(&mut part).is_ok_and(|count| count > 0) {}
        });
        self.child
            .wait()
            .expect("the program was started here")
            .code()
    }

    /// Reads what the program shows until there is this text, and gives it.
    fn wait_for(&self, text: &'static str) -> String {
        let mut screen = self.screen.try_clone().expect("the terminal");
        in_time("the program asks nothing", move || {
            let (mut shown, mut part) = (String::new(), [0; 4096]);
            while !shown.contains(text) {
                let count = screen.read(&mut part).expect("the terminal");
                shown.push_str(&String::from_utf8_lossy(&part[..count]));
            }
            shown
        })
    }

    fn wait_until_raw(&self) {
        let begin = Instant::now();
        while flags(&self.terminal) == self.before {
            assert!(begin.elapsed() < Duration::from_mins(1), "no key is read");
            std::thread::yield_now();
        }
    }
}

impl Drop for AtTerminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn flags(terminal: &OwnedFd) -> LocalFlags {
    tcgetattr(terminal)
        .expect("a terminal's settings")
        .local_flags
}

#[test]
fn a_review_that_is_ended_from_outside_leaves_the_terminal_as_it_was() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let mut it = AtTerminal::at_review();
        let pid = Pid::from_raw(it.child.id().try_into().expect("a process id"));
        kill(pid, signal).expect("the program runs");
        let status = it.child.wait().expect("the program was started here");
        // 3 where the signal has woken the one who waits for a key: not approved.
        assert!(matches!(status.code(), Some(3 | 130)), "{signal}: {status}");
        assert_eq!(flags(&it.terminal), it.before, "{signal}");
        assert!(!it.repo.worktrees().exists());
    }
}

#[test]
fn what_the_repository_would_decide_is_approved_once_with_a_key() {
    for (key, code) in [("q", 3), ("a", 0)] {
        let mark = "checked-by-the-repository";
        let repo = Repo::with_packages(1).of_a_stranger().settings(&format!(
            "[checks]\ncommands = [\"touch ../../../{mark}\"]\n"
        ));
        let migrate = repo.migrate().agent(SIGN).found_checks();
        let words = migrate.words();
        let mut it = AtTerminal::begin(repo, &words, &[]);
        let shown = it.wait_for("pprove it");
        assert!(shown.contains("checks.commands = ["), "{shown}");
        it.write(key);
        let (ended, it) = in_time("the program does not end", move || (it.end(), it));
        assert_eq!(ended, Some(code));
        assert_eq!(it.repo.root().join(mark).exists(), key == "a");
        if key == "a" {
            // The answer is remembered.
            let again = it.repo.migrate().agent(SIGN).found_checks().run();
            assert_eq!(again.code(), 0, "{again}");
        }
    }
}

#[test]
fn when_the_first_units_fail_alike_the_person_is_asked_whether_to_go_on() {
    for (key, begun) in [("g", 4), ("s", 3)] {
        let repo = Repo::with_packages(4);
        let more = ["--yes", "--units", "4", "-j", "1"];
        let mut it = AtTerminal::start(repo, "note; exit 3", &more);
        it.answer("o on anyway", key);
        let (code, lines) = in_time("the program does not end", move || {
            let code = it.end();
            let text = std::fs::read_to_string(it.repo.root().join("worked"));
            (code, text.expect("somebody worked").lines().count())
        });
        assert_eq!((code, lines), (Some(1), begun));
    }
}

#[test]
fn the_canary_is_shown_and_what_the_person_says_is_told_to_all() {
    let repo = Repo::with_packages(2);
    let agent = r#"
echo "$BATCH_UNIT" $BATCH_INSTRUCTION >>"$here/told"
sign"#;
    let mut it = AtTerminal::start(repo, agent, &["--units", "2", "--canary"]);
    it.answer("uit", "a");
    it.answer("o on with the others", "a");
    it.wait_for("agents be told");
    it.write("and mind the rest\n");
    it.answer("o on with the others", "g");
    let (code, told) = in_time("the program does not end", move || {
        let code = it.end();
        let told = std::fs::read_to_string(it.repo.root().join("told"));
        assert_eq!(it.repo.pushed().len(), 2);
        (code, told.expect("somebody worked"))
    });
    assert_eq!(code, Some(0));
    let told: Vec<bool> = told
        .lines()
        .map(|line| line.contains("and mind the rest"))
        .collect();
    assert_eq!(told, [false, true, true]);
}

#[test]
fn a_worker_that_reads_from_the_terminal_does_not_wait_for_a_person() {
    let repo = Repo::with_packages(1);
    // A program in the background of a terminal is stopped as soon as it reads a key.
    let reads = "read -r key 2>/dev/null </dev/tty || true";
    let migrate = repo.migrate().saying("sign").check(reads);
    let words = migrate.agent(&format!("{reads}\nsign")).words();
    let mut it = AtTerminal::begin_session(repo, &words);
    let (code, pushed) = in_time("a worker waits for a key", move || {
        (it.end(), it.repo.pushed())
    });
    assert_eq!((code, pushed.len()), (Some(0), 1));
}

#[test]
fn ctrl_c_at_the_terminal_ends_the_workers() {
    let repo = Repo::with_packages(1);
    let started = repo.fifo("started");
    let agent = "echo $$ >\"$here/started\"\nexec sleep 600";
    let words = repo.migrate().saying("sign").agent(agent).words();
    let mut it = AtTerminal::begin_session(repo, &words);
    let worker = read(&started).trim().parse().expect("a process id");
    // The terminal turns the key into a signal for the program in its foreground.
    it.press("\u{3}");
    it.wait_for("Ctrl-C again");
    it.press("\u{3}");
    let code = in_time("the program does not end", move || it.end());
    assert_eq!(code, Some(130));
    assert!(kill(Pid::from_raw(worker), None).is_err(), "{worker}");
}

/// Proposes two units to sign, and one for every other instruction; then signs.
const PROPOSES: &str = r#"
if [ -n "${BATCH_PROPOSAL_FILE:-}" ]; then
    case $BATCH_INSTRUCTION in
    sign) units='{"title": "a", "files": ["packages/p0/"]}, {"title": "b", "files": ["packages/"]}' ;;
    *)
        # The first time it takes too long.
        ! mkdir "$here/once" 2>/dev/null || exec sleep 100
        units='{"title": "all", "files": ["packages/"]}'
        ;;
    esac
    echo "{\"units\": [$units]}" >"$BATCH_PROPOSAL_FILE"
    exit
fi
sign"#;

#[test]
fn with_another_instruction_the_agent_proposes_anew_unless_the_person_does_not_wait() {
    let repo = Repo::with_packages(3);
    let more = ["--planner", "agent", "--units", "1..3"];
    let mut it = AtTerminal::start(repo, PROPOSES, &more);
    it.answer("2 units, 3 files", "i");
    it.answer("sk for new ones", "a");
    it.wait_for("Ctrl-C keeps the plan");
    let pid = Pid::from_raw(it.child.id().try_into().expect("a process id"));
    in_time("nobody is asked", {
        let once = it.repo.root().join("once");
        move || {
            while !once.exists() {
                std::thread::yield_now();
            }
        }
    });
    kill(pid, Signal::SIGINT).expect("the program runs");
    let shown = it.wait_for("uit");
    assert!(shown.contains("so the plan stays as it was"), "{shown}");
    it.write("i");
    it.answer("sk for new ones", "a");
    it.answer("1 unit, 3 files", "a");
    let (code, branches) = in_time("the program does not end", move || {
        (it.end(), it.repo.pushed())
    });
    assert_eq!((code, branches.len()), (Some(0), 1), "{branches:?}");
}

#[test]
fn of_several_agents_one_is_asked_for_once() {
    let repo = Repo::with_packages(1);
    for name in ["claude", "codex"] {
        repo.program(name, "exit 0");
    }
    let path = std::env::var("PATH").expect("a path");
    let path = format!("{}:{path}", repo.root().display());
    let keys = [
        ("PATH", &*path),
        ("ANTHROPIC_API_KEY", "a"),
        ("OPENAI_API_KEY", "b"),
        ("CODEX_API_KEY", "b"),
    ];
    let words = "migrate packages/ sign --planner graph --no-checks --forge local";
    let words: Vec<&str> = words.split(' ').collect();
    let settings = repo.root().join("home/.config/batch/config.toml");
    let mut it = AtTerminal::begin(repo, &words, &keys);
    // Both questions end with this word: read up to it, the first cannot be taken for the second.
    let asked = it.wait_for("uit");
    assert!(asked.contains("Which one works for you?"), "{asked}");
    it.write("x");
    it.answer("uit", "q");
    let (code, repo) = in_time("the program does not end", move || {
        let code = it.end();
        (code, std::mem::replace(&mut it.repo, Repo::new()))
    });
    assert_eq!(code, Some(3));
    let text = std::fs::read_to_string(&settings).expect("settings");
    assert!(text.contains("kind = \"codex\""), "{text}");
    let plan = ["plan", "packages/", "sign", "--planner", "graph", "--json"];
    let plan = repo.batch_with(plan, &keys).exits(0).json();
    assert_eq!(plan["agent"]["kind"], "codex");
}

#[test]
fn an_instruction_that_was_left_out_is_written_in_the_editor() {
    let repo = Repo::with_packages(2);
    let editor = r#"
cp "$1" "$here/seen"
echo 'sign them all' | cat - "$here/seen" >"$1""#;
    let editor = repo.program("editor", editor);
    let editor = editor.to_str().expect("a path");
    let words = [
        "plan",
        "packages/p1",
        "--agent-cmd",
        "true",
        "-o",
        "new.toml",
    ];
    let mut it = AtTerminal::begin(repo, &words, &[("EDITOR", editor)]);
    let (code, plan, seen) = in_time("the program does not end", move || {
        let code = it.end();
        let read = |name: &str| std::fs::read_to_string(name).unwrap_or_default();
        let plan = read(&it.repo.dir().join("new.toml").to_string_lossy());
        (
            code,
            plan,
            read(&it.repo.root().join("seen").to_string_lossy()),
        )
    });
    assert_eq!(code, Some(0));
    assert!(plan.contains("instruction = \"sign them all\"\n"), "{plan}");
    assert!(seen.contains("#   packages/p1/index.js\n"), "{seen}");
    assert!(!seen.contains("packages/p0"), "{seen}");
}
