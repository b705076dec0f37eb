//! What a run costs beyond its agents and checks: ratios, and memory, which mean the same on any machine.
//!
//!     cargo bench --bench runs              # all; about two minutes where nothing else is done
//!     cargo bench --bench runs -- agents    # those with this word in their names
//!
//! Real runs of the program, over repositories that are made in the folder for temporary files (`TMPDIR`). Memory is
//! known on Linux only.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]
#![expect(
    clippy::unwrap_used,
    reason = "where a measurement fails, there is nothing to go on with"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tempfile::TempDir;

/// Seconds that the agents of the mix sleep: many short ones, and a few long ones.
const MIX: [f64; 24] = [
    18.0, 12.0, 6.0, 6.0, 3.0, 3.0, 3.0, 3.0, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5,
    1.5, 1.5, 1.5, 1.5, 1.5, 1.5,
];

type Measure = fn(&str);

/// How many units start checks in a sandbox, and how many checks each.
const CHECKED_UNITS: usize = 5;
const CHECKS: usize = 40;

/// The lines of an agent that says some 100 MB.
const SAID_LINES: usize = 1_200_000;

const ALL: [(&str, Measure); 10] = [
    ("30 agents that do nothing", few),
    ("300 agents that do nothing", many),
    ("4 agents that say 50 MB each", loud),
    ("10 agents that sleep 10 s, at -j 10", equal),
    ("24 agents that sleep 1.5 to 18 s, at -j 4", mixed),
    ("30 worktrees of 10,000 files, at -j 4", large),
    ("30 private gits beside 20,000 branches", referenced),
    ("200 checks in a sandbox", guarded),
    ("an agent that says 100 MB, redacted", redacted),
    ("100,000 events", told),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let words = || wanted.iter().filter(|word| !word.starts_with('-'));
    for (name, measure) in ALL {
        if words().all(|word| name.contains(word.as_str())) {
            measure(name);
        }
    }
}

fn few(name: &str) {
    let ran = Repository::of(30).migrate(&["-j", "1", "--agent-cmd", "true"]);
    tell(name, "most memory", ran.memory());
}

fn many(name: &str) {
    let units = 300;
    let repository = Repository::of(units);
    let ran = repository.migrate(&["-j", "1", "--agent-cmd", "true", "-vv"]);
    tell(name, "most memory", ran.memory());
    tell(name, "one event held the loop for at most", ran.held());
    let started = Instant::now();
    for unit in 0..units {
        let (branch, tree) = (format!("unit-{unit}"), format!("../trees/{unit}"));
        repository.git(&["worktree", "add", "--quiet", "-b", &branch, &tree, "HEAD"]);
        repository.git(&["-C", &tree, "status", "--porcelain"]);
        repository.git(&["worktree", "remove", &tree]);
        repository.git(&["branch", "--quiet", "-D", &branch]);
    }
    let by_git = started.elapsed();
    let each = |time: Duration| milliseconds(time / u32::try_from(units).unwrap());
    tell(
        name,
        "a unit: worktree, agent, scope, removal",
        each(ran.took),
    );
    tell(
        name,
        "git alone: worktree add, status, worktree remove, branch -D",
        each(by_git),
    );
    tell(name, "the part of it", ratio(ran.took, by_git));
}

