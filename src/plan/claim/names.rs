//! The forms in which names are compared.

use unicode_normalization::UnicodeNormalization;

/// Returns the form in which two names are compared. Names with the same form may be one file on some machine.
///
/// The form is NFC, upper-cased and then lower-cased letter by letter. The detour over upper case unites letters that
/// lower-casing alone keeps apart (`ς` and `σ`, `ß` and `ss`), as case-insensitive file systems do.
#[must_use]
pub(crate) fn fold(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    path.nfc()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfc()
        .collect()
}

/// Returns the folders that hold `path`, the deepest first and the root (an empty name) last.
pub(super) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| {
        (!path.is_empty()).then(|| path.rsplit_once('/').map_or("", |(folder, _)| folder))
    })
    .skip(1)
}

/// Returns the name up to its first dot, not counting a leading dot. Files that belong together share it.
pub(in crate::plan) fn stem(name: &str) -> &str {
    let led = name.len() - name.strip_prefix('.').unwrap_or(name).len();
    let end = name[led..].find('.');
    end.map_or(name, |end| &name[..led + end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_ends_at_the_first_dot_that_does_not_lead() {
        for (name, expected) in [
            ("a.test.ts", "a"),
            (".eslintrc.json", ".eslintrc"),
            (".env", ".env"),
            ("Makefile", "Makefile"),
            ("é.js", "é"),
            ("", ""),
        ] {
            assert_eq!(stem(name), expected);
        }
    }

    #[test]
    fn names_that_are_equal_on_some_file_system_fold_to_one() {
        assert_eq!(fold("Src/Caf\u{e9}"), fold("src/cafe\u{301}"));
        assert_eq!(fold("ΑΣ"), fold("ας"));
        assert_ne!(fold("a/b"), fold("a-b"));
    }
}
