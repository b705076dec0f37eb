//! Names units: a title that a reviewer recognises, and an id for branches, folders and logs.
//!
//! This folder knows only paths. All titles of a plan are different, and so are all ids.
//!
//! A unit that holds a whole folder has the folder's name (`src/parse`). A unit of several siblings has their parent's
//! name and theirs (`src: lex, parse`). A piece of a folder has the first and the last name in it (`src: Button …
//! Form`). Of many places, those in one folder appear as a piece of it (`src: io (part), net/tcp`); if even that is too
//! long, the places with most files are named (`src: io (part), net/tcp, … (2 more)`).

mod name;
mod places;

use std::collections::HashSet;

use super::unit_id::UnitId;
pub(super) use name::MAX_TITLE;
use name::{MOST_SHOWN, Name, Part};
use places::Places;

const MAX_ID: usize = 40;
/// The name of units of shared files.
const SHARED: &str = "shared";

/// Returns the id and title of each unit, from the paths of its files. The files of the last units, which are shared,
/// do not count as missing from the folders of the others, and their titles say that they are shared.
#[must_use]
pub(crate) fn name_units(units: &[Vec<&str>], shared: &[Vec<&str>]) -> Vec<(UnitId, String)> {
    let all = units.len() + shared.len();
    let places = Places::of(units);
    let own = places
        .names()
        .enumerate()
        .map(|(index, name)| (id(index, all, &name), name.title()));
    let shared = (units.len()..).zip(shared).map(|(index, files)| {
        let id = id(index, all, &Name::folder(SHARED));
        let parts = files.iter().map(|path| Part::whole(path, 1));
        (id, Name::new(SHARED, parts.collect()).title())
    });
    let mut taken = HashSet::new();
    own.chain(shared)
        .map(|(id, title)| (id, unique_title(&title, &mut taken)))
        .collect()
}

/// Returns the id and title of each unit that already has a title.
pub(super) fn name_titled_units(titles: &[String]) -> Vec<(UnitId, String)> {
    let mut taken = HashSet::new();
    titles
        .iter()
        .enumerate()
        .map(|(index, title)| {
            let title = unique_title(title, &mut taken);
            // The part before a slash says as much as the part behind it.
            let name = Name::folder(&title.replace('/', " "));
            (id(index, titles.len(), &name), title)
        })
        .collect()
}

/// Shortens a text to at most `most` characters. The middle is cut, because both ends distinguish titles.
pub(super) fn shorten(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let head = (most - 1) / 2;
    let tail = most - 1 - head;
    text.chars()
        .take(head)
        .chain(std::iter::once('…'))
        .chain(text.chars().skip(length - tail))
        .collect()
}

/// Returns the title, or a similar one that is not taken yet.
pub(super) fn unique_title(title: &str, taken: &mut HashSet<String>) -> String {
    let mut short = shorten(title, MAX_TITLE);
    let mut number = 2;
    while !taken.insert(short.clone()) {
        let suffix = format!(" ({number})");
        short = shorten(title, MAX_TITLE - suffix.len()) + &suffix;
        number += 1;
    }
    short
}

/// Returns an id such as `03-django-db-models`, which the ordinal makes unique. A long path loses its upper folders,
/// because the lower ones say more; a long list loses its last parts.
fn id(index: usize, units: usize, name: &Name) -> UnitId {
    let width = units.to_string().len().max(2);
    let ordinal = format!("{:0width$}", index + 1);
    let room = MAX_ID - ordinal.len() - 1;
    let join = |folder: &str, shown: usize| {
        let parts = name.chosen(shown).join("-");
        slug(&format!("{folder}-{parts}"))
    };
    let all = name.parts.len().min(MOST_SHOWN);
    let mut folder = name.folder.as_str();
    while join(folder, all.min(1)).len() > room
        && let Some((_, lower)) = folder.split_once('/')
    {
        folder = lower;
    }
    let mut slug = (1..=all)
        .rev()
        .map(|shown| join(folder, shown))
        .find(|slug| slug.len() <= room)
        .unwrap_or_else(|| join(folder, all.min(1)));
    if slug.len() > room {
        let end = slug[..=room].rfind('-').unwrap_or(room);
        slug.truncate(end);
    }
    // Digits, lower-case letters and single dashes are always valid in an id.
    UnitId::from_valid(match slug.as_str() {
        "" => ordinal,
        slug => format!("{ordinal}-{slug}"),
    })
}

/// Returns the text as lower-case letters, digits and single dashes, with no dash at the ends.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests;
