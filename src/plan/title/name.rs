//! What a unit is called, in parts that can be left out.

use std::cmp::Reverse;

/// The most characters that a title has.
pub(super) const TITLE: usize = 60;
/// No title and no id has room for more parts, as each takes a letter and what stands between.
pub(super) const MOST_SHOWN: usize = TITLE / 3 + 1;

/// What a unit holds: a folder or file, or parts of a folder.
pub(super) struct Name {
    pub folder: String,
    pub parts: Vec<Part>,
}

/// A part of a folder, and how many of the unit's files are there.
pub(super) struct Part {
    text: String,
    files: usize,
}

impl Part {
    pub fn new(text: String, files: usize) -> Self {
        Self { text, files }
    }
}

impl Name {
    pub fn new(folder: &str, parts: Vec<Part>) -> Self {
        Self {
            folder: plain(folder),
            parts: parts
                .into_iter()
                .map(|part| Part::new(plain(&part.text), part.files))
                .collect(),
        }
    }

    pub fn folder(path: &str) -> Self {
        Self::new(path, Vec::new())
    }

    /// So many parts that have the most files, in their order.
    pub fn chosen(&self, shown: usize) -> Vec<&str> {
        let mut order: Vec<usize> = (0..self.parts.len()).collect();
        order.sort_by_key(|&part| Reverse(self.parts[part].files));
        order.truncate(shown);
        order.sort_unstable();
        order
            .into_iter()
            .map(|part| self.parts[part].text.as_str())
            .collect()
    }

    pub fn title(&self) -> String {
        let most = self.parts.len().min(MOST_SHOWN);
        (1..=most)
            .rev()
            .map(|shown| self.showing(shown))
            .find(|title| title.chars().count() <= TITLE)
            .unwrap_or_else(|| self.showing(most.min(1)))
    }

    fn showing(&self, shown: usize) -> String {
        let mut list = self.chosen(shown).join(", ");
        if shown < self.parts.len() {
            list = format!("{list}, … ({} more)", self.parts.len() - shown);
        }
        match (self.folder.as_str(), list.as_str()) {
            (folder, "") => folder.to_owned(),
            ("", _) => list,
            (folder, _) => format!("{folder}: {list}"),
        }
    }
}

/// One line that a terminal shows as it is.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}
