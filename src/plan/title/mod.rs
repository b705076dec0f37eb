//! Names for units: a title that a reviewer recognises, and an id that branches, folders and logs are named after.
//!
//! It knows paths only. All titles of a plan are different, and so are all ids.
//!
//! A unit that holds a folder whole has the folder's name (`src/parse`); one of several siblings has their parent's
//! and theirs (`src: lex, parse`); a piece of a folder has the first and the last name in it (`src: Button … Form`).
//! Of many places, those in one folder are told as a piece of it (`src: io (part), net/tcp`), and where even that has no
//! room, those that hold the most files are named (`src: io (part), net/tcp, … (2 more)`).

mod name;
mod places;

use std::collections::HashSet;

use super::unit_id::UnitId;
pub(super) use name::MAX_TITLE;
use name::{MOST_SHOWN, Name, Part};
use places::Places;

const MAX_ID: usize = 40;
/// How units of files are named that others would share.
const SHARED: &str = "shared";

/// The id and title of each unit, from the paths of its files. What the last units share is not missing in the folders
/// that others hold, and these units are named so that they are known as shared.
#[must_use]
pub fn name_units(units: &[Vec<&str>], shared: &[Vec<&str>]) -> Vec<(UnitId, String)> {
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

/// The id and title of each unit that somebody has given a title to.
pub(super) fn name_titled_units(titles: &[String]) -> Vec<(UnitId, String)> {
    let mut taken = HashSet::new();
    titles
        .iter()
        .enumerate()
        .map(|(index, title)| {
            let title = unique_title(title, &mut taken);
            // What stands before a slash says as much as what stands behind it.
            let name = Name::folder(&title.replace('/', " "));
            (id(index, titles.len(), &name), title)
        })
        .collect()
}

/// At most `most` characters; the middle goes, because both ends tell titles apart.
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

/// The title, or one like it that is not taken yet.
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

/// `03-django-db-models`: the ordinal makes it unique. Of a long path the upper folders go, because the lower ones say
/// more, and of a long list the last parts.
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
    // Digits, lower-case letters and single dashes are within every rule of an id.
    UnitId::from_valid(match slug.as_str() {
        "" => ordinal,
        slug => format!("{ordinal}-{slug}"),
    })
}

/// Lower-case letters, digits and single dashes, none at the ends.
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
