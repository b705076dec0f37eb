//! Makes mentions harmless: a forge tells every person and team that a text names by `@`.
//!
//! Code has many words with this sign (`@Component`, `@scope/package`), and each of them may be somebody's name. Knows
//! nothing of what the texts are about.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// A name that is mentioned: not the host of an address of mail.
static MENTION: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?P<before>^|\W)@(?P<name>[A-Za-z0-9_])").ok());

/// Puts a blank behind the sign of each mention: `@org/team` becomes `@ org/team`. A folder in the middle of a path
/// (`node_modules/@types/node`) is no mention.
pub(crate) fn without_mentions(text: &str) -> Cow<'_, str> {
    let Some(mention) = MENTION.as_ref() else {
        return Cow::Borrowed(text);
    };
    mention.replace_all(text, |found: &Captures<'_>| {
        let (before, name) = (&found["before"], &found["name"]);
        let end = found.get(0).map_or(0, |all| all.end());
        let after =
            text[end..].trim_start_matches(|c: char| c.is_alphanumeric() || "_-.".contains(c));
        let is_folder = before == "/" && after.starts_with('/');
        format!("{before}@{}{name}", if is_folder { "" } else { " " })
    })
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
            ("-@ada .@ada/@bob", "-@ ada .@ ada/@ bob"),
            ("@@ada-@bob", "@@ ada-@ bob"),
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
            "node_modules/@types/node",
            "v1@2",
            "@",
        ] {
            assert_eq!(without_mentions(text), text);
        }
    }
}
