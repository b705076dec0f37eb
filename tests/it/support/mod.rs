//! Throw-away repositories and the real program, so that a test reads like a session at a terminal.
//!
//! Every [`Repo`] is a temporary folder of its own that holds the repository, its remote, the worktrees and a home
//! without settings: neither the person's git configuration nor their tokens reach a test. Knows nothing of the
//! library; what it checks is what a person sees.

pub mod agents;
pub mod gate;
mod migrate;
mod output;
pub mod session;
mod snapshot;
mod transcript;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

pub use agents::{SIGN, SIGN_AND_NOTE, claude};
use gate::Gate;
pub use migrate::Migrate;
pub use output::Output;
use session::Session;
pub use snapshot::Snapshot;
pub use transcript::Transcript;

/// A date long past, so that commit ids do not depend on the clock.
const DATE: &str = "2024-05-01T12:00:00 +0000";

/// A git repository in a temporary folder that is gone with it.
pub struct Repo {
    _tmp: TempDir,
    dir: PathBuf,
    /// Whether the program reads the repository's batch.toml as a file that the user vouches for.
    vouched: bool,
}

/// The variable that has all tests run workers in this kind of sandbox, where they may write beside the repository.
const SANDBOX: &str = "BATCH_TEST_SANDBOX";

impl Repo {
    /// An empty repository on branch `main`.
    pub fn new() -> Self {
        let repo = Self::folder();
        repo.git(["init", "--quiet", "--initial-branch=main"]);
        repo
    }

    /// A folder that is not a repository.
    pub fn folder() -> Self {
        let tmp = TempDir::with_prefix("batch-test-").expect("a temporary folder");
        // macOS hands out a path with a symlink in it; the program prints the real one.
        let root = tmp.path().canonicalize().expect("the temporary folder");
        let dir = root.join("repo");
        fs::create_dir_all(&dir).expect("the repository's folder");
        fs::create_dir_all(root.join("home")).expect("a home");
        fs::write(
            root.join("home/.gitconfig"),
            "[user]\n\tname = Ada\n\temail = ada@acorn.example\n\
             [commit]\n\tgpgsign = false\n[core]\n\tautocrlf = false\n",
        )
        .expect("a git configuration");
        if std::env::var_os(SANDBOX).is_some() {
            let settings = root.join("home/.config/batch");
            fs::create_dir_all(&settings).expect("a folder for settings");
            let text = format!("[sandbox]\nwrite = [{:?}]\n", root.display().to_string());
            fs::write(settings.join("config.toml"), text).expect("settings");
        }
        Self {
            _tmp: tmp,
            dir,
            vouched: true,
        }
    }

    /// A repository with a commit of `files` small JavaScript files, each in a package of its own, and a remote.
    pub fn with_packages(files: usize) -> Self {
        let mut repo = Self::new();
        for index in 0..files {
            repo = repo.file(
                format!("packages/p{index}/index.js"),
                format!("var p{index} = {index};\n"),
            );
        }
        repo.file("README.md", "# packages\n")
            .commit("Start")
            .with_remote()
    }

    /// A repository with a commit of one folder of `files` small JavaScript files, and a remote.
    pub fn with_one_folder(files: usize) -> Self {
        let named = |repo: Self, index| repo.file(format!("src/f{index}.js"), "var a = 1;\n");
        (0..files)
            .fold(Self::new(), named)
            .commit("Start")
            .with_remote()
    }

    /// Writes a file, with its folders.
    #[must_use]
    pub fn file(self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) -> Self {
        self.write(path, text);
        self
    }

    /// Commits everything that stands in the folder.
    #[must_use]
    pub fn commit(self, message: &str) -> Self {
        self.git(["add", "--all"]);
        self.git(["commit", "--quiet", "--allow-empty", "--message", message]);
        self
    }

