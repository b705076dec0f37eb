//! The name of a unit, in parts that can be left out.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The maximum number of characters in a title.
pub(in crate::plan) const MAX_TITLE: usize = 60;
/// No title or id has room for more parts, because each part takes a letter and a separator.
pub(super) const MOST_SHOWN: usize = MAX_TITLE / 3 + 1;

/// The content of a unit: a folder or file, or parts of a folder.
pub(super) struct Name {
    pub(crate) folder: String,
    pub(crate) parts: Vec<Part>,
}

/// A part of a folder, and how many of the unit's files are there.
pub(super) struct Part {
    /// A file or folder, relative to the unit's folder.
    path: String,
    files: usize,
    extent: Extent,
}

/// How much of a place the unit has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    Piece,
}

impl Part {
    pub(crate) fn whole(path: &str, files: usize) -> Self {
        Self {
            path: plain(path),
            files,
            extent: Extent::Whole,
        }
    }

    pub(crate) fn piece(path: &str, files: usize) -> Self {
        Self {
            extent: Extent::Piece,
            ..Self::whole(path, files)
        }
    }

    fn text(&self) -> String {
        match self.extent {
            Extent::Whole => self.path.clone(),
            Extent::Piece => format!("{} (part)", self.path),
        }
    }

    /// Returns the folders that contain this part.
    fn folders(&self) -> impl Iterator<Item = &str> {
        let above = |path: &'_ str| path.rfind('/');
        let own = match self.extent {
            Extent::Whole => above(&self.path).map(|end| &self.path[..end]),
            Extent::Piece => Some(self.path.as_str()),
        };
        std::iter::successors(own, move |path| above(path).map(|end| &path[..end]))
    }
}

impl Name {
    pub(crate) fn new(folder: &str, parts: Vec<Part>) -> Self {
        Self {
            folder: plain(folder),
            parts,
        }
    }

    /// Replaces places by pieces of the folder that they are in, the lowest folders first, until all fit into the
    /// title.
    pub(crate) fn gathered(mut self) -> Self {
        while self.showing(self.parts.len()).chars().count() > MAX_TITLE {
            let Some(folder) = self.lowest_shared() else {
                break;
            };
            let is_in = |part: &Part| part.folders().any(|it| it == folder);
            let files = self.parts.iter().filter(|part| is_in(part));
            let piece = Part::piece(&folder, files.map(|part| part.files).sum());
            let first = self.parts.iter().position(is_in).unwrap_or_default();
            self.parts[first] = piece;
            let mut at = 0;
            self.parts.retain(|part| {
                at += 1;
                at - 1 == first || !is_in(part)
            });
        }
        self
    }

    /// Returns the lowest folder that contains several parts; of equals, the one with most parts.
    fn lowest_shared(&self) -> Option<String> {
        let mut parts_in: BTreeMap<&str, usize> = BTreeMap::new();
        for folder in self.parts.iter().flat_map(Part::folders) {
            *parts_in.entry(folder).or_default() += 1;
        }
        let shared = parts_in.into_iter().filter(|(_, parts)| *parts > 1);
        let lowest = shared.max_by_key(|(folder, parts)| (folder.matches('/').count(), *parts));
        lowest.map(|(folder, _)| folder.to_owned())
    }

    pub(crate) fn folder(path: &str) -> Self {
        Self::new(path, Vec::new())
    }

    /// Returns the parts with most files, up to this many, in their order.
    pub(crate) fn chosen(&self, shown: usize) -> Vec<String> {
        let mut order: Vec<usize> = (0..self.parts.len()).collect();
        order.sort_by_key(|&part| Reverse(self.parts[part].files));
        order.truncate(shown);
        order.sort_unstable();
        order
            .into_iter()
            .map(|part| self.parts[part].text())
            .collect()
    }

    pub(crate) fn title(&self) -> String {
        let most = self.parts.len().min(MOST_SHOWN);
        (1..=most)
            .rev()
            .map(|shown| self.showing(shown))
            .find(|title| title.chars().count() <= MAX_TITLE)
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

/// Returns one line that a terminal can show as it is.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}
