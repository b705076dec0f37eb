//! Files that use each other, directly or in a ring.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::arrows::Arrows;

/// The sets of files of which each uses every other, directly or by way of others; each has two files or more.
pub fn circles(arrows: &Arrows) -> Vec<BTreeSet<&str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = arrows
        .keys()
        .map(|file| (&**file, reached_from(arrows, file)))
        .collect();
    let leads = |from: &str, to: &str| reached.get(from).is_some_and(|it| it.contains(to));
    let mut circles: BTreeSet<BTreeSet<&str>> = BTreeSet::new();
    for file in arrows.keys().filter(|file| leads(file, file)) {
        let others = reached[&**file].iter().filter(|other| leads(other, file));
        circles.insert(others.copied().collect());
    }
    circles.into_iter().collect()
}

fn reached_from<'a>(arrows: &'a Arrows, file: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![file];
    while let Some(file) = open.pop() {
        for to in arrows.get(file).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(&**to) {
                open.push(to);
            }
        }
    }
    reached
}

/// The shortest ring among these files, as its files in order; the first one is used by the last one.
pub fn ring<'a>(arrows: &'a Arrows, circle: &BTreeSet<&'a str>) -> Vec<&'a str> {
    let rings = circle
        .iter()
        .filter_map(|file| shortest_way_back(arrows, file));
    rings.min_by_key(Vec::len).unwrap_or_default()
}

fn shortest_way_back<'a>(arrows: &'a Arrows, start: &'a str) -> Option<Vec<&'a str>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(file) = open.pop_front() {
        for to in arrows.get(file).into_iter().flat_map(BTreeMap::keys) {
            if to == start {
                let mut way = vec![file];
                while let Some(before) = came_from.get(way[way.len() - 1]) {
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(&**to) {
                came_from.insert(to, file);
                open.push_back(to);
            }
        }
    }
    None
}
