//! Names for units: a title that a reviewer recognises, and an id that branches, folders and logs are named after.
//!
//! It knows paths only. All titles of a plan are different, and so are all ids.
//!
//! A unit that holds a folder whole has the folder's name (`src/parse`); one of several siblings has their parent's
//! and theirs (`src: lex, parse`); a piece of a folder has the first and the last name in it (`src: Button … Form`).

use std::collections::{HashMap, HashSet};

use super::UnitId;
use super::partition::stem;

const TITLE: usize = 60;
const ID: usize = 40;
/// So many loose files are named one by one where the unit holds all of their folder.
const FEW: usize = 4;
/// How units of files are named that others would share.
const SHARED: &str = "shared";
/// No title and no id has room for more parts, as each takes a letter and what stands between.
const MOST_SHOWN: usize = TITLE / 3 + 1;

/// The id and title of each unit, from the paths of its files. What the last units share is not missing in the folders
/// that others hold, and these units are named so that they are known as shared.
#[must_use]
pub fn name_units(units: &[Vec<&str>], shared: &[Vec<&str>]) -> Vec<(UnitId, String)> {
    let folders: HashSet<&str> = units
        .iter()
        .flatten()
        .flat_map(|path| ancestors(folder_of(path)))
        .collect();
    let units: Vec<Vec<File<'_>>> = units
        .iter()
        .map(|files| files.iter().map(|path| File::of(path, &folders)).collect())
        .collect();
    let owners = Owners::of(&units);
    let all = units.len() + shared.len();
    let own = units.iter().enumerate().map(|(index, files)| {
        let name = owners.name(index, files);
        (id(index, all, &name), name.title())
    });
    let shared = (units.len()..).zip(shared).map(|(index, files)| {
        let id = id(index, all, &Name::folder(SHARED));
        (id, Name::shared(files).title())
    });
    let mut taken = HashSet::new();
    own.chain(shared)
        .map(|(id, title)| (id, unused(&title, &mut taken)))
        .collect()
}

/// The folder that holds a path, `""` for the root.
fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The path and all folders above it up to the root.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| {
        (!folder.is_empty()).then(|| folder_of(folder))
    })
}

/// A file as its unit is named after it: `parse.rs` counts as a file of `parse/` where there is such a folder.
struct File<'a> {
    path: &'a str,
    folder: &'a str,
}

impl<'a> File<'a> {
    fn of(path: &'a str, folders: &HashSet<&str>) -> Self {
        let folder = folder_of(path);
        let name = path.rsplit('/').next().unwrap_or(path);
        let namesake = &path[..path.len() - name.len() + stem(name).len()];
        Self {
            path,
            folder: if namesake != path && folders.contains(namesake) {
                namesake
            } else {
                folder
            },
        }
    }

    fn name(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    fn is_namesake(&self) -> bool {
        self.folder.len() >= self.path.len() - self.name().len() && !self.folder.is_empty()
    }
}

/// What lies below the folder; `None` for what is not in it.
fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    match folder {
        "" => Some(path),
        folder if folder == path => Some(""),
        folder => path.strip_prefix(folder)?.strip_prefix('/'),
    }
}

/// The deepest folder that holds all files.
fn common_folder<'a>(files: &[File<'a>]) -> &'a str {
    let first = files.first().map_or("", |file| file.folder);
    files.iter().fold(first, |common, file| {
        ancestors(common)
            .find(|folder| below(file.folder, folder).is_some())
            .unwrap_or_default()
    })
}

/// Which unit holds all files of a folder.
struct Owners<'a> {
    /// `None` for a folder of several units.
    whole: HashMap<&'a str, Option<usize>>,
    /// The same for the files that are in the folder itself.
    loose: HashMap<&'a str, Option<usize>>,
}

