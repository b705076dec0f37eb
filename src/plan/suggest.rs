//! Suggests what a user whose globs match nothing may have meant: the nearest pattern that would have matched.
//!
//! It only reads names. It may be slow, because it runs once, before the program stops.

use std::collections::BTreeMap;

use globset::GlobMatcher;

use super::select::{Selection, builder, escape, has_wildcard, meaning};
use crate::words;

/// Names that are less alike than this are not typing errors of each other.
const ALIKE: f64 = 0.6;

/// Names that are so much alike differ by a typing error.
const TYPING_ERROR: f64 = 0.85;

impl Selection {
    /// Returns a sentence about what is near if no path of `all_paths` is selected, and nothing otherwise.
    pub(crate) fn suggest<'a>(&self, all_paths: impl Iterator<Item = &'a str>) -> Option<String> {
        let paths: Vec<&str> = all_paths.collect();
        if paths.iter().any(|path| self.matches(path)) {
            return None;
        }
        let included = paths.iter().filter(|path| self.includes(path)).count();
        let written: Vec<String> = self
            .include
            .iter()
            .map(|pattern| format!("'{}'", words::line(&pattern.written)))
            .collect();
        let written = written.join(" or ");
        if included > 0 {
            return Some(format!(
                "a '!' pattern excludes everything that matches {written} ({})",
                words::count(included, "file")
            ));
        }
        let hint = self.include.iter().find_map(|pattern| {
            let from_root = self.meant_from_root(&pattern.written, &paths);
            from_root.or_else(|| self.near(&pattern.body, &paths))
        });
        Some(match hint {
            Some(hint) => format!("no tracked file matches {written}; {hint}"),
            None => format!("no tracked file matches {written}"),
        })
    }

    /// For a user in a folder who writes a glob as from the root of the repository.
    fn meant_from_root(&self, written: &str, paths: &[&str]) -> Option<String> {
        if self.prefix.is_empty() || written.starts_with('/') {
            return None;
        }
        let selection = Self::parse(&[written.to_owned()], "").ok()?;
        let matches = paths.iter().filter(|path| selection.matches(path)).count();
        (matches > 0).then(|| {
            format!(
                "globs start at the current folder ({}): did you mean '/{}' ({})?",
                words::line(&self.prefix),
                words::line(written.trim_start_matches("./")),
                words::count(matches, "file")
            )
        })
    }

    fn near(&self, body: &str, paths: &[&str]) -> Option<String> {
        let any_case: Vec<GlobMatcher> = meaning(body)
            .iter()
            .filter_map(|glob| builder(glob).case_insensitive(true).build().ok())
            .map(|glob| glob.compile_matcher())
            .collect();
        let other_case = |path: &&&str| any_case.iter().any(|glob| glob.is_match(path));
        if let Some(path) = paths.iter().find(other_case) {
            return Some(format!(
                "letter case matters: there is '{}'",
                words::line(path)
            ));
        }
        let folders = folders(paths);
        let parts: Vec<&str> = body.split('/').filter(|part| !part.is_empty()).collect();
        let fixed = parts.iter().take_while(|part| !has_wildcard(part)).count();
        let (head, tail) = (parts[..fixed].join("/"), parts[fixed..].join("/"));
        if head.is_empty() || folders.contains_key(head.as_str()) {
            return self.deeper(&head, &tail, paths);
        }
        let nearest = nearest(&head, folders.keys().copied());
        if tail.is_empty() {
            let file = self::nearest(&head, paths.iter().copied());
            return match (file, nearest) {
                (Some((path, alike)), folder) if folder.is_none_or(|(_, other)| alike > other) => {
                    Some(format!("did you mean '{}'?", self.shown(&escape(path))))
                }
                (_, Some((folder, _))) => Some(format!(
                    "did you mean '{}' ({})?",
                    self.shown(&format!("{}/", escape(folder))),
                    words::count(folders[folder], "file")
                )),
                _ => None,
            };
        }
        let (folder, _) = nearest?;
        let glob = format!("{}/{tail}", escape(folder));
        match count(&glob, paths) {
            0 => self.deeper(&escape(folder), &tail, paths),
            matches => Some(format!(
                "did you mean '{}' ({})?",
                self.shown(&glob),
                words::count(matches, "file")
            )),
        }
    }

    /// For a folder that exists: the files may lie deeper in it, or have another extension.
    fn deeper(&self, head: &str, tail: &str, paths: &[&str]) -> Option<String> {
        let below = match head {
            "" => String::new(),
            head => format!("{head}/"),
        };
        let last = tail.rsplit('/').next().unwrap_or(tail);
        let glob = format!("{below}**/{last}");
        if !last.is_empty() && last != "**" {
            let matches = count(&glob, paths);
            if matches > 0 {
                return Some(format!(
                    "did you mean '{}' ({})?",
                    self.shown(&glob),
                    words::count(matches, "file")
                ));
            }
        }
        let mut extensions: BTreeMap<&str, usize> = BTreeMap::new();
        let all = format!("{below}**");
        for path in matching(&all, paths) {
            let name = path.rsplit('/').next().unwrap_or(path);
            if let Some((stem, extension)) = name.rsplit_once('.')
                && !stem.is_empty()
            {
                *extensions.entry(extension).or_default() += 1;
            }
        }
        let mut extensions: Vec<(&str, usize)> = extensions.into_iter().collect();
        extensions.sort_by_key(|&(_, files)| std::cmp::Reverse(files));
        let most: Vec<String> = extensions
            .iter()
            .take(3)
            .map(|(extension, files)| format!(".{} ({files})", words::line(extension)))
            .collect();
        if most.is_empty() {
            return None;
        }
        let place = match head {
            head if head == self.prefix && !head.is_empty() => "the current folder".to_owned(),
            "" => "the repository".to_owned(),
            head => format!("'{}'", self.shown(head)),
        };
        Some(format!("most files in {place} are {}", most.join(", ")))
    }

    /// Returns a pattern from the root as the user would write it from their folder.
    fn shown(&self, glob: &str) -> String {
        let glob = words::line(glob);
        if self.prefix.is_empty() {
            return glob;
        }
        match glob
            .strip_prefix(self.prefix.as_str())
            .and_then(|rest| rest.strip_prefix('/'))
        {
            Some(rest) if !rest.is_empty() => rest.to_owned(),
            _ => format!("/{glob}"),
        }
    }
}

