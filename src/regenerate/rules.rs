//! All rules of a repository, in the order in which they run: those of lock files, then those of the settings.

use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::lock_files;
use super::rule::{Origin, Outputs, Rule, Sources};
use crate::config::Regenerate;
use crate::git::Changes;

/// All rules of a repository.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules(Vec<Rule>);

/// Why a rule of the settings is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegenerateError {
    #[error("[regenerate.{made:?}]: {glob:?} is no glob: {why}")]
    Glob {
        made: String,
        glob: String,
        why: String,
    },
    #[error(
        "[regenerate.{made:?}] does not say what the files are made from: name that in from, or leave run empty, so \
         that nothing makes them"
    )]
    NoSources { made: String },
}

impl Rules {
    /// Takes the rules of the settings, and finds those of the lock files among the tracked files that the settings
    /// do not name. `read` returns the text of a file, and `has_program` tells whether a program is there.
    pub(crate) fn find(
        settings: &BTreeMap<String, Regenerate>,
        tracked: &BTreeSet<String>,
        read: &dyn Fn(&str) -> Option<String>,
        has_program: &dyn Fn(&str) -> bool,
    ) -> Result<Self, RegenerateError> {
        let mut given = Vec::new();
        let mut named = Vec::new();
        for (made, how) in settings {
            let outputs = globs(made, std::slice::from_ref(made))?;
            named.push(outputs.clone());
            if how.run.trim().is_empty() {
                continue;
            }
            if how.from.is_empty() {
                let made = made.clone();
                return Err(RegenerateError::NoSources { made });
            }
            given.push(Rule {
                run: how.run.clone(),
                dir: String::new(),
                origin: Origin::Settings,
                obstacle: None,
                outputs: Outputs::Globs(outputs),
                sources: Sources::Globs(globs(made, &how.from)?),
            });
        }
        let mut rules = lock_files::find(tracked, read, has_program);
        rules.retain(|rule| match &rule.outputs {
            Outputs::File(path) => !named.iter().any(|globs| globs.is_match(path)),
            Outputs::Globs(_) => true,
        });
        rules.extend(given);
        Ok(Self(rules))
    }

    /// Returns the first rule that the changes make due, and that is not among `done`, with its place.
    pub(crate) fn due_beside(
        &self,
        changes: &Changes,
        done: &BTreeSet<usize>,
    ) -> Option<(usize, &Rule)> {
        let mut all = self.0.iter().enumerate();
        all.find(|(place, rule)| !done.contains(place) && rule.is_due(changes))
    }

    /// Returns the paths among the changes that commands make again, because what they make them from changed too.
    pub(crate) fn made_again(&self, changes: &Changes) -> Vec<String> {
        let usable = self.0.iter().filter(|rule| rule.obstacle.is_none());
        let due: Vec<&Rule> = usable.filter(|rule| rule.is_due(changes)).collect();
        let paths = changes.list.iter();
        paths
            .filter_map(|change| str::from_utf8(&change.path).ok())
            .filter(|path| due.iter().any(|rule| rule.makes(path)))
            .map(str::to_owned)
            .collect()
    }

    /// Returns the rules that make any of these files, in their order.
    pub(crate) fn of(&self, paths: &[String]) -> Vec<&Rule> {
        let makes_one = |rule: &&Rule| paths.iter().any(|path| rule.makes(path));
        self.0.iter().filter(makes_one).collect()
    }

    /// Checks whether a command that can run here makes the file at this path.
    pub(crate) fn make(&self, path: &str) -> bool {
        let mut usable = self.0.iter().filter(|rule| rule.obstacle.is_none());
        usable.any(|rule| rule.makes(path))
    }
}