/// Units with many checks that do nothing, each of which starts in the sandbox.
fn guarded(name: &str) {
    let checks: Vec<String> = (0..CHECKS).map(|number| format!("true {number}")).collect();
    let mut args = vec![
        "-j",
        "1",
        "--agent-shell",
        "--agent-cmd",
        "echo 1 >>{files}",
    ];
    args.extend(checks.iter().flat_map(|check| ["--check", check.as_str()]));
    let round = |kind: &str| {
        let repository = Repository::of(CHECKED_UNITS);
        let ran = repository.migrate_with(&[&args[..], &["--sandbox", kind]].concat());
        (repository.mean_check(), ran.took)
    };
    let mut rounds = Vec::new();
    for _ in 0..3 {
        rounds.push(["off", "bwrap", "landlock"].map(round));
    }
    let least = |kind: usize| {
        let each = rounds.iter().map(|round| round[kind].0);
        let whole = rounds.iter().map(|round| round[kind].1);
        (
            each.min().unwrap_or_default(),
            whole.min().unwrap_or_default(),
        )
    };
    let shown = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1_000.0);
    let starts = u32::try_from(CHECKED_UNITS * (CHECKS + 1)).unwrap();
    let (plain, without) = least(0);
    tell(
        name,
        "a check without a sandbox, from start to end",
        shown(plain),
    );
    for (kind, figures) in [("bwrap", least(1)), ("landlock", least(2))] {
        let (guarded, within) = figures;
        let more = shown(guarded.saturating_sub(plain));
        let figure = format!("{more} more ({} by the same)", ratio(guarded, plain));
        tell(name, &format!("{kind}, a check"), figure);
        let more = within.saturating_sub(without) / starts;
        let figure = format!("{} more a start ({})", shown(more), ratio(within, without));
        tell(
            name,
            &format!("{kind}, the run by the same without"),
            figure,
        );
    }
}

/// An agent that says much, line by line, as one does: paths, code, and now and then something like a secret.
fn redacted(name: &str) {
    let repository = Repository::of(1);
    let mut lines = String::new();
    for number in 0..SAID_LINES {
        let line = match number % 50 {
            0 => format!("export API_TOKEN=a1b2c3d4e5f6g7h{number}\n"),
            1 => format!(
                "{{\"type\":\"tool_result\",\"tokens\":{number},\"path\":\"src/app/view{number}.tsx\"}}\n"
            ),
            _ => format!(
                "  at render (src/app/component{number}.tsx:{number}:13) const value = props.items\n"
            ),
        };
        lines.push_str(&line);
    }
    let said = repository.home.join("lines");
    fs::write(&said, &lines).unwrap();
    let took = |command: String| {
        let repository = Repository::of(1);
        let args = [
            "-j",
            "1",
            "--sandbox",
            "off",
            "--agent-shell",
            "--agent-cmd",
        ];
        repository.migrate(&[&args[..], &[&command]].concat()).took
    };
    let file = said.to_string_lossy();
    let mut rounds = Vec::new();
    for _ in 0..3 {
        let unread = took(format!("cat {file} >/dev/null"));
        let masked = took(format!("cat {file}"));
        rounds.push(masked.saturating_sub(unread));
    }
    let least = rounds.into_iter().min().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "some 100 MB")]
    let speed = lines.len() as f64 / 1e6 / least.as_secs_f64();
    let megabytes = megabytes(Some(lines.len() as u64));
    tell(
        name,
        "read, masked, kept",
        format!("{speed:.0} MB/s ({megabytes} in {})", milliseconds(least)),
    );
}

fn loud(name: &str) {
    let repository = Repository::of(4);
    let agent = "sh -c 'yes 0123456789abcdef | head -c 50000000'";
    let ran = repository.migrate(&["-j", "4", "--agent-cmd", agent, "-vv"]);
    tell(name, "most memory", ran.memory());
    tell(name, "one event held the loop for at most", ran.held());
    let kept = walkdir::WalkDir::new(repository.path.join(".git/batch"))
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name() == "agent.log")
        .filter_map(|entry| entry.metadata().ok())
        .map(|log| log.len())
        .max();
    tell(name, "most kept of one", megabytes(kept));
}

fn equal(name: &str) {
    let ran = Repository::of(10).migrate(&["-j", "10", "--agent-cmd", "sleep 10"]);
    tell(
        name,
        "speed-up",
        format!("{}×", ratio(Duration::from_secs(100), ran.took)),
    );
}

