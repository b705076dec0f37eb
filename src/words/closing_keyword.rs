//! Makes closing keywords harmless, so that merging one of several pull requests does not close an issue that the whole
//! change belongs to. Knows nothing of what the texts are about.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// The words by which GitHub
/// (<https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue>)
/// and GitLab (<https://docs.gitlab.com/user/project/issues/managing_issues/#closing-issues-automatically>) close an
/// issue, before the issue in any of its forms: `#1`, `GH-1`, `owner/name#1`, or its address.
static CLOSING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let word = r"(?P<word>clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?)";
    let address = r"https?://\S+/(?:issues|pull|merge_requests|work_items)/\d";
    let issue =
        format!(r"(?P<issue>(?:issues?\s+)?(?:[\w.-]+(?:/[\w.-]+)+#\d|#\d|GH-\d|{address}))");
    Regex::new(&format!(r"(?i)\b{word}(?P<colon>:\s*|\s+){issue}")).ok()
});

/// Replaces each closing keyword that stands before an issue: `Fixes #12` becomes `Part of #12`. A keyword with a colon
/// stays, since it may be the type of a conventional commit: `fix: #12` becomes `fix: part of #12`.
pub(crate) fn without_closing_keywords(text: &str) -> Cow<'_, str> {
    let Some(closing) = CLOSING.as_ref() else {
        return Cow::Borrowed(text);
    };
    closing.replace_all(text, |found: &Captures<'_>| {
        let (word, issue) = (&found["word"], &found["issue"]);
        if found["colon"].starts_with(':') {
            return format!("{word}: part of {issue}");
        }
        let part = if word.starts_with(char::is_uppercase) {
            "Part of"
        } else {
            "part of"
        };
        format!("{part} {issue}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_closing_keyword_stands_before_an_issue() {
        let texts = [
            ("Fixes #12: old to new", "Part of #12: old to new"),
            (
                "this closes GH-7, and resolved\n#8",
                "this part of GH-7, and part of #8",
            ),
            ("fix: #3 by hooks", "fix: part of #3 by hooks"),
            ("Close: acme/web#4", "Close: part of acme/web#4"),
            ("closing issues #1", "part of issues #1"),
            (
                "FIXED https://github.com/acme/web/issues/9",
                "Part of https://github.com/acme/web/issues/9",
            ),
        ];
        for (text, harmless) in texts {
            assert_eq!(without_closing_keywords(text), harmless);
            assert_eq!(without_closing_keywords(harmless), harmless);
        }
    }

    #[test]
    fn other_words_stay() {
        for text in [
            "prefixes #12",
            "fix the colour #fff",
            "see #12",
            "Fixes the 12 uses",
            "part of #1",
        ] {
            assert_eq!(without_closing_keywords(text), text);
        }
    }
}