/// Compiles the globs of a rule. A glob that ends with a slash stands for all below that folder.
fn globs(made: &str, globs: &[String]) -> Result<GlobSet, RegenerateError> {
    let fault = |glob: &str, error: &globset::Error| RegenerateError::Glob {
        made: made.to_owned(),
        glob: glob.to_owned(),
        why: error.kind().to_string(),
    };
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let below = glob.strip_suffix('/').map(|folder| format!("{folder}/**"));
        let pattern = below.as_deref().unwrap_or(glob);
        let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
        let compiled = GlobBuilder::new(pattern).literal_separator(true).build();
        set.add(compiled.map_err(|error| fault(glob, &error))?);
    }
    set.build().map_err(|error| fault(made, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::{Change, ChangeKind, Content};

    fn rules(settings: &str, tracked: &[&str], programs: &[&str]) -> Rules {
        let settings = toml::from_str(settings).unwrap();
        let tracked = tracked.iter().map(|path| (*path).to_owned()).collect();
        let read = |_: &str| Some("__metadata:\n".to_owned());
        Rules::find(&settings, &tracked, &read, &|name| programs.contains(&name)).unwrap()
    }

    fn changes(changed: &[(&str, ChangeKind)]) -> Changes {
        let change = |(path, kind): &(&str, ChangeKind)| Change {
            path: path.as_bytes().to_vec(),
            kind: *kind,
            content: Content::File,
        };
        Changes {
            list: changed.iter().map(change).collect(),
            insertions: 0,
            deletions: 0,
        }
    }

    fn due(rules: &Rules, changed: &[(&str, ChangeKind)]) -> Vec<String> {
        let all = changes(changed);
        let mut done = BTreeSet::new();
        let mut lines = Vec::new();
        while let Some((place, rule)) = rules.due_beside(&all, &done) {
            done.insert(place);
            lines.push(format!("{}: {}", rule.dir, rule.run));
        }
        lines
    }

    use ChangeKind::{Deleted, Modified};

    #[test]
    fn a_lock_file_follows_the_manifests_that_no_nearer_one_is_for() {
        let tracked = ["package-lock.json", "web/package-lock.json", "yarn.lock"];
        let rules = rules("", &tracked, &["npm", "yarn"]);
        let npm = "npm install --package-lock-only --ignore-scripts --no-audit --no-fund";
        let yarn = "yarn install --mode=update-lockfile --no-immutable";
        let root = [format!(": {npm}"), format!(": {yarn}")];
        assert_eq!(due(&rules, &[("a/package.json", Modified)]), root);
        // Yarn has no lock file there.
        let web = [format!("web: {npm}"), format!(": {yarn}")];
        assert_eq!(due(&rules, &[("web/x/package.json", Modified)]), web);
        assert_eq!(due(&rules, &[("package-lock.json", Modified)]), [""; 0]);
        let gone = [("package.json", Modified), ("package-lock.json", Deleted)];
        assert_eq!(due(&rules, &gone), [format!(": {yarn}")]);
    }

    #[test]
    fn the_settings_replace_a_rule_that_was_found_or_take_it_away() {
        let tracked = ["Cargo.lock", "go.sum", "uv.lock"];
        let settings = r#"
            ["Cargo.lock"]
            from = ["**/Cargo.toml"]
            run = "make lock"
            ["go.sum"]
            run = ""
            ["gen/"]
            from = ["proto/*.proto"]
            run = "make proto"
        "#;
        let rules = rules(settings, &tracked, &["cargo", "go"]);
        assert_eq!(due(&rules, &[("a/Cargo.toml", Modified)]), [": make lock"]);
        assert_eq!(due(&rules, &[("go.mod", Modified)]), [""; 0]);
        assert_eq!(
            due(&rules, &[("proto/a.proto", Modified)]),
            [": make proto"]
        );
        assert_eq!(due(&rules, &[("proto/a/b.proto", Modified)]), [""; 0]);
        let both = changes(&[("proto/a.proto", Modified), ("gen/a/b.go", Modified)]);
        assert_eq!(rules.made_again(&both), ["gen/a/b.go"]);
        // The tool is not there.
        let locked = changes(&[("pyproject.toml", Modified), ("uv.lock", Modified)]);
        assert_eq!(rules.made_again(&locked), [""; 0]);
        assert!(!rules.make("uv.lock") && rules.make("gen/x"));
    }

    #[test]
    fn a_rule_without_sources_is_refused() {
        let settings = toml::from_str("[\"gen/**\"]\nrun = \"make\"").unwrap();
        let none = BTreeSet::new();
        let error = Rules::find(&settings, &none, &|_| None, &|_| true).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("[regenerate.\"gen/**\"] does not say")
        );
    }
}
