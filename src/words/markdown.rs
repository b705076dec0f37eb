//! Text from outside in the middle of Markdown.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::closing_keyword::without_closing_keywords;
use super::mention::without_mentions;
use super::sanitize::line;

/// What GitHub's Markdown makes a link of although nothing marks it as one: `http://…`, `www.…`.
static BARE_LINK: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)(?P<before>:)(?P<after>//)|(?P<www>www)\.").ok());

/// Returns one line of text that shows as it is, mentions nobody, closes no issue and leads nowhere. A bar becomes an
/// entity, because readers of tables differ in how they take a backslash before it.
#[must_use]
pub fn markdown(text: &str) -> String {
    let line = line(text);
    let line = without_closing_keywords(&line);
    let line = without_mentions(&line);
    let mut out = String::with_capacity(line.len());
    let list_mark = list_mark(&line);
    for (at, c) in line.char_indices() {
        match c {
            '|' => out.push_str("&#124;"),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '$' | '>' => {
                out.push('\\');
                out.push(c);
            }
            _ if list_mark == Some(at) => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    without_links(&out).into_owned()
}

/// Returns the place of the character that would make a list, a heading or a rule of a line that begins with this text.
fn list_mark(line: &str) -> Option<usize> {
    let after_digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = line.len() - after_digits.len();
    let is_mark = match digits {
        0 => line.starts_with(['-', '+', '=']),
        _ => after_digits.starts_with(['.', ')']),
    };
    is_mark.then_some(digits)
}

/// Puts a backslash into each bare link. The text shows the same, and nothing is a link.
fn without_links(text: &str) -> Cow<'_, str> {
    match BARE_LINK.as_ref() {
        Some(link) => link.replace_all(text, |found: &Captures<'_>| {
            let part = |name| found.name(name).map_or("", |it| it.as_str());
            match part("www") {
                "" => format!("{}\\{}", part("before"), part("after")),
                www => format!("{www}\\."),
            }
        }),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_no_markdown() {
        assert_eq!(
            markdown("a | `b` <c>\n*d*"),
            r"a &#124; \`b\` &lt;c\> \*d\*"
        );
        assert_eq!(markdown("closes #1 @all"), r"part of \#1 @ all");
    }

    #[test]
    fn nothing_is_a_link() {
        assert_eq!(
            markdown("see https://a.example/x or WWW.b.example, [c](d)"),
            r"see https:\//a.example/x or WWW\.b.example, \[c\](d)"
        );
        assert_eq!(markdown("a: b // c"), "a: b // c");
    }

    #[test]
    fn nothing_is_a_list_or_a_heading() {
        for (text, shown) in [
            ("- a", r"\- a"),
            ("--- ", r"\---"),
            ("+ a - b", r"\+ a - b"),
            ("===", r"\==="),
            ("12. a", r"12\. a"),
            ("1) a", r"1\) a"),
            ("12 a.", "12 a."),
        ] {
            assert_eq!(markdown(text), shown);
        }
    }
}
