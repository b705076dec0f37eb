//! Rules about lines that a unit adds: those of batch ([`rules.toml`](./rules.toml)) and those of a repository.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use globset::{Glob, GlobSet, GlobSetBuilder};
use regex::Regex;
use serde::Deserialize;

use super::file::ChangedFile;
use super::finding::Finding;
use crate::config::ContentRule;
use crate::words;

const BUILT_IN: &str = include_str!("rules.toml");

/// A finding shows at most so many characters of a line.
const SHOWN_CHARS: usize = 60;

#[derive(Deserialize)]
struct File {
    languages: BTreeMap<String, Vec<String>>,
    places: BTreeMap<String, Vec<String>>,
    rules: Vec<ContentRule>,
}

static FILE: LazyLock<File> = LazyLock::new(|| {
    // A test proves that the file can be read.
    toml::from_str(BUILT_IN).unwrap_or_else(|_| File {
        languages: BTreeMap::new(),
        places: BTreeMap::new(),
        rules: Vec::new(),
    })
});

/// Why a rule of a repository cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the rule {pattern:?} of [[content.rules]] {reason}")]
pub struct RuleError {
    pattern: String,
    reason: String,
}

/// All rules, compiled.
#[derive(Debug)]
pub(crate) struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    of: ContentRule,
    files: Option<GlobSet>,
    not_in: GlobSet,
    pattern: Regex,
}

impl Rules {
    /// Compiles the rules of batch and `further` ones.
    pub(crate) fn compile(further: &[ContentRule]) -> Result<Self, RuleError> {
        let all = FILE.rules.iter().chain(further);
        let compiled: Result<Vec<Rule>, RuleError> = all.map(Rule::compile).collect();
        compiled.map(Self)
    }

    /// Returns what the rules find in a file, by line. `asked` tells which words the instruction has.
    /// `is_moved` tells which lines other files of the unit lost: they are not new here.
    pub(super) fn find(
        &self,
        file: &ChangedFile,
        is_moved: impl Fn(&str) -> bool,
        asked: impl Fn(&str) -> bool,
    ) -> Vec<Finding> {
        let mut added = file.added_lines();
        added.retain(|line| !is_moved(line.text.trim()));
        if added.is_empty() {
            return Vec::new();
        }
        let before = file.text_before();
        let mut found: Vec<Finding> = Vec::new();
        for rule in self.0.iter().filter(|rule| rule.is_about(&file.path)) {
            let matching = added.iter().filter(|line| rule.pattern.is_match(line.text));
            let mut matching: Vec<_> = matching.collect();
            if matching.is_empty() {
                continue;
            }
            let count = |text: &str| {
                let lines = text.lines();
                lines.filter(|line| rule.pattern.is_match(line)).count()
            };
            let had = before.map_or(0, count);
            let is_usual = rule.of.unless_usual && (had > 0 || before.is_none());
            let has = file.text_after().map_or(0, count);
            let more = has.saturating_sub(had);
            if is_usual || more == 0 {
                continue;
            }
            // A line that was only edited counts as the line that it was.
            let edited = matching.len().saturating_sub(more);
            for line in matching.drain(edited..) {
                let is_known =
                    |it: &Finding| it.kind == rule.of.kind && it.line == Some(line.number);
                let text = rule.pattern.find(line.text);
                let word = text.map_or("", |text| text.as_str().trim());
                if found.iter().any(is_known) || asked(word) {
                    continue;
                }
                found.push(Finding {
                    kind: rule.of.kind,
                    path: file.path.clone(),
                    line: Some(line.number),
                    said: format!("{}: `{}`", rule.of.says, shown(line.text)),
                });
            }
        }
        found.sort_by_key(|finding| (finding.kind, finding.line));
        found
    }
}

/// Returns the line as a finding shows it.
fn shown(line: &str) -> String {
    let line = words::line(line.trim()).replace('`', "'");
    if line.chars().count() <= SHOWN_CHARS {
        return line;
    }
    let cut: String = line.chars().take(SHOWN_CHARS).collect();
    format!("{cut}…")
}

