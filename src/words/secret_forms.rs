//! Finds likely secrets in a text by their form: tokens with a known prefix, private keys, passwords in addresses.
//!
//! The forms are data ([`secret_forms.toml`](./secret_forms.toml)). Made-up secrets, as documentation has them, are no
//! finds. Knows nothing of where the text comes from or of what becomes of it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

const DATA: &str = include_str!("secret_forms.toml");

/// The least entropy in bits a character, where a form names none.
const ENTROPY: f64 = 2.5;

#[derive(Deserialize)]
struct File {
    placeholders: Vec<String>,
    forms: Vec<FormData>,
}

#[derive(Deserialize)]
struct FormData {
    name: String,
    keywords: Vec<String>,
    pattern: String,
    entropy: Option<f64>,
    #[serde(default)]
    mixed: bool,
    #[serde(default)]
    assigned: bool,
}

struct Form {
    name: String,
    pattern: Regex,
    entropy: f64,
    mixed: bool,
    is_assigned: bool,
}

struct Forms {
    keywords: AhoCorasick,
    /// The form of each keyword.
    form_of_keyword: Vec<usize>,
    all: Vec<Form>,
    placeholders: AhoCorasick,
}

/// A likely secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundSecret {
    /// What it is, with its article: `a GitHub token`.
    pub(crate) name: &'static str,
    /// Whether what stands before it says that it is one, and not its own form.
    pub(crate) is_assigned: bool,
    /// Where its bytes are.
    pub(crate) range: Range<usize>,
}

// A test proves that the data can be read.
static FORMS: LazyLock<Option<Forms>> = LazyLock::new(|| Forms::compile().ok());

impl Forms {
    fn compile() -> Result<Self, Box<dyn std::error::Error>> {
        let file: File = toml::from_str(DATA)?;
        let mut keywords = Vec::new();
        let mut form_of_keyword = Vec::new();
        let mut forms = Vec::new();
        for (at, data) in file.forms.into_iter().enumerate() {
            form_of_keyword.extend(vec![at; data.keywords.len()]);
            keywords.extend(data.keywords);
            forms.push(Form {
                name: data.name,
                pattern: RegexBuilder::new(&data.pattern)
                    .unicode(false)
                    .multi_line(true)
                    .build()?,
                entropy: data.entropy.unwrap_or(ENTROPY),
                mixed: data.mixed,
                is_assigned: data.assigned,
            });
        }
        let any_case = |words: &[String]| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build(words)
        };
        Ok(Self {
            keywords: any_case(&keywords)?,
            form_of_keyword,
            all: forms,
            placeholders: any_case(&file.placeholders)?,
        })
    }

    /// Returns the forms of which the text has a keyword, in their order.
    fn likely(&self, text: &[u8]) -> impl Iterator<Item = &Form> {
        let mut is_likely = vec![false; self.all.len()];
        for found in self.keywords.find_overlapping_iter(text) {
            is_likely[self.form_of_keyword[found.pattern().as_usize()]] = true;
        }
        let forms = self.all.iter().zip(is_likely);
        forms.filter_map(|(form, is_likely)| is_likely.then_some(form))
    }

    fn is_placeholder(&self, secret: &[u8]) -> bool {
        self.placeholders.is_match(secret)
    }
}

impl Form {
    fn accepts(&self, secret: &[u8]) -> bool {
        let has = |is: fn(&u8) -> bool| secret.iter().any(is);
        entropy(secret) >= self.entropy
            && (!self.mixed || has(u8::is_ascii_alphabetic) && has(u8::is_ascii_digit))
    }
}

/// Returns all likely secrets in a text, by place; no two of them overlap.
pub(crate) fn find_secrets(text: &[u8]) -> Vec<FoundSecret> {
    let Some(all) = FORMS.as_ref() else {
        return Vec::new();
    };
    let mut found: Vec<FoundSecret> = Vec::new();
    for form in all.likely(text) {
        for groups in form.pattern.captures_iter(text) {
            let Some(secret) = groups.iter().skip(1).flatten().next() else {
                continue;
            };
            if form.accepts(secret.as_bytes()) && !all.is_placeholder(secret.as_bytes()) {
                found.push(FoundSecret {
                    name: &form.name,
                    is_assigned: form.is_assigned,
                    range: secret.range(),
                });
            }
        }
    }
    found.sort_by_key(|it| (it.range.start, std::cmp::Reverse(it.range.end)));
    let mut end = 0;
    found.retain(|it| {
        let is_apart = it.range.start >= end;
        end = end.max(it.range.end);
        is_apart
    });
    found
}