    /// Makes a bare remote beside the repository, `origin`, which holds `main` as its default branch.
    #[must_use]
    pub fn with_remote(self) -> Self {
        let remote = self.remote_dir();
        self.git([
            OsStr::new("init"),
            "--quiet".as_ref(),
            "--bare".as_ref(),
            "--initial-branch=main".as_ref(),
            remote.as_os_str(),
        ]);
        self.git([
            OsStr::new("remote"),
            "add".as_ref(),
            "origin".as_ref(),
            remote.as_os_str(),
        ]);
        self.git(["push", "--quiet", "--set-upstream", "origin", "main"]);
        self.git(["remote", "set-head", "origin", "main"]);
        self
    }

    /// Writes a file after the repository was built.
    pub fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        let path = self.dir.join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the file's folder");
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Writes a program beside the repository (not into it) and returns its path. It may use the words of `words.sh`.
    pub fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.root().join(name);
        let text = format!("#!/bin/sh\nset -eu\n{}\n{script}\n", agents::WORDS);
        fs::write(&path, text).expect("the program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the program's mode");
        path
    }

    /// A value of `PATH` in which the programs beside the repository come first.
    pub fn path(&self) -> String {
        let usual = path_without_gh();
        format!("{}:{}", self.root().display(), usual.to_string_lossy())
    }

    /// Makes a script decide on what is pushed to the remote.
    pub fn receive_by(&self, script: &str) {
        let hooks = self.remote_dir().join("hooks");
        fs::create_dir_all(&hooks).expect("the hooks' folder");
        let hook = self.program("pre-receive", script);
        fs::rename(hook, hooks.join("pre-receive")).expect("the hook");
    }

    /// The text of a file of the checkout.
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        let path = self.dir.join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The repository's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The temporary folder that holds the repository and all that stands beside it.
    pub fn root(&self) -> &Path {
        self.dir
            .parent()
            .expect("the repository stands in a folder")
    }

    /// Moves the repository, and nothing that stands beside it, to a path from the temporary folder.
    pub fn move_to(&mut self, path: impl AsRef<Path>) {
        let to = self.root().join(path);
        fs::rename(&self.dir, &to).expect("the repository moves");
        self.dir = to;
    }

    /// The folder of the bare remote.
    pub fn remote_dir(&self) -> PathBuf {
        self.root().join("origin.git")
    }

    /// The folder where the worktrees of the program stand.
    pub fn worktrees(&self) -> PathBuf {
        self.root().join("repo.batch")
    }

    /// The one worktree that the program has left, as git lists it.
    #[track_caller]
    pub fn only_worktree(&self) -> String {
        let listed = self.git(["worktree", "list", "--porcelain"]);
        let mut paths = listed
            .lines()
            .filter_map(|line| line.strip_prefix("worktree "));
        let (Some(_own), Some(only), None) = (paths.next(), paths.next(), paths.next()) else {
            panic!("not one worktree: {listed}");
        };
        only.to_owned()
    }

    /// The folder where the program keeps its state.
    pub fn state(&self) -> PathBuf {
        self.dir.join(".git/batch")
    }

    /// What stands in that folder, but for the cache, which only remembers what is in the repository anyway.
    pub fn state_entries(&self) -> Vec<String> {
        let entries = fs::read_dir(self.state()).into_iter().flatten();
        entries
            .map(|entry| entry.expect("the state").file_name())
            .filter(|name| name != "cache")
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }

    /// Runs git in the repository; returns what it printed, without the last line break.
    pub fn git<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> String {
        let mut command = self.command("git");
        command.args(args);
        let output = command.output().expect("git starts");
        assert!(
            output.status.success(),
            "{command:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout)
            .trim_end_matches('\n')
            .to_owned()
    }

    /// Writes `batch.toml`, which need not be committed.
    #[must_use]
    pub fn settings(self, text: &str) -> Self {
        self.file("batch.toml", text)
    }

    /// Lets the program treat `batch.toml` as what anybody may have written, for tests of approvals.
    #[must_use]
    pub fn of_a_stranger(mut self) -> Self {
        self.vouched = false;
        self
    }

    /// Runs the program in the repository, without a terminal.
    pub fn batch<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        self.batch_with(args, &[])
    }

    /// Like [`Repo::batch`], with further environment.
    pub fn batch_with<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
        env: &[(&str, &str)],
    ) -> Output {
        let mut command = self.command(assert_cmd::cargo::cargo_bin("batch"));
        command.args(args).envs(env.iter().copied());
        let output = command.output().expect("the program starts");
        Output::new(typed_line(&command), &output, self.root())
    }

    /// Like [`Repo::batch`], but the program may read no more than the modes of files allow, also where root runs the
    /// tests.
    pub fn batch_bound_by_modes<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Output {
        let program = assert_cmd::cargo::cargo_bin("batch");
        let mut command = if nix::unistd::geteuid().is_root() {
            let mut command = self.command("setpriv");
            command.arg("--bounding-set=-dac_override,-dac_read_search");
            command.arg(program);
            command
        } else {
            self.command(program)
        };
        command.args(args);
        let output = command.output().expect("the program starts");
        Output::new(typed_line(&command), &output, self.root())
    }

    /// A command line of `batch migrate`, to be completed and run.
    pub fn migrate(&self) -> Migrate<'_> {
        Migrate::of(self)
    }

    /// A command line of `batch run` for this file, to be completed and run.
    pub fn run_saved(&self, plan: &str) -> Migrate<'_> {
        Migrate::of_plan(self, plan)
    }

    /// [`Repo::run_saved`] for a plan of these units.
    pub fn run_plan(&self, units: &[(&str, &[&str])]) -> Migrate<'_> {
        self.plan(units);
        self.run_saved("plan.toml")
    }

    /// What a person sees who runs one command after another.
    pub fn transcript(&self) -> Transcript<'_> {
        Transcript::of(self)
    }

    /// Writes a plan of units, each with the package of its number and what it needs.
    pub fn plan(&self, units: &[(&str, &[&str])]) {
        let base = self.git(["rev-parse", "HEAD"]);
        let mut plan = format!(
            "version = 1\ninstruction = \"sign every file\"\nbase = \"{base}\"\nbase-name = \"main\"\n"
        );
        for (number, (id, needs)) in units.iter().enumerate() {
            let unit = format!(
                "\n[[unit]]\nid = \"{id}\"\nneeds = {needs:?}\nfiles = [\"packages/p{number}/index.js\"]\n"
            );
            plan.push_str(&unit);
        }
        self.write("plan.toml", plan);
    }

    /// Starts the program in the repository, without a terminal, and leaves it running.
    pub fn start<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Session {
        self.start_with(args, &[])
    }

    /// Like [`Repo::start`], with further environment.
    pub fn start_with<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
        env: &[(&str, &str)],
    ) -> Session {
        let mut command = self.command(assert_cmd::cargo::cargo_bin("batch"));
        command.args(args).envs(env.iter().copied());
        Session::start(command, self.root())
    }

    /// Like [`Repo::start_with`], by another program, such as `nohup`, which takes the place of its own process.
    pub fn start_by<A: AsRef<OsStr>>(
        &self,
        starter: &str,
        args: impl IntoIterator<Item = A>,
        env: &[(&str, &str)],
    ) -> Session {
        let mut command = self.command(starter);
        command.arg(assert_cmd::cargo::cargo_bin("batch"));
        command.args(args).envs(env.iter().copied());
        Session::start(command, self.root())
    }

    /// Makes the place where agents wait for the test.
    pub fn gate(&self) -> Gate {
        Gate::of(self)
    }

    /// Makes a named pipe beside the repository, on which a test and an agent can wait for each other.
    pub fn fifo(&self, name: &str) -> PathBuf {
        let path = self.root().join(name);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("a named pipe");
        path
    }

    /// The report of the last run.
    pub fn report(&self) -> serde_json::Value {
        self.batch(["report", "--json"]).exits(0).json()
    }

    /// The lines that agents wrote into `worked` beside the repository, which is for the test to arrange.
    pub fn worked(&self) -> Vec<String> {
        let text = fs::read_to_string(self.root().join("worked")).unwrap_or_default();
        text.lines().map(ToOwned::to_owned).collect()
    }

    /// The names of the branches that the program made here, sorted.
    pub fn branches(&self) -> Vec<String> {
        lines(&self.git([
            "for-each-ref",
            "--format=%(refname:short)",
            "refs/heads/batch/",
        ]))
    }

    /// The names of the branches that it pushed, sorted.
    pub fn pushed(&self) -> Vec<String> {
        self.pushed_to(&self.remote_dir())
    }

    /// The names of the branches that it pushed to this bare repository, sorted.
    pub fn pushed_to(&self, remote: &Path) -> Vec<String> {
        lines(&self.git([
            OsStr::new("--git-dir"),
            remote.as_os_str(),
            "for-each-ref".as_ref(),
            "--format=%(refname:short)".as_ref(),
            "refs/heads/batch/".as_ref(),
        ]))
    }

    /// The paths in which a branch differs from `main`, sorted.
    pub fn changed_on(&self, branch: &str) -> Vec<String> {
        lines(&self.git(["diff", "--name-only", &format!("main...{branch}")]))
    }

    /// Every file below `.git/batch` with this ending.
    pub fn state_files(&self, ending: &str) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = walkdir::WalkDir::new(self.state())
            .into_iter()
            .filter_map(Result::ok)
            .map(walkdir::DirEntry::into_path)
            .filter(|path| path.to_string_lossy().ends_with(ending))
            .collect();
        found.sort();
        found
    }

    /// The one file below `.git/batch` with this ending, with all that varies replaced.
    #[track_caller]
    pub fn settled(&self, ending: &str) -> String {
        let found = self.state_files(ending);
        let [path] = &found[..] else {
            panic!("not one file {ending}: {found:?}");
        };
        output::settle(&self.read(path), self.root())
    }

    /// The text of a file on a branch of the remote.
    pub fn published(&self, branch: &str, path: &str) -> String {
        self.remote_git(["show", &format!("{branch}:{path}")])
    }

    /// What a branch of the remote changes against its `main`, one path a line, with git's letter before it.
    pub fn published_changes(&self, branch: &str) -> String {
        self.remote_git([
            "diff",
            "--name-status",
            "--no-renames",
            &format!("main...{branch}"),
        ])
    }

    fn remote_git<const N: usize>(&self, args: [&str; N]) -> String {
        let remote = self.remote_dir();
        let args = args.map(OsStr::new);
        self.git(
            [OsStr::new("--git-dir"), remote.as_os_str()]
                .into_iter()
                .chain(args),
        )
    }

    /// Everything of the user's that a run must leave as it was.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(self)
    }

    /// A program in the repository, with an environment that holds nothing of the person's.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", path_without_gh())
            .env("HOME", self.root().join("home"))
            .env("TMPDIR", self.root())
            .env("GIT_CONFIG_GLOBAL", self.root().join("home/.gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_AUTHOR_DATE", DATE)
            .env("GIT_COMMITTER_DATE", DATE)
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100")
            // Agents of tests note beside the repository what they did; tests/security/ says what a sandbox holds.
            .env(
                "BATCH_SANDBOX",
                std::env::var_os(SANDBOX).unwrap_or("off".into()),
            )
            // How much this machine has to do must not matter; a test may say that it is much.
            .env("BATCH_MACHINE", self.root().join("machine"));
        let settings = self.dir.join("batch.toml");
        if self.vouched && settings.symlink_metadata().is_ok() {
            command.env("BATCH_CONFIG", settings);
        }
        // Where a `rustc` that is really rustup finds its toolchains, and where coverage is written.
        for name in ["RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }
}

/// The command line as a person would have typed it.
fn typed_line(command: &Command) -> String {
    format!("batch {}", output::typed(command.get_args()))
}

/// The folders of `PATH` that hold no `gh`, whose login must not reach a test.
fn path_without_gh() -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path)
        .filter(|folder| !folder.join("gh").exists() || folder.join("git").exists());
    std::env::join_paths(folders).expect("folders that came out of PATH")
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}