impl Rule {
    fn compile(of: &ContentRule) -> Result<Self, RuleError> {
        let fault = |reason: String| RuleError {
            pattern: of.pattern.clone(),
            reason,
        };
        let mut globs: Vec<&str> = of.files.iter().map(String::as_str).collect();
        for language in &of.languages {
            let Some(known) = FILE.languages.get(language) else {
                let all: Vec<&str> = FILE.languages.keys().map(String::as_str).collect();
                return Err(fault(format!(
                    "names the language {language:?}, and the languages are {}",
                    all.join(", ")
                )));
            };
            globs.extend(known.iter().map(String::as_str));
        }
        let not_in: Vec<&str> = of.not_in.iter().flat_map(|it| globs_of(it)).collect();
        Ok(Self {
            pattern: Regex::new(&of.pattern)
                .map_err(|error| fault(format!("is no regular expression: {error}")))?,
            files: (!globs.is_empty())
                .then(|| glob_set(&globs))
                .transpose()
                .map_err(|error| fault(format!("has a glob that cannot be read: {error}")))?,
            not_in: glob_set(&not_in)
                .map_err(|error| fault(format!("has a glob that cannot be read: {error}")))?,
            of: of.clone(),
        })
    }

    fn is_about(&self, path: &str) -> bool {
        self.files.as_ref().is_none_or(|files| files.is_match(path)) && !self.not_in.is_match(path)
    }
}

/// Returns the globs that a name of a place or a language stands for; what is no name is a glob.
fn globs_of(name: &str) -> Vec<&str> {
    let named = FILE.places.get(name).or_else(|| FILE.languages.get(name));
    match named {
        Some(globs) => globs.iter().map(String::as_str).collect(),
        None => vec![name],
    }
}

fn glob_set(globs: &[&str]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(Glob::new(glob)?);
    }
    set.build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::content::file::changed;
    use crate::config::FindingKind;

    fn rule(pattern: &str) -> ContentRule {
        ContentRule {
            kind: FindingKind::Placeholder,
            languages: vec!["python".to_owned()],
            files: Vec::new(),
            not_in: vec!["tests/**".to_owned()],
            pattern: pattern.to_owned(),
            says: "a cut".to_owned(),
            unless_usual: false,
        }
    }

    fn lines(rules: &Rules, path: &str, before: Option<&str>, after: &str) -> Vec<Option<usize>> {
        let file = changed(path, before, Some(after));
        let found = rules.find(&file, |_| false, |_| false);
        found.into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn the_rules_of_batch_can_be_read() {
        toml::from_str::<File>(BUILT_IN).unwrap();
        assert!(!Rules::compile(&[]).unwrap().0.is_empty());
    }

    #[test]
    fn a_rule_counts_where_a_file_has_more_such_lines() {
        let rules = Rules::compile(&[rule("SNIP")]).unwrap();
        let before = Some("SNIP 1\nb\n");
        assert_eq!(lines(&rules, "a.py", before, "b\nSNIP 2\n"), []);
        assert_eq!(
            lines(&rules, "a.py", before, "SNIP 2\nb\nSNIP 3\n"),
            [Some(3)]
        );
        assert_eq!(lines(&rules, "a.py", None, "SNIP\n"), [Some(1)]);
        assert_eq!(lines(&rules, "a.js", None, "SNIP\n"), []);
        assert_eq!(lines(&rules, "tests/a.py", None, "SNIP\n"), []);
    }

    #[test]
    fn what_is_usual_in_a_file_is_no_finding() {
        let usual = ContentRule {
            unless_usual: true,
            ..rule("SNIP")
        };
        let rules = Rules::compile(&[usual]).unwrap();
        assert_eq!(lines(&rules, "a.py", Some("SNIP\n"), "SNIP\nSNIP 2\n"), []);
        assert_eq!(lines(&rules, "a.py", None, "SNIP\n"), []);
        assert_eq!(lines(&rules, "a.py", Some("b\n"), "b\nSNIP\n"), [Some(2)]);
    }

    #[test]
    fn what_the_instruction_names_is_no_finding() {
        let rules = Rules::compile(&[rule("SNIP")]).unwrap();
        let file = changed("a.py", None, Some("  SNIP\n"));
        assert_eq!(rules.find(&file, |_| false, |word| word == "SNIP"), []);
        assert_eq!(rules.find(&file, |line| line == "SNIP", |_| false), []);
    }

    #[test]
    fn a_rule_that_cannot_be_used_is_refused() {
        let said = |rule| Rules::compile(&[rule]).unwrap_err().to_string();
        assert!(said(rule("(")).contains("is no regular expression"));
        let other = ContentRule {
            languages: vec!["cobol".to_owned()],
            ..rule("a")
        };
        assert!(said(other).contains("the languages are c, csharp,"));
    }
}
