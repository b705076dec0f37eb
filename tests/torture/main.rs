//! Random killing, until something is lost or doubled. Not part of the usual tests: `scripts/torture` drives it.
//!
//! Each round is a whole run in a repository of its own under one kind of hardship. Its runner is killed again and
//! again and resumed until it has come to its end; then everything that is left is held against what ought to be.

mod forge;
mod processes;
#[allow(dead_code, unused_imports, reason = "the other tests use more of it")]
#[path = "../it/support/mod.rs"]
mod support;
mod verdict;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use forge::Server;
use support::Repo;
use verdict::{Facts, Wrong};

const UNITS: usize = 3;
/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(2);

/// What makes a round hard, besides that its runner is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hardship {
    None,
    /// Agents and checks are killed as well.
    WorkersDie,
    /// The server refuses some pushes, and is slow.
    PushesFail,
    /// A pull request cannot be kept for a while.
    PagesFail,
    /// GitHub answers late, with errors, and with errors after it did what it was asked.
    GitHubFails,
    /// The disk is full for a while.
    DiskFull,
}

/// What was done in all rounds together.
#[derive(Debug, Default)]
pub struct Tally {
    rounds: usize,
    runners: usize,
    workers: usize,
    full: usize,
    resumed: usize,
    failed_units: usize,
    losses: Vec<String>,
    doubles: Vec<String>,
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

#[test]
#[ignore = "takes minutes; scripts/torture runs it"]
fn nothing_is_lost_or_doubled_however_a_run_is_killed() {
    let seed = number("BATCH_TORTURE_SEED", fastrand::u64(..1_000_000));
    let rounds = number("BATCH_TORTURE_ROUNDS", 20);
    let limit = Duration::from_mins(number("BATCH_TORTURE_MINUTES", 60));
    let small_disk = std::env::var_os("BATCH_TORTURE_SMALL_DISK").is_some();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut tally = Tally::default();
    let started = Instant::now();
    for round in 0..rounds {
        if started.elapsed() > limit {
            break;
        }
        let hardship = if small_disk {
            Hardship::DiskFull
        } else {
            match round % 5 {
                0 => Hardship::None,
                1 => Hardship::WorkersDie,
                2 => Hardship::PushesFail,
                3 => Hardship::PagesFail,
                _ => Hardship::GitHubFails,
            }
        };
        Round::new(hardship, random.fork()).go(&mut tally);
        tally.rounds += 1;
    }
    let told = format!(
        "seed {seed}: {} rounds in {:.0?}, runner killed {} times and resumed {}, workers killed {}, \
         disk full {}, units failed with a reason {}, losses {}, doubles {}",
        tally.rounds,
        started.elapsed(),
        tally.runners,
        tally.resumed,
        tally.workers,
        tally.full,
        tally.failed_units,
        tally.losses.len(),
        tally.doubles.len(),
    );
    let _ = writeln!(std::io::stdout(), "{told}");
    assert!(
        tally.losses.is_empty() && tally.doubles.is_empty(),
        "losses: {:#?}\ndoubles: {:#?}",
        tally.losses,
        tally.doubles
    );
}

/// Says that it begins, and whether another process of its kind still works for this unit.
const BEGINS: &str = r#"
busy="$here/KIND-$BATCH_UNIT"
if test -e "$busy" && grep -q "BATCH_UNIT=$BATCH_UNIT" "/proc/$(cat "$busy")/environ" 2>/dev/null; then
    echo "$BATCH_UNIT" >>"$here/doubled"
fi
echo $$ >"$busy"
note "KIND $BATCH_UNIT"
sleep 0.NAP
"#;

const REWRITES: &str = r#"
edit s/var/let/
rm "$busy""#;

const LOOKS: &str = r#"
grep -rq let packages
rm "$busy""#;

/// How a worker of this kind begins, which sleeps for so many hundredths of a second.
fn work(kind: &str, nap: u32) -> String {
    let nap = format!("{nap:02}");
    BEGINS.replace("KIND", kind).replace("NAP", &nap)
}

/// One run, from its first start to its end.
pub struct Round {
    hardship: Hardship,
    random: fastrand::Rng,
    repo: Repo,
    server: Option<Server>,
    args: Vec<String>,
    workers_killed: usize,
}

impl Round {
    fn new(hardship: Hardship, mut random: fastrand::Rng) -> Self {
        let mut repo = Repo::with_packages(UNITS);
        let server = (hardship == Hardship::GitHubFails).then(|| Server::start(random.fork()));
        if let Some(server) = &server {
            repo = server.hosts(repo);
        }
        if hardship == Hardship::PushesFail {
            hard_remote(&repo);
        }
        let nap = |random: &mut fastrand::Rng| random.u32(0..8) * 10;
        let agent = format!("{}{REWRITES}", work("agent", nap(&mut random)));
        let check = format!("{}{LOOKS}", work("check", nap(&mut random)));
        let check = repo.program("check", &check);
        let forge = if server.is_some() { "github" } else { "local" };
        let args = repo
            .migrate()
            .saying("from var to let")
            .agent(&agent)
            .check(&check.to_string_lossy())
            .anywhere()
            .with(["--forge", forge, "-j", "2"])
            .units(UNITS)
            .words();
        Self {
            hardship,
            random,
            repo,
            server,
            args,
            workers_killed: 0,
        }
    }

