//! Holds what an agent says of its work against what is known: the verdicts of the checks, the files that changed, and
//! the commands that it ran.
//!
//! The patterns are few and narrow: a sentence with a doubtful word (`should`, `not`, `already`) says nothing here. A
//! doubt stands beside the agent's words, and is never a failure.

use std::collections::BTreeSet;

use regex::Regex;

use crate::check::Verdict;
use crate::run::log::check_result::CheckResult;
use crate::words;

/// What is known of a unit's work.
pub(crate) struct Known<'a> {
    /// The files that the unit begins with.
    pub(crate) claimed: &'a [String],
    /// The files that changed.
    pub(crate) changed: &'a [String],
    pub(crate) checks: &'a [CheckResult],
    /// Whether the agent ran a command that looks like a test; `None` where its commands are not known.
    pub(crate) ran_tests: Option<bool>,
}

/// Says that tests or checks pass.
const PASSES: &str = concat!(
    r"(?i)\b(?:tests?|checks?|suite|specs?|build)\b[^.!?\n]{0,30}\b",
    r"(?:pass(?:es|ed|ing)?(?:\s*(?:[,.:!)]|$)|\s(?:now|locally|again|after|with|on|and|in)\b)",
    r"|green\b|succeed(?:s|ed)?\b)",
    r"|\ball green\b|\bpass(?:es|ed)? (?:all|every|the) (?:\w+ )?(?:tests?|checks?)\b",
);

/// Says that the agent ran tests.
const RAN: &str = concat!(
    r"(?i)\b(?:ran|re-?ran|executed|i (?:have )?(?:run|tested)|verified (?:it |this )?(?:by|with))\b",
    r"[^.!?\n]{0,40}\b(?:tests?|specs?|suite)\b",
);

/// Says that files were changed.
const CHANGED: &str = concat!(
    r"(?i)\b(?:migrated|converted|changed|updated|replaced|rewrote|rewritten|edited|modified|refactored|renamed",
    r"|removed|fixed|ported|switched|adjusted|adapted|transformed)\b",
);

/// A sentence with such a word is no plain claim.
const DOUBTFUL: &str = concat!(
    r"(?i)\b(?:not|no|none|never|cannot|without|unable|should|would|could|might|may|if|once|unless|until|except",
    r"|unchanged|untouched|unaffected|already|left|leave|leaves|skip(?:ped|s)?|fail(?:s|ed|ing)?|remain(?:s|ing)?",
    r"|imports?|imported|like|same as|instead|todo|only)\b|n't\b|n’t\b",
);

/// A name of a file with an ending.
const FILE: &str = r"[\w@.+-]+(?:/[\w@.+-]+)*\.[A-Za-z][A-Za-z0-9]{0,5}\b";

/// At most so many files are named.
const FILES_SHOWN: usize = 5;

/// Returns a sentence for each claim that does not agree with what is known.
pub(crate) fn doubts(summary: &str, known: &Known<'_>) -> Vec<String> {
    let Some(patterns) = Patterns::new() else {
        return Vec::new();
    };
    let sentences: Vec<&str> = sentences(summary)
        .filter(|sentence| !patterns.doubtful.is_match(sentence))
        .collect();
    let says = |pattern: &Regex| sentences.iter().any(|sentence| pattern.is_match(sentence));
    let mut doubts = Vec::new();
    if says(&patterns.passes) {
        doubts.extend(unconfirmed(known.checks));
    }
    if known.ran_tests == Some(false) && says(&patterns.ran) {
        doubts.push(
            "The agent says that it ran tests, but no test command was run among its commands."
                .to_owned(),
        );
    }
    let unchanged = unchanged(&sentences, &patterns, known);
    if !unchanged.is_empty() {
        let names = words::few(unchanged.iter().map(|file| code(file)), FILES_SHOWN);
        doubts.push(format!(
            "The agent names files that are not changed: {names}."
        ));
    }
    doubts
}

/// Says why the checks do not confirm that tests pass; `None` where they do.
fn unconfirmed(checks: &[CheckResult]) -> Option<String> {
    let is_green =
        |check: &&CheckResult| matches!(check.verdict, Verdict::Pass | Verdict::Flaky { .. });
    if checks.is_empty() {
        return Some(
            "The agent says that tests pass, which is not checked: no check was run.".to_owned(),
        );
    }
    let red = checks.iter().find(|check| !is_green(check))?;
    Some(format!(
        "The agent says that tests pass, which is not confirmed: the check {} does not pass.",
        code(&red.name)
    ))
}

