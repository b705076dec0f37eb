//! Where a pull request comes from, for programs: an HTML comment at the end of its text, which no reader sees.
//!
//! Its data is described by `docs/pull-request.schema.json`. By it a pull request is known as this run's own, however its
//! text was edited elsewhere. Knows nothing of forges.

use serde::{Deserialize, Serialize};

use super::markdown::shorten;
use super::story::PullRequestFacts;

const BEGIN: &str = "<!-- batch ";
const END: &str = " -->";
/// What is longer only looks like a mark.
const LONGEST: usize = 20_000;
const CHECKS: usize = 20;
/// A check may be a long line of shell.
const NAME: usize = 80;

/// The data of a mark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Mark {
    schema: u32,
    pub(super) run: String,
    pub(super) unit: String,
    /// The number of the merged pull request that this one undoes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    undoes: Option<u64>,
    /// The full id of the commit that the change was made for.
    base: String,
    /// Tells two claims apart.
    claim: String,
    /// Marks of schema 1 have none.
    #[serde(default)]
    checks: Vec<Check>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Check {
    name: String,
    verdict: String,
}

impl Mark {
    pub(super) fn of(story: &PullRequestFacts) -> Self {
        let checks = story.checks.iter().take(CHECKS).map(|check| Check {
            name: shorten(&check.name, NAME),
            verdict: shorten(&check.verdict, NAME),
        });
        Self {
            schema: 2,
            run: story.run.clone(),
            unit: story.unit.clone(),
            undoes: None,
            base: story.base.clone(),
            claim: story.claim_digest.clone(),
            checks: checks.collect(),
        }
    }

    /// The mark of what undoes a merged pull request, whose number `undoes` is.
    pub(super) fn undoing(undoes: u64, (run, unit): (&str, &str), base: &str, claim: &str) -> Self {
        Self {
            schema: 2,
            run: run.to_owned(),
            unit: unit.to_owned(),
            undoes: Some(undoes),
            base: base.to_owned(),
            claim: claim.to_owned(),
            checks: Vec::new(),
        }
    }

    /// The mark at the end of a text, if there is one.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (_, mark) = split(text);
        let data = mark.trim_end().strip_prefix(BEGIN)?.strip_suffix(END)?;
        serde_json::from_str(data).ok()
    }

    pub(super) fn is_of(&self, run: &str, unit: &str) -> bool {
        self.run == run && self.unit == unit
    }

    /// The mark as it stands in a text.
    pub(super) fn text(&self) -> String {
        let data = serde_json::to_string(self).unwrap_or_default();
        // A comment ends at `-->`; JSON can write the bracket in another way.
        format!("{BEGIN}{}{END}", data.replace('>', "\\u003e"))
    }
}

/// A text without the mark at its end, and the mark.
pub(super) fn split(text: &str) -> (&str, &str) {
    let (before, mark) = text.split_at(text.rfind(BEGIN).unwrap_or(text.len()));
    if mark.len() > LONGEST {
        (text, "")
    } else {
        (before, mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::story::sample;

    #[test]
    fn a_mark_ends_where_it_should_reads_back_and_keeps_to_its_schema() {
        let mut story = sample(3);
        story.claim_digest = "c1a-->im".to_owned();
        story.checks[0].name = "x".repeat(1_000);
        let mark = Mark::of(&story);
        let text = mark.text();
        assert_eq!(text.matches("-->").count(), 1);
        assert_eq!(Mark::read(&format!("Words.\n\n{text}\n")), Some(mark));

        let schema = include_str!("../../docs/pull-request.schema.json");
        let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
        let data = text.strip_prefix(BEGIN).and_then(|it| it.strip_suffix(END));
        let mut data: serde_json::Value = serde_json::from_str(data.unwrap()).unwrap();
        assert!(schema.is_valid(&data), "{data}");
        data["run"] = serde_json::Value::Null;
        assert!(!schema.is_valid(&data));
    }

    #[test]
    fn the_longest_mark_still_counts_as_one() {
        let mut story = sample(40);
        for check in &mut story.checks {
            check.name = ">".repeat(200);
            check.verdict.clone_from(&check.name);
        }
        let text = Mark::of(&story).text();
        assert!(text.len() <= LONGEST, "{}", text.len());
    }

    #[test]
    fn marks_of_earlier_versions_and_of_none_are_told_apart() {
        let old = "Words.\n<!-- batch {\"base\":\"b\",\"claim\":\"c\",\"run\":\"r\",\"schema\":1,\"unit\":\"u\"} -->\n";
        assert!(Mark::read(old).is_some_and(|mark| mark.is_of("r", "u")));
        assert_eq!(Mark::read("Words."), None);
        assert_eq!(Mark::read("<!-- batch nonsense -->"), None);
    }
}