    fn go(mut self, tally: &mut Tally) {
        let before = self.repo.snapshot();
        let mut finished = BTreeSet::new();
        let mut incidents = self.random.usize(1..5);
        let mut undisturbed = 0;
        loop {
            let facts = Facts::of(&self.repo);
            finished.extend(facts.finished_work());
            let known = verdict::begun(&self.repo, &finished);
            let mut child = self.start(&facts);
            tally.resumed += usize::from(facts.has_run());
            if incidents > 0 {
                incidents -= 1;
                self.disturb(&mut child, tally);
            } else {
                undisturbed += 1;
                self.wait(&mut child);
            }
            // What was finished before must not have been begun again.
            if known != verdict::begun(&self.repo, &finished) {
                tally
                    .doubles
                    .push(self.told("finished work was done again"));
            }
            if Facts::of(&self.repo).ended() {
                break;
            }
            if undisturbed > 3 {
                tally.losses.push(self.told("the run cannot be resumed"));
                return;
            }
        }
        if before != self.repo.snapshot() {
            tally
                .losses
                .push(self.told("something of the user's changed"));
        }
        for wrong in verdict::judge(
            &self.repo,
            self.hardship,
            self.workers_killed,
            self.server.as_ref(),
        ) {
            match wrong {
                Wrong::Lost(what) => tally.losses.push(self.told(&what)),
                Wrong::Doubled(what) => tally.doubles.push(self.told(&what)),
            }
        }
        tally.failed_units += Facts::of(&self.repo).failed().len();
    }

    /// Starts the run, or resumes it where there is one.
    fn start(&self, facts: &Facts) -> Child {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.repo.root().join("said"))
            .expect("a log");
        let mut command = self.repo.command(assert_cmd::cargo::cargo_bin("batch"));
        if facts.has_run() {
            command.arg("resume");
        } else {
            command.args(&self.args);
        }
        if self.server.is_some() {
            command.env("GH_ENTERPRISE_TOKEN", "ghp_torture");
        }
        let also = log.try_clone().expect("the log");
        command
            .stdout(log)
            .stderr(also)
            .spawn()
            .expect("the program starts")
    }

    /// Does something bad at a random moment, and kills the runner unless it has ended by then.
    fn disturb(&mut self, child: &mut Child, tally: &mut Tally) {
        self.pause();
        match self.hardship {
            Hardship::WorkersDie if self.random.bool() => {
                let killed = processes::kill_one(self.repo.root(), &mut self.random);
                self.workers_killed += usize::from(killed);
                tally.workers += usize::from(killed);
                self.pause();
            }
            Hardship::PagesFail => {
                // A file where the folder of the pages ought to be.
                for run in self
                    .repo
                    .state()
                    .join("runs")
                    .read_dir()
                    .into_iter()
                    .flatten()
                {
                    let pages = run.expect("a run").path().join("prs");
                    if !pages.exists() {
                        fs::write(&pages, "in the way").expect("a file");
                        self.pause();
                        fs::remove_file(&pages).expect("the file");
                    }
                }
            }
            Hardship::DiskFull => {
                let balloon = self.repo.root().join("balloon");
                let mut file = File::create(&balloon).expect("a file");
                while file.write_all(&[0x5a; 4096]).is_ok() {}
                tally.full += 1;
                self.pause();
                drop(file);
                fs::remove_file(balloon).expect("the file");
            }
            _ => {}
        }
        if child.try_wait().expect("our own child").is_some() {
            return;
        }
        child.kill().expect("our own child");
        let status = child.wait().expect("our own child");
        tally.runners += usize::from(status.code().is_none());
    }

    fn pause(&mut self) {
        sleep(Duration::from_millis(self.random.u64(0..350)));
    }

    fn wait(&self, child: &mut Child) {
        let started = Instant::now();
        loop {
            if child.try_wait().expect("our own child").is_some() {
                return;
            }
            if started.elapsed() > PATIENCE {
                let _ = child.kill();
                panic!("{}", self.told("the run hangs"));
            }
            sleep(Duration::from_millis(5));
        }
    }

    fn told(&self, what: &str) -> String {
        let said = fs::read_to_string(self.repo.root().join("said")).unwrap_or_default();
        format!("{what} ({:?}); it said:\n{said}", self.hardship)
    }
}

/// A remote that takes its time and refuses every fourth push.
fn hard_remote(repo: &Repo) {
    let hook = repo.program(
        "pre-receive",
        "cat >/dev/null\nchance=$(od -An -N1 -tu1 /dev/urandom)\nsleep 0.$((chance % 3))\ntest $((chance % 4)) -ne 0",
    );
    fs::rename(hook, repo.remote_dir().join("hooks/pre-receive")).expect("the hook");
}
