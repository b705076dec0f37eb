//! The tracked files as discovery sees them: their names, and the text of a few. Paths are relative to the repository's
//! root and use `/`; the root itself is the empty path.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::rc::Rc;

pub(super) struct Tree<'a> {
    tracked: &'a BTreeSet<String>,
    read: &'a dyn Fn(&str) -> Option<String>,
    /// A cache, because a manifest is asked for once per folder below it.
    texts: RefCell<BTreeMap<String, Option<Rc<str>>>>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(
        tracked: &'a BTreeSet<String>,
        read: &'a dyn Fn(&str) -> Option<String>,
    ) -> Self {
        Self {
            tracked,
            read,
            texts: RefCell::default(),
        }
    }

    pub(super) fn has(&self, dir: &str, name: &str) -> bool {
        self.tracked.contains(&join(dir, name))
    }

    /// Returns the first of `names` that is a tracked file of `dir`.
    pub(super) fn first<'n>(&self, dir: &str, names: &[&'n str]) -> Option<&'n str> {
        names.iter().copied().find(|name| self.has(dir, name))
    }

    /// Returns the text of a tracked file of `dir`.
    pub(super) fn text(&self, dir: &str, name: &str) -> Option<Rc<str>> {
        let path = join(dir, name);
        if !self.tracked.contains(&path) {
            return None;
        }
        let mut texts = self.texts.borrow_mut();
        if let Some(text) = texts.get(&path) {
            return text.clone();
        }
        let text: Option<Rc<str>> = (self.read)(&path).map(Rc::from);
        texts.insert(path, text.clone());
        text
    }

    /// Iterates over all tracked files below `dir`, as paths from `dir`.
    pub(super) fn below(&self, dir: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let prefix = if dir.is_empty() {
            String::new()
        } else {
            format!("{dir}/")
        };
        self.tracked
            .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
            .map_while(move |path| path.strip_prefix(&prefix))
    }

    /// Returns the path from `dir` to the script `name` in the nearest folder upward that has one.
    pub(super) fn script(&self, dir: &str, name: &str) -> Option<String> {
        let levels = upward(dir).position(|folder| self.has(folder, name))?;
        Some(match levels {
            0 => format!("./{name}"),
            _ => format!("{}{name}", "../".repeat(levels)),
        })
    }
}

pub(super) fn join(dir: &str, name: &str) -> String {
    match (dir, name) {
        ("", _) => name.to_owned(),
        (_, "") => dir.to_owned(),
        _ => format!("{dir}/{name}"),
    }
}

/// Returns the folder of `path`.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// Iterates over `dir` and every folder above it, the root last.
pub(super) fn upward(dir: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(dir), |dir| (!dir.is_empty()).then(|| parent(dir)))
}

/// Returns `path` relative to `dir`, if it is `dir` or is below it.
pub(super) fn relative_to<'p>(dir: &str, path: &'p str) -> Option<&'p str> {
    match path.strip_prefix(dir)? {
        "" => Some(""),
        rest if dir.is_empty() => Some(rest),
        rest => rest.strip_prefix('/'),
    }
}

/// Resolves `relative`, written in a manifest of `dir`; `None` where it leads out of the repository.
pub(super) fn resolve(dir: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Names the manifests that led to a check: `Cargo.toml of a and b`.
pub(super) fn source<'d>(manifest: &str, dirs: impl IntoIterator<Item = &'d str>) -> String {
    let dirs: Vec<&str> = dirs
        .into_iter()
        .map(|dir| if dir.is_empty() { "the root" } else { dir })
        .collect();
    match dirs.as_slice() {
        [] | ["the root"] => manifest.to_owned(),
        [first, second] => format!("{manifest} of {first} and {second}"),
        [one] => format!("{manifest} of {one}"),
        [first, rest @ ..] => format!("{manifest} of {first} and {} more", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_resolved_inside_the_repository() {
        assert_eq!(upward("a/b").collect::<Vec<_>>(), ["a/b", "a", ""]);
        assert_eq!(upward("").collect::<Vec<_>>(), [""]);
        assert_eq!(relative_to("a", "a/b"), Some("b"));
        assert_eq!(relative_to("a", "ab"), None);
        assert_eq!(relative_to("", "a"), Some("a"));
        assert_eq!(resolve("a/b", "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(resolve("a", "../.."), None);
    }

    #[test]
    fn below_stops_at_the_folders_end() {
        let tracked = ["a/x", "a/y/z", "a.txt", "ab/x", "b"]
            .map(String::from)
            .into();
        let tree = Tree::new(&tracked, &|_| None);
        assert_eq!(tree.below("a").collect::<Vec<_>>(), ["x", "y/z"]);
        assert_eq!(tree.below("").count(), 5);
    }
}