impl<'a> Owners<'a> {
    fn of(units: &[Vec<File<'a>>]) -> Self {
        let mut owners = Self {
            whole: HashMap::new(),
            loose: HashMap::new(),
        };
        let join = |owner: &mut Option<usize>, unit| {
            if *owner != Some(unit) {
                *owner = None;
            }
        };
        for (unit, files) in units.iter().enumerate() {
            for file in files {
                join(owners.loose.entry(file.folder).or_insert(Some(unit)), unit);
                for folder in ancestors(file.folder) {
                    join(owners.whole.entry(folder).or_insert(Some(unit)), unit);
                }
            }
        }
        owners
    }

    fn name(&self, unit: usize, files: &[File<'_>]) -> Name {
        if let [only] = files {
            return Name::folder(only.path);
        }
        let folder = common_folder(files);
        let is_ours = |owner: Option<&Option<usize>>| owner == Some(&Some(unit));
        if !folder.is_empty() && is_ours(self.whole.get(folder)) {
            return Name::folder(folder);
        }
        let mut parts: Vec<String> = Vec::new();
        let mut loose: Vec<&File<'_>> = Vec::new();
        for file in files {
            let child = below(file.folder, folder)
                .and_then(|rest| rest.split('/').next())
                .unwrap_or_default();
            if child.is_empty() {
                loose.push(file);
                continue;
            }
            let end = folder.len() + usize::from(!folder.is_empty()) + child.len();
            let part = if is_ours(self.whole.get(&file.folder[..end])) {
                child.to_owned()
            } else {
                format!("{child} (part)")
            };
            if parts.last() != Some(&part) {
                parts.push(part);
            }
        }
        loose.sort_by_key(|file| !file.is_namesake());
        let loose: Vec<&str> = loose.iter().map(|file| file.name()).collect();
        if loose.len() <= FEW && is_ours(self.loose.get(folder)) {
            parts.extend(loose.iter().map(ToString::to_string));
        } else {
            parts.extend(stretch(&loose));
        }
        Name {
            folder: plain(folder),
            parts: parts.iter().map(|part| plain(part)).collect(),
        }
    }
}

/// From the first name to the last, without endings where this tells them apart.
fn stretch(names: &[&str]) -> Option<String> {
    let bare = |name: &&str| match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
        _ => (*name).to_owned(),
    };
    let (first, last) = (names.first().map(bare)?, names.last().map(bare)?);
    Some(match names {
        [only] => (*only).to_owned(),
        _ if first == last => first,
        _ => format!("{first} … {last}"),
    })
}

/// What a unit holds: a folder or file, or parts of a folder.
struct Name {
    folder: String,
    parts: Vec<String>,
}

impl Name {
    fn folder(path: &str) -> Self {
        Self {
            folder: plain(path),
            parts: Vec::new(),
        }
    }

    fn shared(files: &[&str]) -> Self {
        Self {
            folder: SHARED.to_owned(),
            parts: files.iter().map(|path| plain(path)).collect(),
        }
    }

    fn title(&self) -> String {
        let most = self.parts.len().min(MOST_SHOWN);
        (1..=most)
            .rev()
            .map(|shown| self.showing(shown))
            .find(|title| title.chars().count() <= TITLE)
            .unwrap_or_else(|| self.showing(most.min(1)))
    }

    fn showing(&self, shown: usize) -> String {
        let mut list = self.parts[..shown].join(", ");
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

/// At most `most` characters; the middle goes, because both ends tell titles apart.
fn shorten(text: &str, most: usize) -> String {
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
pub(super) fn unused(title: &str, taken: &mut HashSet<String>) -> String {
    let mut short = shorten(title, TITLE);
    let mut number = 2;
    while !taken.insert(short.clone()) {
        let suffix = format!(" ({number})");
        short = shorten(title, TITLE - suffix.len()) + &suffix;
        number += 1;
    }
    short
}

/// `03-django-db-models`: the ordinal makes it unique. Of a long path the upper folders go, because the lower ones say
/// more, and of a long list the last parts.
fn id(index: usize, units: usize, name: &Name) -> UnitId {
    let width = units.to_string().len().max(2);
    let ordinal = format!("{:0width$}", index + 1);
    let room = ID - ordinal.len() - 1;
    let join = |folder: &str, shown: usize| {
        let parts = name.parts[..shown].join("-");
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
    UnitId(match slug.as_str() {
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
