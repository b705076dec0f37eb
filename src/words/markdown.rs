//! Text from outside in the middle of Markdown.

use super::closing_keyword::without_closing_keywords;
use super::mention::without_mentions;
use super::sanitize::line;

/// Returns one line of text that shows as it is, mentions nobody and closes no issue. A bar becomes an entity, because
/// readers of tables differ in how they take a backslash before it.
#[must_use]
pub fn markdown(text: &str) -> String {
    let line = line(text);
    let line = without_closing_keywords(&line);
    let line = without_mentions(&line);
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '|' => out.push_str("&#124;"),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '$' | '>' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
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
}
