//! A unit in the making.

use std::collections::BTreeMap;

use super::format::ProposedUnit;
use crate::plan::edit::joined_descriptions;
use crate::plan::title::{MAX_TITLE, name_units, shorten};
use crate::words;

/// Files by number, and what is known of their unit.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// The titles of the units that it was made from.
    pub(super) titles: Vec<String>,
    pub(super) description: Option<String>,
    pub(super) files: Vec<usize>,
    pub(super) create: Vec<String>,
    /// The proposed units that it has files of, or stands for.
    from: Vec<usize>,
    extent: Extent,
}

/// Whether the draft holds all files that its titles promise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Extent {
    #[default]
    Whole,
    Part,
}

impl Draft {
    pub(super) fn proposed(
        number: usize,
        unit: &ProposedUnit,
        files: Vec<usize>,
        create: Vec<String>,
    ) -> Self {
        Self {
            titles: vec![unit.title.clone()],
            description: unit.description.clone(),
            files,
            create,
            from: vec![number],
            extent: Extent::Whole,
        }
    }

    /// A unit of the plan without the proposal.
    pub(super) fn planned(title: &str, files: Vec<usize>) -> Self {
        Self {
            titles: vec![title.to_owned()],
            files,
            ..Self::default()
        }
    }

    /// Returns the numbers of the proposed units that it stands for.
    pub(super) fn proposed_units(&self) -> impl Iterator<Item = usize> {
        self.from.iter().copied()
    }

    /// Returns the name by which people know it.
    pub(super) fn known_as(&self) -> String {
        self.titles.join(", ")
    }

    /// Returns its titles, safe to show in a terminal and on a page.
    fn cleaned_titles(&self) -> Vec<String> {
        let titles = self.titles.iter().map(|title| words::line(title));
        titles.filter(|title| !title.is_empty()).collect()
    }

    /// Takes over the files and tasks of another draft.
    pub(super) fn absorb(&mut self, other: Self) {
        self.titles.extend(other.titles);
        self.files.extend(other.files);
        self.files.sort_unstable();
        self.create.extend(other.create);
        self.from.extend(other.from);
        self.description = joined_descriptions(self.description.take(), other.description);
    }

    /// Takes over a unit that only creates files, but not its title.
    pub(super) fn absorb_new(&mut self, other: Self) {
        let titles = self.titles.clone();
        self.absorb(other);
        self.titles = titles;
    }

    /// Keeps the first part, and returns a draft like itself for each other part. Paths to create stay here.
    pub(super) fn divide(&mut self, mut parts: Vec<Vec<usize>>) -> Vec<Self> {
        for part in &mut parts {
            part.sort_unstable();
        }
        self.extent = Extent::Part;
        self.files = parts.remove(0);
        parts
            .into_iter()
            .map(|files| Self {
                files,
                create: Vec::new(),
                ..self.clone()
            })
            .collect()
    }
}

/// Returns the title of each draft: what it was called, and for a part also where its files are, or its number.
pub(super) fn titles(drafts: &[Draft], paths: &[Vec<&str>]) -> Vec<String> {
    let places: Vec<String> = name_units(paths, &[])
        .into_iter()
        .map(|(_, place)| place)
        .collect();
    let known: Vec<Vec<String>> = drafts.iter().map(Draft::cleaned_titles).collect();
    // The parts of each unit with one title.
    let mut parts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, draft) in drafts.iter().enumerate() {
        if let (Extent::Part, [first, ..]) = (draft.extent, &known[number][..]) {
            parts.entry(first).or_default().push(number);
        }
    }
    let is_plain = |title: &str, place: &str| {
        let length = title.chars().count() + place.chars().count() + 2;
        length <= MAX_TITLE && !place.contains("(part)") && !place.contains('…')
    };
    (0..drafts.len())
        .map(|number| match (&known[number][..], drafts[number].extent) {
            ([only], Extent::Whole) => only.clone(),
            ([one, other], Extent::Whole) => format!("{one}, {other}"),
            ([first, ..], Extent::Part) => {
                let all = &parts[first.as_str()];
                if all.iter().all(|&part| is_plain(first, &places[part])) {
                    return format!("{first}: {}", places[number]);
                }
                let count = all.iter().take_while(|part| **part <= number).count();
                let suffix = format!(" ({count} of {})", all.len());
                shorten(first, MAX_TITLE - suffix.len()) + &suffix
            }
            _ => places[number].clone(),
        })
        .collect()
}