fn mixed(name: &str) {
    let repository = Repository::of(MIX.len());
    // The number of a file's lines says how long its agent sleeps, in tenths of a second.
    for (package, seconds) in MIX.iter().enumerate() {
        let tenths = Duration::from_secs_f64(*seconds).as_millis() / 100;
        repository.write(package, &"x\n".repeat(usize::try_from(tenths).unwrap()));
    }
    repository.commit();
    let agent = r#"sleep "$(xargs -0 cat <"$BATCH_FILES" | awk "END { print NR / 10 }")""#;
    let ran = repository.migrate(&["-j", "4", "--agent-shell", "--agent-cmd", agent]);
    let bound = MIX[0].max(MIX.iter().sum::<f64>() / 4.0);
    tell(
        name,
        &format!("the run by its lower bound of {bound} s"),
        ratio(ran.took, Duration::from_secs_f64(bound)),
    );
}

fn large(name: &str) {
    let repository = Repository::of(30);
    for number in 0..9_970 {
        let folder = repository.path.join(format!("rest{}", number % 30));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(number.to_string()), format!("{number}\n")).unwrap();
    }
    repository.commit();
    let ran = repository.migrate(&["-j", "4", "--agent-cmd", "true", "-vv"]);
    tell(name, "most memory", ran.memory());
    tell(name, "one event held the loop for at most", ran.held());
    tell(name, "the run", milliseconds(ran.took));
}

/// A run in a repository whose remote has many branches, which the private git of each checkout knows.
fn referenced(name: &str) {
    let repository = Repository::of(30);
    repository.git(&["pack-refs", "--all"]);
    let head = repository.path.join(".git/refs/remotes/origin/main");
    let packed = repository.path.join(".git/packed-refs");
    let before = fs::read_to_string(&packed).unwrap();
    assert!(!head.exists());
    let id = before
        .lines()
        .find(|line| !line.starts_with(['#', '^']))
        .and_then(|line| line.split(' ').next())
        .unwrap()
        .to_owned();
    let many = (0..20_000).map(|number| format!("{id} refs/remotes/origin/topic/{number:05}\n"));
    fs::write(&packed, before + &many.collect::<String>()).unwrap();
    let ran = repository.migrate(&["-j", "1", "--agent-cmd", "true", "-vv"]);
    let took = |line: &str| {
        let (_, rest) = line.split_once("the private git took ")?;
        rest.split(' ').next()?.parse::<u64>().ok()
    };
    let mut took: Vec<u64> = ran.said.lines().filter_map(took).collect();
    assert_eq!(took.len(), 30);
    let first = Duration::from_micros(took[0]);
    took.sort_unstable();
    let median = Duration::from_micros(took[took.len() / 2]);
    let shown = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1_000.0);
    tell(name, "the first", shown(first));
    tell(name, "the median", shown(median));
}

/// A run of which the agents' beginning and end stand in the journal again and again.
fn told(name: &str) {
    let repository = Repository::of(5);
    repository.migrate(&["--agent-cmd", "true"]);
    let mut journal = Connection::open(repository.path.join(".git/batch/journal.db")).unwrap();
    let again = journal.transaction().unwrap();
    let copied = again
        .execute(
            "WITH RECURSIVE times(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM times WHERE n < 10000)
             INSERT INTO events (run, unit, at, fact)
             SELECT run, unit, at, fact FROM times, events
             WHERE unit IS NOT NULL AND fact LIKE '%\"agent%' ORDER BY n, seq",
            [],
        )
        .unwrap();
    again
        .execute(
            "INSERT INTO events (run, unit, at, fact)
             SELECT run, unit, at, fact FROM events WHERE unit IS NULL ORDER BY seq DESC LIMIT 1",
            [],
        )
        .unwrap();
    again.commit().unwrap();
    tell(name, "copied", copied);
    for command in ["status", "report", "export", "doctor"] {
        let ran = repository.batch(&[command]);
        tell(
            name,
            &format!("batch {command}"),
            format!("{}, {}", ran.memory(), milliseconds(ran.took)),
        );
    }
}

