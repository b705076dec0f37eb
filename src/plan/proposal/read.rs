//! Finds the proposal in an agent's answer, which may surround it with words and code fences.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::error::ProposalError;
use super::format::Proposal;

/// A longer answer is refused. The plan of tens of thousands of files is shorter.
const LONGEST: usize = 4 * 1024 * 1024;

/// The total number of bytes to read. An answer that opens objects and closes none would otherwise be read again from
/// each.
const PATIENCE: usize = 16 * LONGEST;

/// The key that marks an object as a proposal.
#[derive(Deserialize)]
struct Meant {
    #[serde(rename = "units")]
    _units: IgnoredAny,
}

impl Proposal {
    /// Returns the last object with `units` in the text. `roots` are the folders where the base was checked out: a path
    /// that begins with one of them is taken relative to the root of the repository.
    pub(crate) fn find(text: &str, roots: &[&str]) -> Result<Self, ProposalError> {
        if text.len() > LONGEST {
            return Err(ProposalError::TooLong(LONGEST));
        }
        // An object that begins after the last mention cannot contain it.
        let Some(end) = text.rfind("\"units\"") else {
            return Err(ProposalError::NoJson);
        };
        let (mut found, mut fault) = (None, None);
        let (mut at, mut read) = (0, 0);
        while let Some(open) = text[at..end].find('{')
            && read < PATIENCE
        {
            let rest = &text[at + open..];
            at += open + 1;
            match object(rest) {
                Ok(object) => {
                    read += object.len();
                    at += object.len() - 1;
                    if serde_json::from_str::<Meant>(object).is_ok() {
                        found = Some(object);
                    }
                    if at > end {
                        break;
                    }
                }
                Err(error) => {
                    read += place(rest, &error);
                    fault.get_or_insert_with(|| error.to_string());
                }
            }
        }
        let Some(object) = found else {
            return Err(fault.map_or(ProposalError::NoJson, ProposalError::Syntax));
        };
        let mut proposal: Self = serde_json::from_str(object)
            .map_err(|error| ProposalError::Shape(error.to_string()))?;
        for root in roots {
            proposal.strip(root);
        }
        Ok(proposal)
    }

    /// Removes the folder of the checkout from all paths.
    fn strip(&mut self, root: &str) {
        let root = root.trim_end_matches('/');
        if root.is_empty() {
            return;
        }
        let units = self.units.iter_mut();
        let paths = units
            .flat_map(|unit| unit.files.iter_mut().chain(&mut unit.create))
            .chain(self.left_out.iter_mut().flat_map(|it| &mut it.files))
            .chain(self.key_files.iter_mut().map(|it| &mut it.path));
        for path in paths {
            let below = path
                .strip_prefix(root)
                .and_then(|rest| rest.strip_prefix('/'));
            if let Some(below) = below {
                *path = if below.is_empty() {
                    "./".to_owned()
                } else {
                    below.to_owned()
                };
            }
        }
    }
}

/// Returns the object at the start of the text.
fn object(text: &str) -> Result<&str, serde_json::Error> {
    let mut objects = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    match objects.next() {
        Some(Err(error)) => Err(error),
        _ => Ok(&text[..objects.byte_offset().max(1)]),
    }
}

/// Returns how many bytes were read before the error.
fn place(text: &str, error: &serde_json::Error) -> usize {
    let lines = text.split_inclusive('\n').take(error.line() - 1);
    lines.map(str::len).sum::<usize>() + error.column()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"{"units": [{"title": "a", "files": ["/base/a.js", "b.js"]}]}"#;

    #[test]
    fn the_last_proposal_in_words_or_fences_is_found() {
        for text in [
            ONE.to_owned(),
            format!("Here {{it}} is:\n\n```json\n{ONE}\n```\nThat is all {{}}."),
            format!(r#"First {{"units": []}}, no: {ONE}"#),
        ] {
            let found = Proposal::find(&text, &["/base"]).unwrap();
            assert_eq!(found.units[0].files, ["a.js", "b.js"], "{text}");
        }
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let fault = |text: &str| Proposal::find(text, &[""]).unwrap_err().to_string();
        insta::assert_snapshot!(fault("I cannot {do} that"), @r#"there is no JSON object with "units" in the answer"#);
        insta::assert_snapshot!(
            fault(&ONE[..40]),
            @"the JSON cannot be read: EOF while parsing a string at line 1 column 40"
        );
        insta::assert_snapshot!(
            fault(r#"{"units": [{"title": "a"}]}"#),
            @"the JSON does not fit the schema: missing field `files` at line 1 column 25"
        );
        insta::assert_snapshot!(
            fault(r#"{"units": [], "unit": []}"#),
            @"the JSON does not fit the schema: unknown field `unit`, expected one of `units`, `left_out`, \
            `prerequisite`, `key_files`, `conventions`, `recipe` at line 1 column 20"
        );
        insta::assert_snapshot!(fault(&"{\"a\":[".repeat(2_000_000)), @"the answer is longer than 4 MB");
    }
}
