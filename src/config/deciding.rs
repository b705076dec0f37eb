//! Which settings decide what runs, or what is passed on: they count only after a person has approved them, wherever
//! somebody else may have written them.
//!
//! The list names the settings that decide nothing of that kind. A setting that it does not name needs approval, so
//! that a new one is never trusted by accident. Knows neither who asks nor what was approved; see
//! [`super::approvals`].

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use toml::{Table, Value};

/// The settings that run nothing and pass nothing on, by their names; `*` stands for any name.
const HARMLESS: [&[&str]; 43] = [
    &["agent-timeout"],
    &["idle-timeout"],
    &["attempts"],
    &["agent-turns"],
    &["agent-tokens"],
    &["agent-budget"],
    &["prices", "*"],
    &["plan", "base"],
    &["plan", "units"],
    &["plan", "by"],
    &["plan", "order"],
    &["worktrees", "setup-timeout"],
    &["worktrees", "keep"],
    &["checks", "timeout"],
    &["content"],
    &["publish", "draft"],
    &["publish", "unverified"],
    &["publish", "ci"],
    &["publish", "when"],
    &["publish", "pace"],
    &["publish", "max-open"],
    &["publish", "max-open-per-owner"],
    &["publish", "max-pending-checks"],
    &["publish", "branch"],
    &["publish", "labels"],
    &["publish", "reviewers"],
    &["publish", "team-reviewers"],
    &["publish", "reviewers-from"],
    &["publish", "max-reviewers"],
    &["publish", "assignees"],
    &["publish", "milestone"],
    &["publish", "tracking-issue"],
    &["run", "jobs"],
    &["run", "governor"],
    &["run", "agents"],
    &["run", "best-of"],
    &["run", "min-success"],
    &["run", "budget"],
    &["run", "max-tokens"],
    &["run", "deadline"],
    &["run", "scope"],
    &["run", "canary"],
    &["run", "pilot"],
];

/// The fields of an agent that start no program: the coding agents are the user's own, and a codemod is data.
const HARMLESS_OF_AGENTS: [&str; 10] = [
    "kind", "model", "exit", "rewrite", "regex", "to", "lang", "rule", "work", "from",
];

/// How many characters of a hash are shown and typed: 128 bits, which nobody can meet by trying.
const HASH_LENGTH: usize = 32;

/// Settings that decide what runs or what is passed on, by their names, with their values as TOML.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Deciding(BTreeMap<String, String>);

impl Deciding {
    /// Finds them in a file of settings.
    #[must_use]
    pub(crate) fn of_table(table: &Table) -> Self {
        let mut found = Self::default();
        found.collect(&mut Vec::new(), table);
        found
    }

    /// Leaves out those that others have with the same value.
    #[must_use]
    pub(super) fn without(mut self, others: &Self) -> Self {
        let is_new = |name: &String, value: &mut String| others.0.get(name) != Some(value);
        self.0.retain(is_new);
        self
    }

    /// Adds others. Two of the same name both count.
    #[must_use]
    pub(crate) fn and(mut self, others: Self) -> Self {
        for (name, value) in others.0 {
            let mut free = name.clone();
            while self.0.get(&free).is_some_and(|known| *known != value) {
                free.push('\'');
            }
            self.0.insert(free, value);
        }
        self
    }

    /// Adds one that stands in a file of its own.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, content: &str) -> Self {
        self.0.insert(name.to_owned(), content.to_owned());
        self
    }

    /// Checks whether there is none.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their names and values.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Names exactly these settings with exactly these values.
    #[must_use]
    pub(crate) fn hash(&self) -> String {
        let mut hash = hash(
            self.0
                .iter()
                .flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]),
        );
        hash.truncate(HASH_LENGTH);
        hash
    }

    fn collect<'a>(&mut self, above: &mut Vec<&'a str>, table: &'a Table) {
        for (name, value) in table {
            above.push(name);
            if !is_harmless(above) {
                match value {
                    Value::Table(below) => self.collect(above, below),
                    value => {
                        self.0.insert(dotted(above), value.to_string());
                    }
                }
            }
            above.pop();
        }
    }

    /// Takes the settings that decide out of a file of settings.
    pub(crate) fn remove_from(table: &mut Table) {
        remove(&mut Vec::new(), table);
    }
}

fn remove(above: &mut Vec<String>, table: &mut Table) {
    let mut kept = Table::new();
    for (name, mut value) in std::mem::take(table) {
        above.push(name.clone());
        let names: Vec<&str> = above.iter().map(String::as_str).collect();
        if is_harmless(&names) {
            kept.insert(name, value);
        } else if let Value::Table(below) = &mut value {
            remove(above, below);
            if !below.is_empty() {
                kept.insert(name, value);
            }
        }
        above.pop();
    }
    *table = kept;
}

