//! Likely secrets in the lines that a unit adds.
//!
//! A value that the unit's files held before is not new. In tests, examples and documents only tokens of a known issuer
//! and private keys count: passwords there are made up.

use memchr::memmem;

use super::file::{AddedLine, ChangedFile, surplus};
use super::finding::Finding;
use crate::config::FindingKind;
use crate::words::{Redactor, find_secrets};

/// A finding shows at most so many characters of a line.
const SHOWN_CHARS: usize = 60;

/// Returns the likely secrets that are new in these files.
pub(super) fn added_secrets(files: &[ChangedFile]) -> Vec<Finding> {
    files.iter().flat_map(|file| in_file(file, files)).collect()
}

fn in_file(file: &ChangedFile, all: &[ChangedFile]) -> Vec<Finding> {
    let Some(content) = &file.after else {
        return Vec::new();
    };
    let before = file.before.as_deref().map(readable);
    let after = readable(content);
    let added = surplus(Some(&after), before.as_deref());
    let text = added
        .iter()
        .fold(String::new(), |text, line| text + line.text + "\n");
    let takes_assigned = !is_made_up(&file.path) && !content.contains(&0);
    let mut found: Vec<Finding> = Vec::new();
    for secret in find_secrets(text.as_bytes()) {
        if secret.is_assigned && !takes_assigned {
            continue;
        }
        let value = text[secret.range.clone()].as_bytes();
        let mut others = all.iter().filter_map(|file| file.before.as_deref());
        if others.any(|before| memmem::find(before, value).is_some()) {
            continue;
        }
        let Some(line) = line_at(&added, &text, secret.range.start) else {
            continue;
        };
        if found.last().is_some_and(|it| it.line == Some(line.number)) {
            continue;
        }
        let (name, shown) = (secret.name, shown(line.text));
        found.push(Finding {
            kind: FindingKind::Secret,
            path: file.path.clone(),
            line: Some(line.number),
            said: format!("it looks like {name}: `{shown}`"),
        });
    }
    found
}

/// Returns the text of any content: also of UTF-16, and of a file with single bytes that are no UTF-8.
fn readable(content: &[u8]) -> String {
    let bytes: Vec<u8> = content.iter().copied().filter(|byte| *byte != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns the line in which a place of the joined text is.
fn line_at<'l>(lines: &'l [AddedLine<'l>], text: &str, at: usize) -> Option<&'l AddedLine<'l>> {
    let number = memchr::memchr_iter(b'\n', &text.as_bytes()[..at]).count();
    // The text of a private key begins with the end of the line before.
    lines.get(number)
}

/// Returns the line as a finding shows it, without the secret.
fn shown(line: &str) -> String {
    let line = Redactor::default().text(line.trim());
    let line = crate::words::line(&line).replace('`', "'");
    match line.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Checks whether secrets in a file at this path are usually made up.
fn is_made_up(path: &str) -> bool {
    let path = path.to_lowercase();
    let mut parts = path.split('/').rev();
    let name = parts.next().unwrap_or_default();
    let is_document = [".md", ".mdx", ".rst", ".adoc", ".txt"]
        .iter()
        .any(|end| name.ends_with(end));
    let is_test = ["test.", "tests.", "spec.", "test_"];
    let folders = [
        "test",
        "tests",
        "spec",
        "specs",
        "__tests__",
        "testdata",
        "fixtures",
        "docs",
        "doc",
        "examples",
        "example",
        "mocks",
        "__mocks__",
        "e2e",
    ];
    is_document
        || is_test.iter().any(|mark| name.contains(mark))
        || parts.any(|folder| folders.contains(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::content::file::changed;

    const KEY: &str = "sk_live_9aB3cD4eF5gH6iJ7kL8mN0pQ";

    fn lines(files: &[ChangedFile]) -> Vec<String> {
        added_secrets(files)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_new_secret_is_found_and_not_shown() {
        let text = format!("a\nconst key = \"{KEY}\";\n");
        let file = changed("src/a.js", Some("a\n"), Some(&text));
        assert_eq!(
            lines(&[file]),
            ["src/a.js:2: it looks like a Stripe key: `const key = \"***\";`"]
        );
    }

    #[test]
    fn a_private_key_is_found_where_it_begins() {
        let letters = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
        let text = format!("\n-----BEGIN PRIVATE KEY-----\n{letters}\n-----END PRIVATE KEY-----\n");
        let file = changed("a", None, Some(&text));
        assert_eq!(
            lines(&[file]),
            ["a:2: it looks like a private key: `-----BEGIN PRIVATE KEY-----`"]
        );
    }

    #[test]
    fn what_was_there_before_is_not_new() {
        let old = format!("var key = '{KEY}';\n");
        let new = format!("const key = '{KEY}';\n");
        assert_eq!(lines(&[changed("a.js", Some(&old), Some(&new))]), [""; 0]);
        let moved = [
            changed("a.js", Some(&old), None),
            changed("b.js", None, Some(&new)),
        ];
        assert_eq!(lines(&moved), [""; 0]);
    }

    #[test]
    fn passwords_in_tests_are_made_up_and_tokens_of_issuers_are_not() {
        let password = "password = \"x8kd93jf02lw\"\n";
        assert_eq!(lines(&[changed("src/a.py", None, Some(password))]).len(), 1);
        for path in ["tests/a.py", "src/a.spec.ts", "docs/a.md", "test_a.py"] {
            assert_eq!(
                lines(&[changed(path, None, Some(password))]),
                [""; 0],
                "{path}"
            );
            assert_eq!(lines(&[changed(path, None, Some(KEY))]).len(), 1, "{path}");
        }
    }

    #[test]
    fn a_secret_in_another_encoding_is_found() {
        let mut utf_16 = changed("a", None, None);
        let words = format!("key {KEY}\n");
        utf_16.after = Some(words.encode_utf16().flat_map(u16::to_le_bytes).collect());
        let mut latin = changed("b", None, None);
        latin.after = Some([b"\xe9 ", KEY.as_bytes()].concat());
        assert_eq!(lines(&[utf_16, latin]).len(), 2);
    }
}