fn matching<'a>(glob: &str, paths: &[&'a str]) -> Vec<&'a str> {
    let Ok(glob) = builder(glob).build() else {
        return Vec::new();
    };
    let matcher = glob.compile_matcher();
    paths
        .iter()
        .copied()
        .filter(|path| matcher.is_match(path))
        .collect()
}

fn count(glob: &str, paths: &[&str]) -> usize {
    matching(glob, paths).len()
}

/// Returns all folders, each with the number of files below it.
fn folders<'a>(paths: &[&'a str]) -> BTreeMap<&'a str, usize> {
    let mut folders = BTreeMap::new();
    for path in paths {
        for (end, _) in path.match_indices('/') {
            *folders.entry(&path[..end]).or_default() += 1;
        }
    }
    folders
}

/// Returns the name most like `name` (of equals, the first), and their similarity from 0 to 1.
fn nearest<'a>(name: &str, all: impl Iterator<Item = &'a str>) -> Option<(&'a str, f64)> {
    let length = name.len();
    all.filter(|other| other.len().abs_diff(length) * 5 <= length.max(other.len()) * 2)
        .map(|other| (other, strsim::normalized_damerau_levenshtein(name, other)))
        .filter(|&(_, alike)| alike >= ALIKE)
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
}

/// Returns the name that is most like `name`, if the difference looks like a typing error.
pub(super) fn nearest_name<'a>(name: &str, all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (found, alike) = nearest(name, all)?;
    (alike >= TYPING_ERROR).then_some(found)
}

