//! What an instruction asks for, as far as its words tell.

use std::sync::LazyLock;

use regex::Regex;

/// A list of words, as they begin.
type Words = LazyLock<Option<Regex>>;

/// Words that ask for less code, as they begin.
static REMOVAL: Words = LazyLock::new(|| {
    beginning_with(
        "remov|delet|drop|strip|prun|purg|simplif|shorten|trim|dedup|consolidat|eliminat|reduc|retir|\
    discard|truncat|condens|get rid|getting rid|rip out|ripping out|cleanup|clean up|cleans? up|\
    cleaning up|cut(ting)? down|unused|obsolete|dead code",
    )
});

/// Words that ask for other places of code.
static MOVE: Words = LazyLock::new(|| {
    beginning_with(
        "move|moving|renam|merg|inlin|split|extract|relocat|reorganis|reorganiz|restructur|transfer|\
    combine|fold into|unify",
    )
});

/// Words about the form of files.
static FORM: Words = LazyLock::new(|| {
    beginning_with(
        "line.?end|eol\\b|crlf|lf\\b|newline|carriage|dos2unix|unix2dos|byte.?order|bom\\b|encoding|utf-?8|\
    format|prettier|editorconfig|whitespace|fmt\\b|lint|gofmt|rustfmt|black\\b",
    )
});

/// Words about the executable bit.
static MODES: Words =
    LazyLock::new(|| beginning_with("chmod|executable|permission|file mode|mode bit"));

/// Words that ask for documents.
static DOCUMENTS: Words = LazyLock::new(|| {
    beginning_with(
        "document|docs?\\b|notes?\\b|summar|guide|readme|changelog|markdown|report|checklist|write.?up|\
    todo list|plan\\b|manual|wiki",
    )
});

/// Words that ask for scripts.
static SCRIPTS: Words = LazyLock::new(|| {
    beginning_with("scripts?\\b|codemods?\\b|tools?\\b|command.?line|cli\\b|programs?\\b")
});

/// Shorter code is also a word of plain English: `any`.
const SHORTEST_CODE: usize = 4;
const SHORTEST_TOKEN: usize = 6;

/// The instruction of a unit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Instruction(String);

/// Compiles a list of words; a test proves that each list compiles.
fn beginning_with(words: &str) -> Option<Regex> {
    Regex::new(&format!(r"(?i)\b({words})")).ok()
}

impl Instruction {
    pub(crate) fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    fn has_word(&self, words: &Words) -> bool {
        let words = words.as_ref();
        words.is_some_and(|words| words.is_match(&self.0))
    }

    /// Checks whether it asks to take something away.
    pub(super) fn asks_to_remove(&self) -> bool {
        self.has_word(&REMOVAL)
    }

    /// Checks whether it asks to put things elsewhere.
    pub(super) fn asks_to_move(&self) -> bool {
        self.has_word(&MOVE)
    }

    /// Checks whether it is about line ends and the like.
    pub(super) fn is_about_form(&self) -> bool {
        self.has_word(&FORM)
    }

    /// Checks whether it is about who may execute files.
    pub(super) fn is_about_modes(&self) -> bool {
        self.has_word(&MODES)
    }

    /// Checks whether it asks for a new file of this name: it names the file, or asks for documents or scripts.
    pub(crate) fn asks_for_file(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let (_, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        self.names(name)
            || match extension {
                "md" | "txt" => self.has_word(&DOCUMENTS),
                "py" | "sh" | "js" | "mjs" | "ts" | "rb" | "pl" => self.has_word(&SCRIPTS),
                _ => false,
            }
    }

    /// Checks whether it has this very word.
    pub(super) fn names(&self, word: &str) -> bool {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let mut found = self.0.match_indices(word);
        !word.is_empty()
            && found.any(|(at, _)| {
                let after = &self.0[at + word.len()..];
                !self.0[..at].ends_with(is_part) && !after.starts_with(is_part)
            })
    }

    /// Checks whether it asks for what a rule found: it has the same words, or a long word that these begin with.
    pub(super) fn asks_for(&self, found: &str) -> bool {
        let words = found.trim_matches(|c: char| !c.is_alphanumeric() && c != '@');
        // Shorter ones are words of plain English.
        if words.chars().count() < SHORTEST_CODE {
            return false;
        }
        let is_between = |c: char| c.is_whitespace() || "`'\"(),;".contains(c);
        let mut tokens = self.0.split(is_between);
        self.names(words)
            || tokens.any(|it| it.chars().count() >= SHORTEST_TOKEN && words.starts_with(it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_about_form_are_known() {
        let about = |words| {
            let it = Instruction::new(words);
            (it.is_about_form(), it.is_about_modes())
        };
        assert_eq!(about("convert CRLF to LF"), (true, false));
        assert_eq!(about("chmod the scripts"), (false, true));
        assert_eq!(about("replace old by new"), (false, false));
    }

    #[test]
    fn words_that_ask_for_less_are_known() {
        for (words, asks) in [
            ("Remove the shims", true),
            ("dropping support for node 12", true),
            ("clean up the helpers", true),
            ("replace old( by new(", false),
            ("line to row", false),
        ] {
            assert_eq!(Instruction::new(words).asks_to_remove(), asks, "{words}");
        }
        for words in [&REMOVAL, &MOVE, &FORM, &MODES, &DOCUMENTS, &SCRIPTS] {
            assert!(words.is_some());
        }
        let it = Instruction::new("add `eslint-disable` where any.js needs it");
        assert!(it.names("any.js") && !it.names("eslint-dis") && !it.names(""));
        assert!(it.asks_for("// eslint-disable-next-line") && !it.asks_for(": any,"));
        assert!(!it.asks_for("console.log("));
    }
}
