//! Rewrites any text by a regular expression.
//!
//! Knows nothing of languages and works on whole files: `^` and `$` match at the ends of the file, unless the
//! expression has the flag `(?m)`.

use ::regex::Regex;

use super::error::CodemodError;
use super::rewrite::{Applied, Rewrite, Unchanged};

pub(super) struct RegexRewrite {
    regex: Regex,
    /// The expression with the flag `(?m)`, if that may matter.
    per_line: Option<Regex>,
    to: String,
}

impl RegexRewrite {
    pub(super) fn new(regex: &str, to: &str) -> Result<Self, CodemodError> {
        if regex.is_empty() {
            return Err(CodemodError::EmptyRegex);
        }
        let compiled = Regex::new(regex).map_err(|error| fault(regex, &error))?;
        for group in groups_used(to) {
            let exists = match group.parse::<usize>() {
                Ok(number) => number < compiled.captures_len(),
                Err(_) => compiled.capture_names().flatten().any(|name| name == group),
            };
            if !exists {
                return Err(CodemodError::UnknownGroup {
                    group: group.to_owned(),
                    regex: regex.to_owned(),
                    hint: hint(&compiled, group),
                });
            }
        }
        let has_anchor = regex.contains(['^', '$']);
        Ok(Self {
            regex: compiled,
            per_line: has_anchor
                .then(|| Regex::new(&format!("(?m){regex}")).ok())
                .flatten(),
            to: to.to_owned(),
        })
    }

    pub(super) fn apply(&self, text: &str) -> Applied {
        if let Some(rewrite) = self.rewrite(text) {
            return Applied::Rewritten(rewrite);
        }
        let matches_lines = |regex: &Regex| !self.regex.is_match(text) && regex.is_match(text);
        Applied::Unchanged(if self.per_line.as_ref().is_some_and(matches_lines) {
            Unchanged::PerLine
        } else {
            Unchanged::NoMatch
        })
    }

    fn rewrite(&self, text: &str) -> Option<Rewrite> {
        let mut out = String::new();
        let mut edits = 0;
        let mut copied = 0;
        for captures in self.regex.captures_iter(text) {
            let whole = captures.get_match();
            out.push_str(&text[copied..whole.start()]);
            let written = out.len();
            captures.expand(&self.to, &mut out);
            edits += usize::from(out[written..] != *whole.as_str());
            copied = whole.end();
        }
        out.push_str(&text[copied..]);
        (edits > 0).then_some(Rewrite { text: out, edits })
    }
}

/// Returns the groups that a replacement names, read as the regex crate reads them: `$name` is as long as possible.
fn groups_used(to: &str) -> Vec<&str> {
    let mut groups = Vec::new();
    let mut rest = to;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
        } else if let Some(braced) = rest.strip_prefix('{') {
            if let Some(end) = braced.find('}') {
                groups.push(&braced[..end]);
                rest = &braced[end + 1..];
            }
        } else {
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            if end > 0 {
                groups.push(&rest[..end]);
            }
            rest = &rest[end..];
        }
    }
    groups
}

fn hint(regex: &Regex, group: &str) -> String {
    let digits = group.len() - group.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, letters) = group.split_at(digits);
    if number
        .parse::<usize>()
        .is_ok_and(|n| n < regex.captures_len())
        && !letters.is_empty()
    {
        return format!("write ${{{number}}}{letters} if you mean group {number}");
    }
    let names: Vec<_> = regex
        .capture_names()
        .enumerate()
        .map(|(i, name)| name.map_or_else(|| format!("${i}"), |name| format!("${name}")))
        .collect();
    format!("it has {}", names.join(", "))
}

/// Turns an error of the regex crate, which draws a picture of several lines, into one sentence.
fn fault(regex: &str, error: &::regex::Error) -> CodemodError {
    let picture = error.to_string();
    let is_caret = |line: &&str| line.contains('^') && line.trim().chars().all(|c| c == '^');
    // The picture indents a one-line pattern by four columns, and numbers the lines of a longer pattern.
    let place = picture
        .lines()
        .find(is_caret)
        .filter(|_| !regex.contains('\n'))
        .and_then(|line| line.find('^'))
        .map(|column| format!(" at character {}", column.saturating_sub(3)));
    let last = picture.lines().last().unwrap_or_default();
    CodemodError::Regex {
        regex: regex.to_owned(),
        place: place.unwrap_or_default(),
        reason: last
            .trim_start_matches("error: ")
            .trim_end_matches('.')
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewrite(regex: &str, to: &str, text: &str) -> Option<(String, usize)> {
        let done = RegexRewrite::new(regex, to).unwrap().rewrite(text)?;
        Some((done.text, done.edits))
    }

    fn fault_of(regex: &str, to: &str) -> String {
        RegexRewrite::new(regex, to).err().unwrap().to_string()
    }

    #[test]
    fn groups_are_inserted_by_number_and_by_name() {
        assert_eq!(
            rewrite(
                r"(\w+)\.old\((?<arg>\w*)\)",
                "${arg}.new($1) $$",
                "é a.old(b)"
            ),
            Some(("é b.new(a) $".to_owned(), 1))
        );
    }

    #[test]
    fn an_empty_match_inserts_once_at_each_position() {
        assert_eq!(rewrite("x*", "-", "aé"), Some(("-a-é-".to_owned(), 3)));
        assert_eq!(rewrite("y*?", "", "abc"), None);
        assert!(fault_of("", "x").contains("the regular expression is empty"));
    }

    #[test]
    fn a_replacement_equal_to_the_match_does_not_count_as_an_edit() {
        assert_eq!(rewrite("a|b", "a", "a a"), None);
        assert_eq!(rewrite("a|b", "a", "a b"), Some(("a a".to_owned(), 1)));
    }

    #[test]
    fn line_ends_are_kept() {
        assert_eq!(
            rewrite("(?m)^old", "new", "old\r\nold\r\n\rx"),
            Some(("new\r\nnew\r\n\rx".to_owned(), 2))
        );
    }

    #[test]
    fn an_expression_that_matches_only_per_line_is_told_apart() {
        let apply = |regex: &str, text: &str| RegexRewrite::new(regex, "x").unwrap().apply(text);
        let per_line = Applied::Unchanged(Unchanged::PerLine);
        assert_eq!(apply("^old", "a\nold\n"), per_line);
        assert_eq!(apply("old$", "old\n"), per_line);
        let nothing = Applied::Unchanged(Unchanged::NoMatch);
        for (regex, text) in [
            ("^old", "a old"),
            ("old", "a"),
            (r"\Aold", "a\nold"),
            ("(?m)^old", "a"),
        ] {
            assert_eq!(apply(regex, text), nothing, "{regex}");
        }
    }

    #[test]
    fn a_bad_expression_is_one_sentence_with_its_place() {
        assert_eq!(
            fault_of("ab(c", ""),
            "the regular expression 'ab(c' is invalid at character 3: unclosed group"
        );
    }

    #[test]
    fn a_replacement_may_only_name_groups_that_exist() {
        assert!(fault_of("(a)", "$2").contains("${2}"));
        assert!(fault_of("(?<x>a)", "${y}").contains("it has $0, $x"));
        assert!(fault_of("(a)", "$1b").contains("write ${1}b if you mean group 1"));
        assert!(RegexRewrite::new("(a)", "$$2 $ ${1}b $0").is_ok());
    }
}