fn is_harmless(name: &[&str]) -> bool {
    let is_agents = match name {
        ["agent", field] | ["agents", _, field] => HARMLESS_OF_AGENTS.contains(field),
        _ => false,
    };
    let fits = |pattern: &&[&str]| {
        let parts = || pattern.iter().zip(name);
        pattern.len() == name.len() && parts().all(|(part, name)| *part == "*" || part == name)
    };
    is_agents || HARMLESS.iter().any(fits)
}

/// Writes a name as TOML does (toml.io, "Keys").
fn dotted(name: &[&str]) -> String {
    let is_bare = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    let parts: Vec<String> = name
        .iter()
        .map(|part| {
            if is_bare(part) {
                (*part).to_owned()
            } else {
                Value::String((*part).to_owned()).to_string()
            }
        })
        .collect();
    parts.join(".")
}

/// Hashes parts so that no two lists of parts have the same hash.
pub(super) fn hash<'a>(parts: impl Iterator<Item = &'a [u8]>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut text = String::new();
    for byte in hasher.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Deciding {
        Deciding::of_table(&text.parse().unwrap())
    }

    fn names(text: &str) -> Vec<String> {
        of(text).iter().map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn what_runs_or_is_passed_on_is_found_and_nothing_else() {
        let found = names(
            r#"
            attempts = 2
            [agent]
            kind = "claude"
            model = "m"
            args = ["--settings", "x"]
            [agents.fast]
            command = "my-agent"
            rewrite = "a"
            [prompts]
            unit = "do this"
            [prices."gpt-4.1"]
            input = 1.0
            output = 2.0
            [plan]
            units = "3..9"
            planner = "agent"
            [worktrees]
            dir = "/tmp/x"
            setup = "npm ci"
            keep = true
            [checks]
            commands = ["npm test"]
            union = ["npm run e2e"]
            timeout = "5m"
            [regenerate."gen/**"]
            from = ["a"]
            run = "make"
            [content]
            scratch = ["x"]
            [publish]
            remote = "fork"
            repo = "a/b"
            fork = "auto"
            push = "always"
            forge = "github"
            pre-push = true
            auto-merge = "squash"
            title = "{{ title }}"
            [run]
            jobs = 3
            judge = "j"
            integrate = "i"
            once = true
            allow = ["shrunk"]
            [environment]
            pass = ["KEY"]
            set = { A = "b" }
            caches = "own"
            [github]
            api-url = "https://x/api/v3"
            [table-of-the-future]
            key = 1
            "#,
        );
        insta::assert_snapshot!(found.join("\n"), @r#"
        agent.args
        agents.fast.command
        checks.commands
        checks.union
        environment.caches
        environment.pass
        environment.set.A
        github.api-url
        plan.planner
        prompts.unit
        publish.auto-merge
        publish.forge
        publish.fork
        publish.pre-push
        publish.push
        publish.remote
        publish.repo
        publish.title
        regenerate."gen/**".from
        regenerate."gen/**".run
        run.allow
        run.integrate
        run.judge
        run.once
        table-of-the-future.key
        worktrees.dir
        worktrees.setup
        "#);
    }

    #[test]
    fn only_what_decides_changes_the_hash() {
        let first = of("[run]\njobs = 2\njudge = \"a\"\n").hash();
        assert_eq!(first, of("[run]\njudge = \"a\"\njobs = 3\n").hash());
        assert_ne!(first, of("[run]\njudge = \"b\"\n").hash());
        assert_ne!(first, of("[run]\nintegrate = \"a\"\n").hash());
        assert_eq!(first.len(), HASH_LENGTH);
    }

    #[test]
    fn what_decides_can_be_taken_out() {
        let mut table: Table =
            "attempts = 2\n[agent]\nkind = \"claude\"\ncommand = \"x\"\n[checks]\ncommands = []\n"
                .parse()
                .unwrap();
        Deciding::remove_from(&mut table);
        assert!(Deciding::of_table(&table).is_empty());
        assert_eq!(
            table.to_string(),
            "attempts = 2\n\n[agent]\nkind = \"claude\"\n"
        );
    }

    #[test]
    fn two_settings_of_one_name_both_count() {
        let (one, other) = (
            of("[agent]\ncommand = \"a\""),
            of("[agent]\ncommand = \"b\""),
        );
        assert_eq!(one.clone().and(other).iter().count(), 2);
        assert_eq!(one.clone().and(one.clone()), one);
    }
}
