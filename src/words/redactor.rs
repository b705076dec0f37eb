//! Masks secrets in texts before they are kept or shown: what has the form of a secret, and the values that this
//! process knows.
//!
//! A known value is found wherever it stands, also as a part of a longer text, and in the spellings of JSON and of
//! addresses. A value that is no more than a common word, a number or a path is not masked, because every text would
//! have gaps. Knows nothing of where the values come from.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use secrecy::{ExposeSecret, SecretString};

use super::secret_forms::find_secrets;

/// What stands in the place of a secret.
pub(crate) const MASK: &str = "***";

/// A shorter value is in too many texts.
const SHORTEST_VALUE: usize = 8;

/// Values that people set where there is no secret.
const COMMON_VALUES: [&str; 12] = [
    "password",
    "postgres",
    "postgresql",
    "changeme",
    "disabled",
    "required",
    "development",
    "production",
    "localhost",
    "127.0.0.1",
    "undefined",
    "administrator",
];

/// Masks secrets. A clone masks the same.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Finds the known values, where there are any.
    known: Option<Arc<AhoCorasick>>,
}

impl Redactor {
    /// Makes a redactor that also masks these values.
    pub(crate) fn knowing(values: impl IntoIterator<Item = SecretString>) -> Self {
        let mut spellings = BTreeSet::new();
        for value in values {
            // What prints a value may print its lines apart.
            for line in value.expose_secret().lines().map(str::trim) {
                if is_worth_masking(line) {
                    spellings.extend(spellings_of(line));
                }
            }
        }
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&spellings);
        Self {
            known: finder.ok().filter(|_| !spellings.is_empty()).map(Arc::new),
        }
    }

    /// Checks whether a text has a secret.
    pub(crate) fn finds_in(&self, text: &str) -> bool {
        !self.find(text.as_bytes()).is_empty()
    }

    /// Returns the places of all secrets in these bytes, in order; none of them overlap.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut places: Vec<Range<usize>> =
            find_secrets(text).into_iter().map(|it| it.range).collect();
        if let Some(known) = &self.known {
            let values = known.find_iter(text).map(|found| found.range());
            places.extend(values);
        }
        places.sort_by_key(|place| place.start);
        let mut apart: Vec<Range<usize>> = Vec::with_capacity(places.len());
        for place in places {
            match apart.last_mut() {
                Some(last) if place.start < last.end => last.end = last.end.max(place.end),
                _ => apart.push(place),
            }
        }
        apart
    }
}

// No value may get into a message.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.known.as_ref().map_or(0, |known| known.patterns_len());
        write!(f, "Redactor({known} known)")
    }
}

/// Checks whether a known value is more than a word that any text may have.
fn is_worth_masking(value: &str) -> bool {
    let is_path = value.starts_with(['/', '~', '.']) || value.contains("://");
    value.chars().count() >= SHORTEST_VALUE
        && !is_path
        && !COMMON_VALUES.contains(&value.to_ascii_lowercase().as_str())
        && !value
            .chars()
            .all(|c| c.is_ascii_digit() || c == '.' || c == ':')
}

/// Returns the value as plain text, inside a string of JSON, and inside an address.
fn spellings_of(value: &str) -> [String; 3] {
    let json = serde_json::to_string(value).unwrap_or_default();
    let json = json.trim_start_matches('"');
    let json = json.strip_suffix('"').unwrap_or(json);
    let address: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    [
        value.to_owned(),
        json.to_owned(),
        address.replace('+', "%20"),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn knowing(values: &[&str]) -> Redactor {
        Redactor::knowing(values.iter().map(|value| SecretString::from(*value)))
    }

    #[test]
    fn known_values_are_masked_in_all_spellings() {
        let redactor = knowing(&["p@ss \"word\" 1", "first line of it\nsecond line of it"]);
        for (text, masked) in [
            ("is p@ss \"word\" 1!", "is ***!"),
            (r#"{"a":"p@ss \"word\" 1"}"#, r#"{"a":"***"}"#),
            (
                "https://u@h/?p=p%40ss%20%22word%22%201",
                "https://u@h/?p=***",
            ),
            ("second line of it", "***"),
        ] {
            assert_eq!(redactor.text(text), masked);
        }
    }

    #[test]
    fn what_any_text_has_is_not_masked() {
        let redactor = knowing(&[
            "short",
            "password",
            "/usr/local/bin",
            "5432543254",
            "production",
        ]);
        let text = "short password in /usr/local/bin, production, 5432543254";
        assert_eq!(redactor.text(text), text);
    }

    #[test]
    fn debug_output_has_no_value() {
        assert_eq!(
            format!("{:?}", knowing(&["correct horse"])),
            "Redactor(2 known)"
        );
    }

    #[test]
    fn a_masked_text_stays_as_it_is() {
        let redactor = knowing(&["correct horse"]);
        let text = "PGPASSWORD=a1b2c3d4e5f6 psql postgres://app:s3cr3t-pw@db/x # correct horse\n";
        let masked = redactor.text(text);
        assert_eq!(
            masked,
            "PGPASSWORD=*** psql postgres://app:***@db/x # ***\n"
        );
        assert_eq!(redactor.text(&masked), masked);
    }

    proptest! {
        #[test]
        fn nothing_of_a_known_value_remains(
            value in "[a-z]{4}[ -~]{8,40}",
            before in any::<String>(),
            after in any::<String>(),
        ) {
            let redactor = knowing(&[&value]);
            let line = value.trim();
            prop_assume!(is_worth_masking(line));
            let masked = redactor.text(&format!("{before}{value}{after}"));
            prop_assert!(!masked.contains(line), "{masked}");
        }
    }
}
