//! Names for units: a title that a reviewer recognises, and an id that branches, folders and logs are named after.
//!
//! It knows paths only. All titles of a plan are different, and so are all ids.

use std::collections::{HashMap, HashSet};

use super::UnitId;

const TITLE: usize = 60;
const ID: usize = 40;

/// The id and title of each unit, from the paths of its files.
#[must_use]
pub fn name_units(units: &[Vec<&str>]) -> Vec<(UnitId, String)> {
    let folders: Vec<String> = units.iter().map(|files| common_folder(files)).collect();
    let mut holders: HashMap<&str, usize> = HashMap::new();
    for folder in &folders {
        *holders.entry(folder).or_default() += 1;
    }
    let mut taken = HashSet::new();
    units
        .iter()
        .zip(&folders)
        .enumerate()
        .map(|(index, (files, folder))| {
            let title = describe(files, folder, holders[folder.as_str()] > 1);
            let title = unused(&title, &mut taken);
            (id(index, units.len(), &title), title)
        })
        .collect()
}

/// The deepest folder that holds all files, `""` for the root.
fn common_folder(files: &[&str]) -> String {
    let folder = |path: &str| {
        path.rsplit_once('/')
            .map_or("", |(folder, _)| folder)
            .to_owned()
    };
    let Some((first, others)) = files.split_first() else {
        return String::new();
    };
    let mut common = folder(first);
    for path in others {
        while !common.is_empty()
            && !path
                .strip_prefix(common.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        {
            common = folder(&common);
        }
    }
    common
}

/// The folder; where several units share it, also which part of it.
fn describe(files: &[&str], folder: &str, shared: bool) -> String {
    if let [only] = files {
        return plain(only);
    }
    let name = if folder.is_empty() { "root" } else { folder };
    if !shared {
        return plain(name);
    }
    let part = |path: &&str| {
        let rest = path[folder.len()..].trim_start_matches('/');
        match rest.split_once('/') {
            Some((folder, _)) => folder.to_owned(),
            None => match rest.rsplit_once('.') {
                Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
                _ => rest.to_owned(),
            },
        }
    };
    let (first, last) = (files.first().map(part), files.last().map(part));
    let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
    plain(&if first == last {
        format!("{name}: {first}")
    } else {
        format!("{name}: {first} … {last}")
    })
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

fn unused(title: &str, taken: &mut HashSet<String>) -> String {
    let mut short = shorten(title, TITLE);
    let mut number = 2;
    while !taken.insert(short.clone()) {
        let suffix = format!(" ({number})");
        short = shorten(title, TITLE - suffix.len()) + &suffix;
        number += 1;
    }
    short
}

/// `03-django-db-models`: the ordinal makes it unique, and the end of a long title says more than its start.
fn id(index: usize, units: usize, title: &str) -> UnitId {
    let width = units.to_string().len().max(2);
    let ordinal = format!("{:0width$}", index + 1);
    let mut slug = String::new();
    for c in title.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let room = ID - ordinal.len() - 1;
    let mut slug = slug.trim_matches('-');
    if slug.len() > room {
        let cut = &slug[slug.len() - room..];
        slug = cut.split_once('-').map_or(cut, |(_, words)| words);
    }
    let name = match slug {
        "" => ordinal,
        slug => format!("{ordinal}-{slug}"),
    };
    // Digits, lower-case letters and single dashes are within every rule of an id.
    UnitId(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(units: &[&[&str]]) -> Vec<String> {
        let units: Vec<Vec<&str>> = units.iter().map(|files| files.to_vec()).collect();
        name_units(&units)
            .into_iter()
            .map(|(id, title)| format!("{id} = {title}"))
            .collect()
    }

    #[test]
    fn a_unit_is_named_after_the_folder_that_holds_it() {
        assert_eq!(
            names(&[
                &["django/db/models/a.py", "django/db/models/sql/b.py"],
                &["django/http/a.py"],
                &["setup.py", "docs/conf.py"],
            ]),
            [
                "01-django-db-models = django/db/models",
                "02-django-http-a-py = django/http/a.py",
                "03-root = root"
            ]
        );
    }

    #[test]
    fn a_sibling_with_the_same_beginning_is_not_inside_the_folder() {
        assert_eq!(names(&[&["src/a/x", "src/ab/y"]]), ["01-src = src"]);
    }

    #[test]
    fn units_of_one_folder_say_which_part() {
        assert_eq!(
            names(&[
                &["src/Button.tsx", "src/Card.tsx", "src/Form.tsx"],
                &["src/grid/a.tsx", "src/Zoom.tsx"],
            ]),
            [
                "01-src-button-form = src: Button … Form",
                "02-src-grid-zoom = src: grid … Zoom"
            ]
        );
    }

    #[test]
    fn titles_and_ids_are_short_plain_valid_and_different() {
        let long = "very-long-folder-name/".repeat(8);
        let files: Vec<String> = (0..120).map(|i| format!("{long}\n{}/x.y", i % 3)).collect();
        let units: Vec<Vec<&str>> = files.iter().map(|file| vec![file.as_str()]).collect();
        let names = name_units(&units);
        let mut titles = HashSet::new();
        let mut ids = HashSet::new();
        for (id, title) in names {
            assert!(title.chars().count() <= 60, "{title}");
            assert!(!title.contains(char::is_control));
            assert!(id.as_str().len() <= 40, "{id}");
            assert_eq!(UnitId::parse(id.as_str()), Ok(id.clone()));
            assert!(titles.insert(title));
            assert!(ids.insert(id));
        }
    }

    #[test]
    fn a_name_without_latin_letters_still_has_an_id() {
        assert_eq!(names(&[&["文档/甲", "文档/乙"]]), ["01 = 文档"]);
    }
}
