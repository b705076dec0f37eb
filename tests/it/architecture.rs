//! Checks how the files of `src/` use each other: a room uses only the rooms below it, a part of `src/run/` uses only
//! the parts before it, and no files use each other in a circle.
//!
//! A name counts for the file that defines it, also where another file re-exports it. A re-export (`pub use`) counts
//! as a use: a `mod.rs` that re-exports names of its children defines nothing that these children use.

mod arrows;
mod circles;
mod line_length;
mod modules;
mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use arrows::{Arrows, arrows};
use circles::{circles, ring};
use modules::{Modules, Sources};

/// The rooms, the highest first. Rooms on one floor do not use each other.
const FLOORS: [&[&str]; 14] = [
    &["main"],
    &["cli"],
    &["report", "progress"],
    &["prs"],
    &["run"],
    &["agent", "check", "forge", "regenerate"],
    &["plan"],
    &["imports"],
    &["git"],
    &["process"],
    &["journal"],
    &["config"],
    &["codemod"],
    &["words"],
];

/// The parts of `src/run/`; each uses only the parts before it.
const RUN: [&str; 8] = [
    "log",
    "workspace",
    "delivery",
    "schedule",
    "job",
    "unit",
    "engine",
    "research",
];

/// The files of `src/run/` that still use a later part. This list may only shrink.
const KNOWN_IN_RUN: [(&str, &str); 0] = [];

/// The rooms that still hold circles, with the number of files in them. These numbers may only fall.
const KNOWN: [(&str, usize); 0] = [];

#[test]
fn no_room_uses_a_room_above_it() {
    let (arrows, _) = &*THIS_CRATE;
    assert_holds(&upward(arrows, room, &FLOORS, &[]));
}

#[test]
fn no_part_of_a_run_uses_a_later_part() {
    let (arrows, _) = &*THIS_CRATE;
    let floors: Vec<&[&str]> = RUN.iter().rev().map(std::slice::from_ref).collect();
    assert_holds(&upward(arrows, part_of_run, &floors, &KNOWN_IN_RUN));
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let (arrows, _) = &*THIS_CRATE;
    assert_holds(&new_circles(arrows, &KNOWN));
}

#[test]
fn no_file_takes_all_names_of_another() {
    let (_, globs) = &*THIS_CRATE;
    assert_holds(globs);
}

#[track_caller]
fn assert_holds(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// The arrows of this crate, and its imports that take all names of a module.
static THIS_CRATE: LazyLock<(Arrows, Vec<String>)> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = walkdir::WalkDir::new(root.join("src")).into_iter();
    let sources: Sources = files
        .map(|entry| entry.expect("the sources").into_path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|path| {
            let name = path.strip_prefix(root).expect("a file of this crate");
            let text = fs::read_to_string(&path).expect("a source file");
            (name.to_string_lossy().into_owned(), text)
        })
        .collect();
    arrows(&Modules::read(&sources))
});

/// The room of a file: its folder in `src/`, or its own name there. `src/lib.rs` only lists the rooms.
fn room(file: &str) -> Option<&str> {
    let path = file.strip_prefix("src/")?;
    let room = path.split('/').next()?;
    Some(room.strip_suffix(".rs").unwrap_or(room)).filter(|room| *room != "lib")
}

/// The folder of a file in `src/run/`. `src/run/mod.rs` only hands names on.
fn part_of_run(file: &str) -> Option<&str> {
    let path = file.strip_prefix("src/run/")?;
    let part = path.split('/').next()?;
    Some(part.strip_suffix(".rs").unwrap_or(part)).filter(|part| *part != "mod")
}

/// Finds the arrows between the places of files that do not lead down, and the known ones that are gone; each fault is
/// a sentence. A known arrow is a file and the place that it uses.
fn upward(
    arrows: &Arrows,
    place: fn(&str) -> Option<&str>,
    floors: &[&[&str]],
    known: &[(&str, &str)],
) -> Vec<String> {
    let floor = |place: &str| floors.iter().position(|floor| floor.contains(&place));
    let mut faults = BTreeSet::new();
    let mut gone: BTreeSet<(&str, &str)> = known.iter().copied().collect();
    for (from, to, names) in each(arrows) {
        let (Some(high), Some(low)) = (place(from), place(to)) else {
            continue;
        };
        for (file, place) in [(from, high), (to, low)] {
            if floor(place).is_none() {
                faults.insert(format!(
                    "{file}: {place} is on no floor: give it one in tests/it/architecture.rs"
                ));
            }
        }
        if high == low || floor(low) > floor(high) {
            continue;
        }
        if known.contains(&(from, low)) {
            gone.remove(&(from, low));
        } else {
            faults.insert(format!(
                "{from} uses {names} ({to}), but {high} may not know {low}: \
                 move that down, or pass it in as a value"
            ));
        }
    }
    faults.extend(gone.iter().map(|(file, place)| {
        format!("{file} does not use {place} any more: delete its line in tests/it/architecture.rs")
    }));
    faults.into_iter().collect()
}

/// Finds the circles that are not known, and the known ones that are gone; each fault is a sentence.
fn new_circles(arrows: &Arrows, known: &[(&str, usize)]) -> Vec<String> {
    let known: BTreeMap<&str, usize> = known.iter().copied().collect();
    let circles = circles(arrows);
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for file in circles.iter().flatten() {
        *found.entry(room(file).unwrap_or_default()).or_default() += 1;
    }
    let mut faults = Vec::new();
    for (room, files) in &found {
        let allowed = known.get(room).copied().unwrap_or_default();
        if *files > allowed {
            let of_room = circles
                .iter()
                .filter(|circle| circle.iter().any(|file| self::room(file) == Some(room)));
            faults.push(format!(
                "src/{room}: {files} files use each other in circles, and {allowed} were known."
            ));
            faults.extend(of_room.map(|circle| sentence(arrows, &ring(arrows, circle))));
        }
    }
    for room in known.keys().filter(|room| !found.contains_key(*room)) {
        faults.push(format!(
            "src/{room} has no circle any more: delete its line in tests/it/architecture.rs"
        ));
    }
    faults
}

/// Writes a ring of files as a sentence: which file uses which names of the next one.
fn sentence(arrows: &Arrows, ring: &[&str]) -> String {
    let next = ring.iter().cycle().skip(1);
    let steps: Vec<String> = ring
        .iter()
        .zip(next)
        .map(|(from, to)| format!("{from} uses {} ({to})", list(&arrows[*from][*to])))
        .collect();
    format!(
        "  {}: move what they share into a file of its own",
        steps.join(", ")
    )
}

fn each(arrows: &Arrows) -> impl Iterator<Item = (&str, &str, String)> {
    arrows.iter().flat_map(|(from, to)| {
        to.iter()
            .map(move |(to, names)| (&**from, &**to, list(names)))
    })
}

fn list(names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.join(", ")
}