/// Returns the tracked path that a path means: the same file name in another folder, if there is one such file, or the
/// path without a typing error.
pub(super) fn nearest_path<'a>(
    path: &str,
    tracked: impl Iterator<Item = &'a str> + Clone,
) -> Option<&'a str> {
    let name = |path: &str| path.rsplit('/').next().map(str::to_lowercase);
    let wanted = name(path);
    let mut same = tracked.clone().filter(|other| name(other) == wanted);
    match (same.next(), same.next()) {
        (Some(only), None) => Some(only),
        _ => nearest_name(path, tracked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: &[&str] = &[
        "README.md",
        "src/a.ts",
        "src/deep/b.ts",
        "src/deep/c.css",
        "web/app/x.js",
        "web/app/[id]/y.js",
    ];

    fn suggest(glob: &str, prefix: &str) -> Option<String> {
        Selection::parse(&[glob.to_owned()], prefix)
            .unwrap()
            .suggest(PATHS.iter().copied())
    }

    #[test]
    fn a_path_in_a_plan_is_suggested_when_only_one_can_be_meant() {
        let near = |path| nearest_path(path, PATHS.iter().copied());
        assert_eq!(near("src/b.ts"), Some("src/deep/b.ts"));
        assert_eq!(near("readme.md"), Some("README.md"));
        assert_eq!(near("src/deep/c.cs"), Some("src/deep/c.css"));
        assert_eq!(near("lib/other.rs"), None);
    }

    #[test]
    fn near_matches_are_suggested() {
        let hint = |glob, prefix| suggest(glob, prefix).unwrap();
        insta::assert_snapshot!(
            hint("scr/**/*.ts", ""),
            @"no tracked file matches 'scr/**/*.ts'; did you mean 'src/**/*.ts' (2 files)?"
        );
        insta::assert_snapshot!(
            hint("SRC/*.ts", ""),
            @"no tracked file matches 'SRC/*.ts'; letter case matters: there is 'src/a.ts'"
        );
        insta::assert_snapshot!(hint("*.js", ""), @"no tracked file matches '*.js'; did you mean '**/*.js' (2 files)?");
        insta::assert_snapshot!(
            hint("src/**/*.py", ""),
            @"no tracked file matches 'src/**/*.py'; most files in 'src' are .ts (2), .css (1)"
        );
        insta::assert_snapshot!(
            hint("src/depe", ""),
            @"no tracked file matches 'src/depe'; did you mean 'src/deep/' (2 files)?"
        );
        insta::assert_snapshot!(
            hint("src/aa.ts", ""),
            @"no tracked file matches 'src/aa.ts'; did you mean 'src/a.ts'?"
        );
        insta::assert_snapshot!(
            hint("ap/*.js", "web"),
            @"no tracked file matches 'ap/*.js'; did you mean 'app/*.js' (1 file)?"
        );
        insta::assert_snapshot!(
            hint("*.py", "web"),
            @"no tracked file matches '*.py'; most files in the current folder are .js (2)"
        );
        assert_eq!(
            hint("src/**/*.ts", "web"),
            "no tracked file matches 'src/**/*.ts'; globs start at the current folder (web): did you mean \
             '/src/**/*.ts' (2 files)?"
        );
        insta::assert_snapshot!(hint("quite/elsewhere", ""), @"no tracked file matches 'quite/elsewhere'");
    }

    #[test]
    fn nothing_is_suggested_if_something_matches() {
        assert_eq!(suggest("src", ""), None);
    }

    #[test]
    fn an_exclusion_of_everything_is_named_as_the_cause() {
        let globs = ["src/*.ts".to_owned(), "!src".to_owned()];
        let hint = Selection::parse(&globs, "")
            .unwrap()
            .suggest(PATHS.iter().copied());
        insta::assert_snapshot!(hint.unwrap(), @"a '!' pattern excludes everything that matches 'src/*.ts' (1 file)");
    }
}