/// Returns the claimed files that a sentence calls changed though they are not.
fn unchanged<'a>(sentences: &[&str], patterns: &Patterns, known: &Known<'a>) -> BTreeSet<&'a str> {
    let changes = |sentence: &&&str| patterns.changed.is_match(sentence);
    let named = sentences
        .iter()
        .filter(changes)
        .flat_map(|sentence| patterns.file.find_iter(sentence));
    named
        .filter_map(|name| claimed(name.as_str(), known.claimed))
        .filter(|file| !known.changed.iter().any(|changed| changed == file))
        .collect()
}

/// Returns the one claimed file of this name: a path, or its end.
fn claimed<'a>(name: &str, files: &'a [String]) -> Option<&'a str> {
    let name = name.trim_start_matches("./");
    let is_it = |file: &&String| {
        file.strip_suffix(name)
            .is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    let mut found = files.iter().filter(is_it);
    match (found.next(), found.next()) {
        (Some(file), None) => Some(file),
        _ => None,
    }
}

/// Puts a name on one line between backticks that it cannot close.
fn code(name: &str) -> String {
    format!("`{}`", words::line(name).replace('`', "'"))
}

/// Cuts a text into sentences: at line ends, and at a full stop before a blank, so that file names stay whole.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let ends = [". ", "! ", "? ", "; "];
    text.lines().flat_map(move |line| {
        let mut rest = Some(line);
        std::iter::from_fn(move || {
            let line = rest?;
            let end = ends.iter().filter_map(|end| line.find(end)).min();
            let (sentence, after) = match end {
                Some(at) => (&line[..=at], Some(&line[at + 2..])),
                None => (line, None),
            };
            rest = after;
            Some(sentence)
        })
    })
}

struct Patterns {
    passes: Regex,
    ran: Regex,
    changed: Regex,
    doubtful: Regex,
    file: Regex,
}

impl Patterns {
    fn new() -> Option<Self> {
        let pattern = |text| Regex::new(text).ok();
        Some(Self {
            passes: pattern(PASSES)?,
            ran: pattern(RAN)?,
            changed: pattern(CHANGED)?,
            doubtful: pattern(DOUBTFUL)?,
            file: pattern(FILE)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Ending;

    fn check(verdict: Verdict) -> CheckResult {
        CheckResult {
            counts: None,
            name: "npm test".into(),
            dir: String::new(),
            verdict,
            took_ms: 1,
            log: "/l".into(),
            tail: String::new(),
            changed: Vec::new(),
        }
    }

    /// What is doubted where `src/x1.js` of two files changed.
    fn doubted(summary: &str, checks: &[CheckResult], ran_tests: Option<bool>) -> String {
        let claimed = ["src/x1.js", "src/x2.js"].map(str::to_owned);
        let known = Known {
            claimed: &claimed,
            changed: &claimed[..1],
            checks,
            ran_tests,
        };
        doubts(summary, &known).join("\n")
    }

    #[test]
    fn claims_that_do_not_agree_with_the_facts_are_doubted() {
        let red = [check(Verdict::OldFailure {
            ending: Ending::Exit(1),
            tests: Vec::new(),
        })];
        let said = "Migrated x1.js and src/x2.js. I ran the full test suite: all 142 tests pass.";
        insta::assert_snapshot!(doubted(said, &red, Some(false)), @"
        The agent says that tests pass, which is not confirmed: the check `npm test` does not pass.
        The agent says that it ran tests, but no test command was run among its commands.
        The agent names files that are not changed: `src/x2.js`.
        ");
        let no_check = doubted("All tests are green!", &[], None);
        assert!(no_check.contains("no check was run"), "{no_check}");
    }

    #[test]
    fn plain_and_doubtful_words_are_left_alone() {
        let green = [check(Verdict::Pass)];
        for said in [
            "Migrated x1.js. All tests pass; I ran npm test.",
            "Changed x1.js and left x2.js, which was already right.",
            "Converted x1.js. x2.js needed nothing.",
            "I did not change x2.js.",
            "Updated other.js in x3.js.",
            "",
        ] {
            assert_eq!(doubted(said, &green, Some(true)), "", "{said}");
        }
        for said in [
            "The tests should pass.",
            "I could not run the tests.",
            "Two tests fail, and no check passes.",
            "Added a test that passes a list.",
        ] {
            assert_eq!(doubted(said, &[], Some(false)), "", "{said}");
        }
    }
}
