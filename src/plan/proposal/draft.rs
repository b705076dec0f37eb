//! A unit that is coming to be.

use std::collections::BTreeMap;

use super::format::ProposedUnit;
use crate::plan::edit::joined_descriptions;
use crate::plan::title::{MAX_TITLE, name_units, shorten};
use crate::words;

/// PlannedFiles, by their numbers, and what is known of their unit.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// What it was called before it became one, or part of one.
    pub(super) titles: Vec<String>,
    pub(super) description: Option<String>,
    pub(super) files: Vec<usize>,
    pub(super) create: Vec<String>,
    /// The proposed units that it has files of, or stands for.
    from: Vec<usize>,
    extent: Extent,
}

/// How much of what its titles say it is.
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

    /// As the files' own ties have it.
    pub(super) fn planned(title: &str, files: Vec<usize>) -> Self {
        Self {
            titles: vec![title.to_owned()],
            files,
            ..Self::default()
        }
    }

    /// The proposed units that it stands for, by number.
    pub(super) fn proposed_units(&self) -> impl Iterator<Item = usize> {
        self.from.iter().copied()
    }

    /// What people know it by.
    pub(super) fn known_as(&self) -> String {
        self.titles.join(", ")
    }

    /// Its titles as a terminal and a page can show them.
    fn cleaned_titles(&self) -> Vec<String> {
        let titles = self.titles.iter().map(|title| words::line(title));
        titles.filter(|title| !title.is_empty()).collect()
    }

    /// Takes over what another was to do.
    pub(super) fn absorb(&mut self, other: Self) {
        self.titles.extend(other.titles);
        self.files.extend(other.files);
        self.files.sort_unstable();
        self.create.extend(other.create);
        self.from.extend(other.from);
        self.description = joined_descriptions(self.description.take(), other.description);
    }

    /// Takes over a unit that only creates, whose title says less than its own.
    pub(super) fn absorb_new(&mut self, other: Self) {
        let titles = self.titles.clone();
        self.absorb(other);
        self.titles = titles;
    }

    /// Leaves it only these files, and gives each other part one like it. What is to be created stays here.
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

/// The title of each, from what it was called and, where it is a part, from where its files are, or by its number.
pub(super) fn titles(drafts: &[Draft], paths: &[Vec<&str>]) -> Vec<String> {
    let places: Vec<String> = name_units(paths, &[])
        .into_iter()
        .map(|(_, place)| place)
        .collect();
    let known: Vec<Vec<String>> = drafts.iter().map(Draft::cleaned_titles).collect();
    // The places of the parts of what had one title.
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