/// A repository of packages with one file each, in a folder that goes with it.
struct Repository {
    _root: TempDir,
    path: PathBuf,
    home: PathBuf,
    packages: usize,
}

/// How a program went.
struct Ran {
    took: Duration,
    /// The most memory it had, in bytes.
    peak: Option<u64>,
    said: String,
}

impl Repository {
    fn of(packages: usize) -> Self {
        let root = TempDir::new().unwrap();
        let home = root.path().to_owned();
        let path = home.join("repository");
        fs::create_dir(&path).unwrap();
        let repository = Self {
            _root: root,
            path,
            home,
            packages,
        };
        for package in 0..packages {
            repository.write(package, &format!("var p{package} = {package};\n"));
        }
        repository.git(&["init", "--quiet"]);
        repository.git(&["config", "user.name", "Ada"]);
        repository.git(&["config", "user.email", "ada@acorn.example"]);
        repository.commit();
        repository
    }

    fn write(&self, package: usize, text: &str) {
        let folder = self.path.join(format!("packages/p{package}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("index.js"), text).unwrap();
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "Go on"]);
    }

    fn git(&self, args: &[&str]) {
        let status = self
            .command(Path::new("git"))
            .args(args)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "git {args:?}");
    }

    /// A run in which each package is a unit of its own.
    fn migrate(&self, args: &[&str]) -> Ran {
        self.migrate_with(&[&["--no-checks"], args].concat())
    }

    /// [`Self::migrate`], with the checks that the arguments name.
    fn migrate_with(&self, args: &[&str]) -> Ran {
        let units = self.packages.to_string();
        let fixed = ["migrate", "packages/", "change it", "--units", &units];
        self.batch(&[&fixed[..], &["--yes", "--dry-run"], args].concat())
    }

    /// Returns the mean time of a check, from its start to its end.
    fn mean_check(&self) -> Duration {
        let journal = Connection::open(self.path.join(".git/batch/journal.db")).unwrap();
        let (checks, mean): (i64, f64) = journal
            .query_row(
                "SELECT count(*), avg(fact ->> 'took_ms') FROM events
                 WHERE fact ->> 'fact' = 'check-finished'",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap();
        assert_eq!(usize::try_from(checks), Ok(CHECKED_UNITS * CHECKS));
        // The journal keeps whole milliseconds.
        Duration::from_secs_f64((mean + 0.5) / 1_000.0)
    }

    fn batch(&self, args: &[&str]) -> Ran {
        let said = self.home.join("said");
        let log = fs::File::create(&said).unwrap();
        let started = Instant::now();
        let mut child = self
            .command(Path::new(env!("CARGO_BIN_EXE_batch")))
            .args(args)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut peak = None;
        let status = loop {
            peak = peak_memory(child.id()).or(peak);
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            sleep(Duration::from_millis(2));
        };
        let took = started.elapsed();
        let said = fs::read_to_string(said).unwrap();
        assert!(status.success(), "batch {args:?}\n{said}");
        Ran { took, peak, said }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.path)
            .env("HOME", &self.home)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }
}

impl Ran {
    fn memory(&self) -> String {
        megabytes(self.peak)
    }

    /// The longest time for which one event held the loop, as a run tells it with `-vv`.
    fn held(&self) -> String {
        self.said
            .split_once("held the loop for longer than ")
            .and_then(|(_, rest)| rest.lines().next())
            .map_or_else(|| "unknown".to_owned(), str::to_owned)
    }
}

/// The most memory that a process has had so far, where the system tells it.
fn peak_memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1_024)
}

fn tell(name: &str, what: &str, figure: impl std::fmt::Display) {
    println!("{name:<42} {what:<60} {figure}");
}

fn megabytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(
        || "unknown".to_owned(),
        |bytes| format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    )
}

fn milliseconds(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}

fn ratio(one: Duration, other: Duration) -> String {
    format!("{:.3}", one.as_secs_f64() / other.as_secs_f64())
}
