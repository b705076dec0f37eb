//! Puts a commit's message together: a short subject, the rest, and the trailers that name run and unit.
//!
//! The texts come from people and agents. A message closes no issue and mentions
//! nobody, and `git am` reads it back from a patch as it is:
//! a diff, a line `---` or a line `From:` in it stays a part of the message.

use std::sync::LazyLock;

use regex::Regex;

use super::fit::SUBJECT_LIMIT;
use super::markdown::{one_line, plain, shorten};
use crate::words::{without_closing_keywords, without_mentions};

/// The parts of a message.
pub(super) struct CommitMessage<'a> {
    pub(super) subject: &'a str,
    /// Stands between the subject and the rest, for continuous integration; empty, or a paragraph.
    pub(super) ci_marker: &'a str,
    /// The paragraphs after the subject; the last one may consist of trailers.
    pub(super) rest: &'a str,
    pub(super) run: &'a str,
    pub(super) unit: &'a str,
}

impl CommitMessage<'_> {
    pub(super) fn text(&self) -> String {
        let subject = one_line(self.subject);
        let subject = without_closing_keywords(&subject);
        let subject = without_mentions(&subject);
        let mut message = shorten(&subject, SUBJECT_LIMIT);
        message.push_str("\n\n");
        message.push_str(self.ci_marker);
        let mut rest = body(self.rest);
        if self.ci_marker.is_empty() && is_mail_header(&rest) {
            rest.insert(0, ' ');
        }
        if !rest.is_empty() {
            message.push_str(&rest);
            // Trailers are one paragraph: ours join those that are there.
            message.push_str(if ends_in_trailers(&rest) {
                "\n"
            } else {
                "\n\n"
            });
        }
        let Self { run, unit, .. } = self;
        format!("{message}Batch-Run: {run}\nBatch-Unit: {unit}\n")
    }
}

/// Returns the text as `git am` gives it back: without blanks at the ends of lines and without several empty lines in a
/// row, and with one blank before each line that would end the message, which makes it an ordinary line.
fn body(text: &str) -> String {
    let text = plain(text);
    let text = without_closing_keywords(text.trim());
    let text = without_mentions(&text);
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() && lines.last().is_none_or(String::is_empty) {
            continue;
        }
        let blank = if ends_a_message(line) { " " } else { "" };
        lines.push(format!("{blank}{line}"));
    }
    lines.join("\n")
}

/// Checks whether git-mailsplit(1) or git-mailinfo(1) takes the line for the end of the message or of the mail.
fn ends_a_message(line: &str) -> bool {
    static NEXT_MAIL: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^From .*\d:\d\d:\d\d").ok());
    line.starts_with("diff -")
        || line.starts_with("Index: ")
        || line.strip_prefix("---").is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(' ') && !rest[1..].starts_with(' ')
        })
        || NEXT_MAIL.as_ref().is_some_and(|mail| mail.is_match(line))
}

/// Checks whether git-mailinfo(1) takes the first line of this text, which follows the subject, for a header of the
/// mail.
fn is_mail_header(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    let name = line.split_once(':').map(|(name, _)| name.to_lowercase());
    matches!(
        name.as_deref(),
        Some("from" | "subject" | "date" | "content-type")
    ) || line.starts_with(">From ")
        || line.starts_with("[PATCH]")
}

/// Checks whether the last paragraph consists of trailers (git-interpret-trailers(1)).
fn ends_in_trailers(text: &str) -> bool {
    let last = text.rsplit("\n\n").next().unwrap_or_default();
    last.lines().all(|line| {
        line.split_once(": ").is_some_and(|(key, _)| {
            // A capital letter distinguishes `Refs: x` from words like `refactor: x`.
            key.starts_with(|c: char| c.is_ascii_uppercase())
                && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(subject: &str, rest: &str) -> String {
        let message = CommitMessage {
            subject,
            ci_marker: "",
            rest,
            run: "r",
            unit: "01",
        };
        message.text()
    }

    #[test]
    fn git_am_takes_no_line_for_more_than_a_line() {
        insta::assert_snapshot!(
            message("a\nb fixes #1 @ada", "Subject: x\n---\n--- a/x\n---- \nIndex: x\n\n\n\ndiff --git a b\nFrom: me"),
            @r"
        a b part of #1 @ ada

         Subject: x
         ---
         --- a/x
        ----
         Index: x

         diff --git a b
        From: me

        Batch-Run: r
        Batch-Unit: 01
        "
        );
    }

    #[test]
    fn trailers_are_one_paragraph() {
        let ours = "Batch-Run: r\nBatch-Unit: 01\n";
        assert_eq!(message("s", ""), format!("s\n\n{ours}"));
        assert_eq!(message("s", "Refs: P-1"), format!("s\n\nRefs: P-1\n{ours}"));
        assert_eq!(
            message("s", "refactor: x"),
            format!("s\n\nrefactor: x\n\n{ours}")
        );
    }
}
