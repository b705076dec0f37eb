//! The words that every match of a pattern contains: a text without them needs no parser.

use memchr::memmem;

/// The words of a pattern outside its variables.
pub(super) struct Literals(Vec<memmem::Finder<'static>>);

impl Literals {
    pub(super) fn of_pattern(pattern: &str) -> Self {
        // Matching skips comments, which look different in each language.
        let may_have_comment = ["//", "/*", "#", "--", "<!"]
            .iter()
            .any(|mark| pattern.contains(mark));
        if may_have_comment {
            return Self(Vec::new());
        }
        let mut words = Vec::new();
        let mut rest = pattern;
        while let Some(start) = rest.find(|c: char| c == '$' || is_word(c)) {
            rest = &rest[start..];
            if rest.starts_with('$') {
                rest = after_variable(rest);
                continue;
            }
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            words.push(memmem::Finder::new(&rest[..end]).into_owned());
            rest = &rest[end..];
        }
        Self(words)
    }

    /// Checks whether the text contains all words; a text without one of them has no match.
    pub(super) fn are_in(&self, text: &str) -> bool {
        let text = text.as_bytes();
        self.0.iter().all(|word| word.find(text).is_some())
    }
}

/// Returns what follows the variable, or the plain dollar sign, at the beginning of the text.
fn after_variable(text: &str) -> &str {
    let name = text.trim_start_matches('$');
    if name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_') {
        name.trim_start_matches(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    } else {
        name
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_contains_every_word_outside_the_variables() {
        let holds = |pattern: &str, text: &str| Literals::of_pattern(pattern).are_in(text);
        assert!(holds("var $A = old($$$ARGS)", "var x=old()"));
        assert!(!holds("var $A = old($$$ARGS)", "var x=young()"));
        assert!(!holds("f($_x)", "f(1)"), "only capitals are variables");
        assert!(holds("$x = f($A)", "$x = f(1)"));
        assert!(holds("$A", "") && holds("f($A) // old", "f(1)"));
    }
}
