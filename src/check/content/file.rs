//! A file of a unit's work, before and after.

use std::collections::HashMap;

/// A file that a unit changed. A side is `None` where the file does not exist, or is too large to be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ChangedFile {
    /// The path from the root.
    pub(crate) path: String,
    pub(crate) before: Option<Vec<u8>>,
    pub(crate) after: Option<Vec<u8>>,
}

/// A line that the text has more often than before, with its number, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::check) struct AddedLine<'a> {
    pub(in crate::check) number: usize,
    pub(in crate::check) text: &'a str,
}

impl ChangedFile {
    /// Returns the text before; `None` where there was no file, or no text.
    pub(in crate::check) fn text_before(&self) -> Option<&str> {
        text(self.before.as_deref()?)
    }

    /// Returns the text after; `None` where there is no file, or no text.
    pub(in crate::check) fn text_after(&self) -> Option<&str> {
        text(self.after.as_deref()?)
    }

    /// Returns the lines that the text has less often than before, without the space around them.
    pub(in crate::check) fn lost_lines(&self) -> Vec<&str> {
        let lost = surplus(self.text_before(), self.text_after()).into_iter();
        lost.map(|line| line.text.trim()).collect()
    }

    /// Returns the lines that the text has more often than before. A line that was moved or indented is not new.
    pub(in crate::check) fn added_lines(&self) -> Vec<AddedLine<'_>> {
        surplus(self.text_after(), self.text_before())
    }
}

/// Returns the lines with text that `one` has more often than `other`.
pub(super) fn surplus<'t>(one: Option<&'t str>, other: Option<&'t str>) -> Vec<AddedLine<'t>> {
    let mut known: HashMap<&str, usize> = HashMap::new();
    for line in other.into_iter().flat_map(str::lines) {
        *known.entry(line.trim()).or_default() += 1;
    }
    let mut found = Vec::new();
    for (number, text) in (1..).zip(one.into_iter().flat_map(str::lines)) {
        match known.get_mut(text.trim()) {
            Some(left @ 1..) => *left -= 1,
            _ if text.trim().is_empty() => {}
            _ => found.push(AddedLine { number, text }),
        }
    }
    found
}

/// Returns the content as a text without a byte-order mark; `None` for what is no UTF-8 text.
fn text(content: &[u8]) -> Option<&str> {
    let text = str::from_utf8(content).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    (!text.contains('\0')).then_some(text)
}

#[cfg(test)]
pub(in crate::check) fn changed(
    path: &str,
    before: Option<&str>,
    after: Option<&str>,
) -> ChangedFile {
    let bytes = |text: &str| text.as_bytes().to_vec();
    ChangedFile {
        path: path.to_owned(),
        before: before.map(bytes),
        after: after.map(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_new_where_there_are_more_of_it() {
        let file = changed(
            "a",
            Some("one\ntwo\n\nthree\n"),
            Some("\tthree\none\n\n\none\nfour\n"),
        );
        let added: Vec<_> = file
            .added_lines()
            .iter()
            .map(|line| (line.number, line.text))
            .collect();
        assert_eq!(added, [(5, "one"), (6, "four")]);
        assert_eq!(file.lost_lines(), ["two"]);
    }

    #[test]
    fn what_is_no_text_has_no_lines() {
        let mut file = changed("a", None, Some("\u{feff}a\n"));
        assert_eq!(file.text_after(), Some("a\n"));
        file.after = Some(vec![b'a', 0, b'\n']);
        assert!(file.text_after().is_none() && file.added_lines().is_empty());
        file.after = Some(vec![0xff, b'\n']);
        assert!(file.text_after().is_none());
    }
}
