//! The command lines that start a run, put together word by word: `batch migrate` and `batch run`.

use super::session::Session;
use super::{Output, Repo};

/// A command line that starts a run. Unless a method says otherwise, it names every package, asks no question, has no
/// checks, and writes pages in the place of pull requests.
#[must_use]
pub struct Migrate<'a> {
    repo: &'a Repo,
    globals: Vec<String>,
    command: &'static str,
    /// What the command is about: paths, or a plan.
    paths: Vec<String>,
    instruction: Option<String>,
    agent: Vec<String>,
    checks: Vec<String>,
    forge: Vec<String>,
    consent: Vec<String>,
    more: Vec<String>,
    env: Vec<(String, String)>,
}

impl<'a> Migrate<'a> {
    /// `batch migrate`, which signs every file.
    pub(super) fn of(repo: &'a Repo) -> Self {
        Self {
            repo,
            globals: Vec::new(),
            command: "migrate",
            paths: words(["packages/"]),
            instruction: Some("sign every file".to_owned()),
            agent: Vec::new(),
            checks: words(["--no-checks"]),
            forge: words(["--forge", "local"]),
            consent: words(["--yes"]),
            more: Vec::new(),
            env: Vec::new(),
        }
    }

    /// `batch run` for a plan.
    pub(super) fn of_plan(repo: &'a Repo, plan: &str) -> Self {
        Self {
            command: "run",
            paths: words([plan]),
            instruction: None,
            ..Self::of(repo)
        }
    }

    /// Words before the command, which all commands know.
    pub fn globally<W: AsRef<str>>(mut self, globals: impl IntoIterator<Item = W>) -> Self {
        self.globals = words(globals);
        self
    }

    /// Other paths than every package.
    pub fn paths<W: AsRef<str>>(mut self, paths: impl IntoIterator<Item = W>) -> Self {
        self.paths = words(paths);
        self
    }

    /// Another instruction than to sign every file.
    pub fn saying(mut self, instruction: &str) -> Self {
        self.instruction = Some(instruction.to_owned());
        self
    }

    /// An agent of this shell text.
    pub fn agent(self, script: &str) -> Self {
        let agent = self.repo.program("agent", script);
        self.command_line(&agent.to_string_lossy())
    }

    /// A stand-in for Claude Code whose model does this; see [`super::claude`].
    pub fn claude(self, turn: &str) -> Self {
        self.claude_of_plan(turn).with(["--planner", "graph"])
    }

    /// The same where the plan is made.
    pub fn claude_of_plan(self, turn: &str) -> Self {
        let program = self.repo.program("claude", &super::claude(turn));
        self.command_line(&program.to_string_lossy())
            .with(["--agent", "claude"])
    }

    /// An agent that is this command line.
    pub fn command_line(mut self, agent: &str) -> Self {
        self.agent = words(["--agent-cmd", agent]);
        self
    }

    /// The codemod that rewrites JavaScript.
    pub fn rewrite(mut self, from: &str, to: &str) -> Self {
        self.agent = words(["--rewrite", from, "--to", to, "--lang", "js"]);
        self
    }

    /// The codemod that replaces what a regular expression finds.
    pub fn regex(mut self, from: &str, to: &str) -> Self {
        self.agent = words(["--regex", from, "--to", to]);
        self
    }

    /// A check that must pass; called again, one more.
    pub fn check(mut self, command: &str) -> Self {
        self.checks.retain(|word| word != "--no-checks");
        self.checks.extend(words(["--check", command]));
        self
    }

    /// The checks that the program finds by itself.
    pub fn found_checks(mut self) -> Self {
        self.checks.clear();
        self
    }

    /// Pull requests where the remote and the settings say.
    pub fn anywhere(mut self) -> Self {
        self.forge.clear();
        self
    }

    /// A run that needs the consent of a person.
    pub fn unapproved(mut self) -> Self {
        self.consent.clear();
        self
    }

    /// So many units.
    pub fn units(self, units: usize) -> Self {
        self.with(["--units", &units.to_string()])
    }

    /// One unit after another.
    pub fn in_order(self) -> Self {
        self.with(["-j", "1"])
    }

    /// Further words at the end.
    pub fn with<W: AsRef<str>>(mut self, more: impl IntoIterator<Item = W>) -> Self {
        self.more.extend(words(more));
        self
    }

    /// A variable of the program's environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Several variables of it.
    pub fn envs(self, env: &[(&str, &str)]) -> Self {
        env.iter()
            .fold(self, |it, (name, value)| it.env(name, value))
    }

    /// The words of the command line, without the program.
    pub fn words(&self) -> Vec<String> {
        let command = words([self.command]);
        let instruction = self.instruction.iter().cloned().collect();
        [
            &self.globals,
            &command,
            &self.paths,
            &instruction,
            &self.consent,
            &self.forge,
            &self.agent,
            &self.checks,
            &self.more,
        ]
        .into_iter()
        .flatten()
        .cloned()
        .collect()
    }

    /// Runs it to its end.
    pub fn run(&self) -> Output {
        self.repo.batch_with(self.words(), &self.environment())
    }

    /// Starts it, and leaves it running.
    pub fn start(&self) -> Session {
        self.repo.start_with(self.words(), &self.environment())
    }

    /// Starts it by another program, which takes the place of its own process, and leaves it running.
    pub fn start_by(&self, starter: &str) -> Session {
        let words = self.words();
        self.repo.start_by(starter, words, &self.environment())
    }

    /// Runs it until the program kills itself before the event of this number, or after it where a plus follows.
    #[track_caller]
    pub fn killed_at(self, event: &str) {
        let output = self.env("BATCH_CRASH", event).run();
        assert_eq!(output.code(), -1, "not killed at {event}: {output}");
    }

    fn environment(&self) -> Vec<(&str, &str)> {
        self.env
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect()
    }
}

fn words<W: AsRef<str>>(words: impl IntoIterator<Item = W>) -> Vec<String> {
    words
        .into_iter()
        .map(|word| word.as_ref().to_owned())
        .collect()
}
