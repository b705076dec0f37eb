//! The origin of a pull request, for programs: an HTML comment at the end of its text, which no reader sees.
//!
//! `docs/pull-request.schema.json` describes the data. By it a run knows its own pull requests, however their texts
//! were edited. Knows nothing of forges.

use serde::{Deserialize, Serialize};

use super::markdown::shorten;
use super::pull_request_facts::PullRequestFacts;

const BEGIN: &str = "<!-- batch ";
const END: &str = " -->";
/// A longer comment is not ours, although it begins like one.
const LONGEST: usize = 20_000;
const CHECKS: usize = 20;
/// A check may be a long line of shell.
const NAME: usize = 80;

/// The data of the comment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Metadata {
    schema: u32,
    pub(super) run: String,
    pub(super) unit: String,
    /// The number of the merged pull request that this one reverts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    undoes: Option<u64>,
    /// The full id of the commit that the change was made for.
    base: String,
    /// A digest of the unit's claim.
    claim: String,
    /// Comments of schema 1 have none.
    #[serde(default)]
    checks: Vec<Check>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Check {
    name: String,
    verdict: String,
}

impl Metadata {
    pub(super) fn new(run: &str, unit: &str, base: &str, claim: &str) -> Self {
        Self {
            schema: 2,
            run: run.to_owned(),
            unit: unit.to_owned(),
            undoes: None,
            base: base.to_owned(),
            claim: claim.to_owned(),
            checks: Vec::new(),
        }
    }

    /// Adds the number of the pull request that this one reverts.
    pub(super) fn undoing(self, number: u64) -> Self {
        Self {
            undoes: Some(number),
            ..self
        }
    }

    pub(super) fn of(facts: &PullRequestFacts) -> Self {
        let checks = facts.checks.iter().take(CHECKS).map(|check| Check {
            name: shorten(&check.name, NAME),
            verdict: shorten(&check.verdict, NAME),
        });
        Self {
            checks: checks.collect(),
            ..Self::new(&facts.run, &facts.unit, &facts.base, &facts.claim_digest)
        }
    }

    /// Reads the metadata at the end of a text.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (_, comment) = split(text);
        let data = comment.trim_end().strip_prefix(BEGIN)?.strip_suffix(END)?;
        serde_json::from_str(data).ok()
    }

    pub(super) fn is_of(&self, run: &str, unit: &str) -> bool {
        self.run == run && self.unit == unit
    }

    /// Returns the comment that holds the metadata.
    pub(super) fn comment(&self) -> String {
        let data = serde_json::to_string(self).unwrap_or_default();
        // A comment ends at `-->`; JSON can write the bracket in another way.
        format!("{BEGIN}{}{END}", data.replace('>', "\\u003e"))
    }
}

/// Splits a text into what comes before the metadata, and the metadata.
pub(super) fn split(text: &str) -> (&str, &str) {
    let (before, comment) = text.split_at(text.rfind(BEGIN).unwrap_or(text.len()));
    if comment.len() > LONGEST {
        (text, "")
    } else {
        (before, comment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::pull_request_facts::sample;

    #[test]
    fn metadata_can_be_read_back_and_keeps_to_its_schema() {
        let mut facts = sample(3);
        facts.claim_digest = "c1a-->im".to_owned();
        facts.checks[0].name = "x".repeat(1_000);
        let metadata = Metadata::of(&facts);
        let text = metadata.comment();
        assert_eq!(text.matches("-->").count(), 1);
        assert_eq!(
            Metadata::read(&format!("Words.\n\n{text}\n")),
            Some(metadata)
        );

        let schema = include_str!("../../docs/pull-request.schema.json");
        let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
        let data = text.strip_prefix(BEGIN).and_then(|it| it.strip_suffix(END));
        let mut data: serde_json::Value = serde_json::from_str(data.unwrap()).unwrap();
        assert!(schema.is_valid(&data), "{data}");
        data["run"] = serde_json::Value::Null;
        assert!(!schema.is_valid(&data));
    }

    #[test]
    fn the_longest_metadata_still_counts() {
        let mut facts = sample(40);
        for check in &mut facts.checks {
            check.name = ">".repeat(200);
            check.verdict.clone_from(&check.name);
        }
        let text = Metadata::of(&facts).comment();
        assert!(text.len() <= LONGEST, "{}", text.len());
    }

    #[test]
    fn metadata_of_schema_1_is_read() {
        let old = "Words.\n<!-- batch {\"base\":\"b\",\"claim\":\"c\",\"run\":\"r\",\"schema\":1,\"unit\":\"u\"} -->\n";
        assert!(Metadata::read(old).is_some_and(|metadata| metadata.is_of("r", "u")));
        assert_eq!(Metadata::read("Words."), None);
        assert_eq!(Metadata::read("<!-- batch nonsense -->"), None);
    }
}