/// Returns Shannon's entropy of a text in bits a character.
fn entropy(text: &[u8]) -> f64 {
    let mut counts: HashMap<u8, u32> = HashMap::new();
    for byte in text {
        *counts.entry(*byte).or_default() += 1;
    }
    let length = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let shares = counts.values().map(|count| f64::from(*count) / length);
    -shares.map(|share| share * share.log2()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The finds in a text: name and secret.
    fn found(text: &str) -> Vec<(&'static str, &str)> {
        let all = find_secrets(text.as_bytes()).into_iter();
        all.map(|it| (it.name, &text[it.range])).collect()
    }

    /// A made-up secret that looks real: `length` characters of an alphabet.
    fn random(length: usize, alphabet: &str) -> String {
        let all: Vec<char> = alphabet.chars().collect();
        let mut state = 7_usize;
        let mut next = || {
            state = (state * 1_103_515_245 + 12_345) % (1 << 31);
            all[(state >> 8) % all.len()]
        };
        (0..length).map(|_| next()).collect()
    }

    const WORD: &str = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const HEX: &str = "0123456789abcdef";

    #[test]
    fn the_data_can_be_read() {
        let forms = Forms::compile().unwrap();
        assert!(forms.all.len() > 30);
        for form in &forms.all {
            assert!(form.pattern.captures_len() > 1, "{}", form.name);
        }
    }

    #[test]
    fn secrets_of_known_forms_are_found() {
        let long = |prefix: &str, length: usize| format!("{prefix}{}", random(length, WORD));
        let jwt = format!("{}.{}.{}", long("eyJ", 20), long("eyJ", 40), long("", 43));
        let key = random(64, WORD);
        for (name, text, secret) in [
            ("a GitHub token", long("ghp_", 36), long("ghp_", 36)),
            (
                "a GitHub token",
                long("x=github_pat_", 50),
                long("github_pat_", 50),
            ),
            (
                "a GitLab token",
                long("(glpat-", 20) + ")",
                long("glpat-", 20),
            ),
            ("a Slack token", long("xoxb-", 40), long("xoxb-", 40)),
            ("a Stripe key", long("sk_live_", 24), long("sk_live_", 24)),
            ("an npm token", long("npm_", 36), long("npm_", 36)),
            (
                "a PyPI token",
                long("pypi-AgEIcHlwaS5vcmc", 60),
                long("pypi-AgEIcHlwaS5vcmc", 60),
            ),
            ("a Google key", long("key=AIza", 35), long("AIza", 35)),
            ("an OpenAI key", long("sk-proj-", 40), long("sk-proj-", 40)),
            (
                "an Anthropic key",
                long("sk-ant-api03-", 93),
                long("sk-ant-api03-", 93),
            ),
            ("a signed token (JWT)", jwt.clone(), jwt),
            (
                "an AWS access key",
                format!("AKIA{}", random(16, UPPER)),
                format!("AKIA{}", random(16, UPPER)),
            ),
            (
                "a password in an address",
                "postgres://app:s3cr3t-pw@db/x".into(),
                "s3cr3t-pw".into(),
            ),
            (
                "a password in an address",
                format!("https://{}@host/a.git", random(30, HEX)),
                random(30, HEX),
            ),
            (
                "a password in a header",
                format!("Authorization: Bearer {key}"),
                key.clone(),
            ),
            (
                "a password or a token",
                format!("const apiKey = \"{key}\";"),
                key.clone(),
            ),
            (
                "a password or a token",
                format!("DB_PASSWORD={key}"),
                key.clone(),
            ),
            (
                "a private key",
                format!("-----BEGIN RSA PRIVATE KEY-----\n{key}\n-----END"),
                format!("\n{key}\n"),
            ),
        ] {
            assert_eq!(found(&text), [(name, secret.as_str())], "{text}");
        }
    }

    #[test]
    fn examples_hashes_and_code_are_no_secrets() {
        let hash = random(40, HEX);
        for text in [
            "AKIAIOSFODNN7EXAMPLE".to_owned(),
            format!("ghp_{}", "x".repeat(36)),
            "password = \"your-password-1\"".to_owned(),
            "token: \"${API_TOKEN}\"".to_owned(),
            "DB_PASSWORD=changeme1234".to_owned(),
            "API_TOKEN=$(cat token.txt)".to_owned(),
            "API_TOKEN: ${{ secrets.API_TOKEN }}".to_owned(),
            "const token = await getToken(request1);".to_owned(),
            "password: 'The password has at least 8 characters'".to_owned(),
            format!("commit {hash}"),
            format!("\"integrity\": \"sha512-{hash}{hash}==\""),
            "https://user:${PASSWORD}@host/".to_owned(),
            "https://host:8443/@scope/name".to_owned(),
            "if text.starts_with(\"-----BEGIN PRIVATE KEY-----\") {".to_owned(),
            "secretName: my-release-postgresql".to_owned(),
            "task-runner-with-a-very-long-name-of-32-characters".to_owned(),
        ] {
            assert_eq!(found(&text), [], "{text}");
        }
    }

    #[test]
    fn a_key_in_one_line_of_json_is_found() {
        let key = random(64, WORD);
        let text = format!(
            "\"-----BEGIN PRIVATE KEY-----\\n{key}\\n{key}\\n-----END PRIVATE KEY-----\\n\""
        );
        assert_eq!(found(&text).len(), 1);
    }
}
