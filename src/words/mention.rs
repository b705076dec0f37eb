//! Makes mentions harmless: a forge tells every person and team that a text names by `@`.
//!
//! Code has many words with this sign (`@Component`, `@scope/package`), and each of them may be somebody's name. Knows
//! nothing of what the texts are about.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// A name that is mentioned: not the host of an address of mail, and not a part of a path.
static MENTION: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?P<before>^|[^\w@./-])@(?P<name>[A-Za-z0-9_])").ok());

/// Puts a blank behind the sign of each mention: `@org/team` becomes `@ org/team`.
pub(crate) fn without_mentions(text: &str) -> Cow<'_, str> {
    match MENTION.as_ref() {
        Some(mention) => mention.replace_all(text, "$before@ $name"),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_mentioned() {
        for (text, harmless) in [
            ("@org/team and (@ada)", "@ org/team and (@ ada)"),
            ("Replace @Input by input()", "Replace @ Input by input()"),
            ("\n@ada\n`@b`", "\n@ ada\n`@ b`"),
        ] {
            assert_eq!(without_mentions(text), harmless);
            assert_eq!(without_mentions(harmless), harmless);
        }
    }

    #[test]
    fn addresses_stay() {
        for text in [
            "Ada <ada@acorn.example>",
            "git@host:a.git",
            "a @ b",
            "v1@2",
            "@",
        ] {
            assert_eq!(without_mentions(text), text);
        }
    }
}
