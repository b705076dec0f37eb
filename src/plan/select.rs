//! Selects the tracked files that the user means: globs, folders, exact files, and exclusions with `!`.
//!
//! Pure over names; knows neither git nor the file system. A file is selected if any pattern matches it and no `!`
//! pattern does, in whatever order they stand.
//!
//! | written | means |
//! |---|---|
//! | `src/**/*.{ts,tsx}` | a glob; `*` and `?` stay inside a folder, `**` does not |
//! | `src`, `**/tests` | a last part without `*?[{`: the file, or everything below the folder |
//! | `src/`, `packages/*/` | everything below the folder |
//! | `/src`, `:/src` | from the root of the repository instead of the folder in which the user stands |
//! | `!dist/` | not these files; alone, it means everything but these |

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use unicode_normalization::UnicodeNormalization;

/// Why a glob cannot be used. Each message shows the glob as the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    #[error(
        "no files are named: give a glob, a folder or a file ('.' is everything below the current folder)"
    )]
    Nothing,
    #[error("an empty glob matches nothing: write '.' for everything below the current folder")]
    Empty,
    #[error("'{glob}' is not a valid glob: {fault}")]
    Invalid { glob: String, fault: String },
    #[error("'{0}' leads out of the repository: only files inside it can be changed")]
    Outside(String),
    #[error("'{0}' has a '..' after a part with '*', '?', '[' or '{{': write the path without it")]
    Backwards(String),
}

/// A pattern from the root of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// The glob without `!`; empty for everything, with a closing `/` for everything below a folder.
    pub(super) body: String,
    /// The glob for the pattern read as a plain name, if it contains glob characters: a shell that expands `app/*`
    /// passes on names like `app/[id]`.
    name: Option<String>,
    /// As the user wrote it.
    pub(super) written: String,
}

/// The files that the user means.
#[derive(Debug, Clone)]
pub struct Selection {
    pub(super) include: Vec<Pattern>,
    patterns: Vec<String>,
    /// The folder of the user, as a glob.
    pub(super) prefix: String,
    included: GlobSet,
    excluded: GlobSet,
}

impl Selection {
    /// Reads globs written by a user who stands in the folder `prefix` of the repository, `""` at its root.
    pub fn parse(globs: &[String], prefix: &str) -> Result<Self, SelectError> {
        if globs.is_empty() {
            return Err(SelectError::Nothing);
        }
        let (mut include, mut exclude) = (Vec::new(), Vec::new());
        let mut patterns = Vec::new();
        for glob in globs {
            let (list, sign, body) = match glob.strip_prefix('!') {
                Some(body) => (&mut exclude, "!", body),
                None => (&mut include, "", glob.as_str()),
            };
            let pattern = Pattern::parse(glob, body, prefix)?;
            patterns.push(format!("{sign}{}", pattern.shown()));
            list.push(pattern);
        }
        if include.is_empty() {
            let all = Pattern::parse(".", ".", prefix)?;
            if !all.body.is_empty() {
                patterns.insert(0, all.shown().to_owned());
            }
            include.push(all);
        }
        Ok(Self {
            included: set(&include)?,
            excluded: set(&exclude)?,
            include,
            patterns,
            prefix: escape(prefix.trim_matches('/')),
        })
    }

    /// Checks whether the file is selected. Names are compared as they are and in NFC, because a name typed on one
    /// system and tracked on another may differ only in that.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.includes(path) && !is_match(&self.excluded, path)
    }

    /// Checks whether the user asked for exactly this file, by its path.
    pub(super) fn names(&self, path: &str) -> bool {
        let name = escape(path);
        self.matches(path)
            && self
                .include
                .iter()
                .any(|pattern| pattern.body == name || pattern.name.as_ref() == Some(&name))
    }

    /// Checks whether a pattern matches the path, but not the other path.
    pub(super) fn tells_apart(&self, path: &str, other: &str) -> bool {
        let others = matching(&self.included, other);
        matching(&self.included, path)
            .iter()
            .any(|glob| !others.contains(glob))
    }

    /// Checks whether the file would be selected if nothing were excluded.
    pub(super) fn includes(&self, path: &str) -> bool {
        is_match(&self.included, path)
    }

    /// Returns the patterns from the root of the repository. Read again with the prefix `""`, they select the same
    /// files.
    #[must_use]
    pub(crate) fn patterns(&self) -> &[String] {
        &self.patterns
    }
}

impl Pattern {
    fn parse(written: &str, text: &str, prefix: &str) -> Result<Self, SelectError> {
        let rest = text.strip_prefix(":/").or_else(|| text.strip_prefix('/'));
        let prefix = if rest.is_some() { "" } else { prefix };
        let rest = match rest {
            // `/` and `:/` alone are the root.
            Some("") => ".",
            Some(rest) => rest,
            None if text.is_empty() => return Err(SelectError::Empty),
            None => text,
        };
        // Each part as a glob and as a name.
        let mut parts: Vec<(String, &str)> = prefix
            .split('/')
            .filter(|part| !part.is_empty())
            .map(|part| (escape(part), part))
            .collect();
        for part in rest.split('/') {
            match part {
                "" | "." => {}
                ".." => match parts.pop() {
                    None => return Err(SelectError::Outside(written.to_owned())),
                    Some((glob, _)) if has_wildcard(&glob) => {
                        return Err(SelectError::Backwards(written.to_owned()));
                    }
                    Some(_) => {}
                },
                part => parts.push((part.to_owned(), part)),
            }
        }
        let join = |parts: Vec<&str>| parts.join("/");
        let mut body = join(parts.iter().map(|(glob, _)| glob.as_str()).collect());
        let name = escape(&join(parts.iter().map(|(_, name)| *name).collect()));
        if body.starts_with(['!', ':']) {
            body.insert(0, '\\');
        }
        let is_folder = rest.ends_with('/') || matches!(rest.rsplit('/').next(), Some("." | ".."));
        let name = (name != body).then_some(name);
        if is_folder && !body.is_empty() {
            body.push('/');
        }
        let pattern = Self {
            body,
            name,
            written: written.to_owned(),
        };
        pattern.globs()?;
        Ok(pattern)
    }

    fn shown(&self) -> &str {
        match self.body.as_str() {
            "" => ".",
            body => body,
        }
    }

    fn globs(&self) -> Result<Vec<Glob>, SelectError> {
        let mut globs = meaning(&self.body);
        if let Some(name) = &self.name {
            globs.extend([name.clone(), format!("{name}/**")]);
        }
        let composed: Vec<String> = globs
            .iter()
            .filter(|glob| !glob.is_ascii())
            .map(|glob| glob.nfc().collect())
            .collect();
        globs
            .iter()
            .chain(&composed)
            .map(|text| {
                builder(text).build().map_err(|error| SelectError::Invalid {
                    glob: self.written.clone(),
                    fault: error.kind().to_string(),
                })
            })
            .collect()
    }
}

/// Returns the globs that a pattern from the root stands for.
pub(super) fn meaning(body: &str) -> Vec<String> {
    if body.is_empty() {
        return vec!["**".to_owned()];
    }
    if body.ends_with('/') {
        return vec![format!("{body}**")];
    }
    let last = body.rsplit('/').next().unwrap_or(body);
    if has_wildcard(last) {
        vec![body.to_owned()]
    } else {
        vec![body.to_owned(), format!("{body}/**")]
    }
}

/// Gives `*`, `{a,b}` and `\` the same meaning on every system.
pub(super) fn builder(glob: &str) -> GlobBuilder<'_> {
    let mut builder = GlobBuilder::new(glob);
    builder
        .literal_separator(true)
        .backslash_escape(true)
        .empty_alternates(true);
    builder
}

fn set(patterns: &[Pattern]) -> Result<GlobSet, SelectError> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        for glob in pattern.globs()? {
            set.add(glob);
        }
    }
    set.build().map_err(|error| SelectError::Invalid {
        glob: error.glob().unwrap_or_default().to_owned(),
        fault: error.kind().to_string(),
    })
}

fn is_match(set: &GlobSet, path: &str) -> bool {
    set.is_match(path) || (!path.is_ascii() && set.is_match(path.nfc().collect::<String>()))
}

/// Returns the numbers of the globs that match the path, as it is or in NFC.
fn matching(set: &GlobSet, path: &str) -> Vec<usize> {
    let mut found = set.matches(path);
    if !path.is_ascii() {
        found.extend(set.matches(path.nfc().collect::<String>()));
    }
    found
}

/// Checks whether a part of a glob can match several names.
pub(super) fn has_wildcard(part: &str) -> bool {
    let mut chars = part.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '*' | '?' | '[' | '{' => return true,
            _ => {}
        }
    }
    false
}

/// Returns the glob that matches exactly this path.
pub(crate) fn escape(path: &str) -> String {
    let mut glob = String::with_capacity(path.len());
    for (index, c) in path.char_indices() {
        if matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\')
            || (index == 0 && matches!(c, '!' | ':'))
        {
            glob.push('\\');
        }
        glob.push(c);
    }
    glob
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(globs: &[&str], prefix: &str) -> Result<Selection, SelectError> {
        let globs: Vec<String> = globs.iter().map(ToString::to_string).collect();
        Selection::parse(&globs, prefix)
    }

    fn selected(globs: &[&str], prefix: &str, paths: &[&str]) -> Vec<String> {
        let selection = select(globs, prefix).unwrap();
        let again = Selection::parse(selection.patterns(), "").unwrap();
        paths
            .iter()
            .filter(|path| {
                let matches = selection.matches(path);
                assert_eq!(matches, again.matches(path), "{globs:?} read again: {path}");
                matches
            })
            .map(ToString::to_string)
            .collect()
    }

    const PATHS: &[&str] = &[
        "README",
        "src/a.ts",
        "src/b.js",
        "src/deep/c.ts",
        "src/deep/c.gen.ts",
        "srcs/d.ts",
        "web/src/e.ts",
    ];

    #[test]
    fn stars_stay_inside_a_folder_and_double_stars_do_not() {
        assert_eq!(selected(&["src/*.ts"], "", PATHS), ["src/a.ts"]);
        assert_eq!(
            selected(&["src/**/*.ts"], "", PATHS),
            ["src/a.ts", "src/deep/c.ts", "src/deep/c.gen.ts"]
        );
        assert_eq!(
            selected(&["src/*.{t,j}s{,x}"], "", PATHS),
            ["src/a.ts", "src/b.js"]
        );
    }

    #[test]
    fn a_folder_means_everything_below_it() {
        for folder in [
            "src/deep",
            "src/deep/",
            "./src//deep",
            "/src/deep",
            ":/src/deep",
        ] {
            assert_eq!(
                selected(&[folder], "", PATHS),
                ["src/deep/c.ts", "src/deep/c.gen.ts"],
                "{folder}"
            );
        }
        assert_eq!(selected(&["**/src"], "web", PATHS), ["web/src/e.ts"]);
        assert_eq!(selected(&["README"], "", PATHS), ["README"]);
        assert!(selected(&["README/"], "", PATHS).is_empty());
        assert_eq!(selected(&["."], "", PATHS).len(), PATHS.len());
        assert_eq!(selected(&["/"], "web", PATHS).len(), PATHS.len());
    }

    #[test]
    fn an_exclusion_applies_wherever_it_stands() {
        let rest = ["src/a.ts", "src/deep/c.ts"];
        assert_eq!(selected(&["src/**/*.ts", "!**/*.gen.ts"], "", PATHS), rest);
        assert_eq!(selected(&["!**/*.gen.ts", "src/**/*.ts"], "", PATHS), rest);
        assert_eq!(
            selected(&["!src", "!web/"], "", PATHS),
            ["README", "srcs/d.ts"]
        );
        assert_eq!(selected(&["!deep"], "src", PATHS), ["src/a.ts", "src/b.js"]);
    }

    #[test]
    fn patterns_are_relative_to_the_users_folder() {
        assert_eq!(selected(&["*.ts"], "src", PATHS), ["src/a.ts"]);
        assert_eq!(
            selected(&["../web"], "src/deep", &["src/web/x", "web/x"]),
            ["src/web/x"]
        );
        assert_eq!(selected(&["/web"], "src", PATHS), ["web/src/e.ts"]);
        assert_eq!(selected(&["."], "web", PATHS), ["web/src/e.ts"]);
        assert_eq!(selected(&[".."], "web/src", PATHS), ["web/src/e.ts"]);
    }

    #[test]
    fn names_with_glob_characters_can_be_selected() {
        let paths = [
            "app/[id]/page.ts",
            "app/i/page.ts",
            "!odd",
            ":odd",
            "app/[id]/a{b}",
        ];
        assert_eq!(
            selected(&["page.ts"], "app/[id]", &paths),
            ["app/[id]/page.ts"]
        );
        assert_eq!(selected(&["."], "app/[id]", &paths).len(), 2);
        assert!(selected(&["app/[id]"], "", &paths).contains(&"app/[id]/page.ts".to_owned()));
        assert_eq!(
            selected(&["./!odd", ".//:odd"], "", &paths),
            ["!odd", ":odd"]
        );
        assert_eq!(
            selected(&["app/\\[id\\]/a\\{b\\}"], "", &paths),
            ["app/[id]/a{b}"]
        );
    }

    #[test]
    fn both_unicode_forms_of_a_name_are_the_same_name() {
        let (composed, decomposed) = ("caf\u{e9}/x.ts", "cafe\u{301}/x.ts");
        for glob in ["caf\u{e9}", "cafe\u{301}/*.ts", "caf\u{e9}/**"] {
            assert_eq!(selected(&[glob], "", &[composed, decomposed]).len(), 2);
        }
        assert!(selected(&[".", "!cafe\u{301}"], "", &[composed, decomposed]).is_empty());
    }

    #[test]
    fn an_unusable_glob_is_shown_in_the_error() {
        let fault = |glob: &str, prefix: &str| select(&[glob], prefix).unwrap_err().to_string();
        insta::assert_snapshot!(
            fault("src/[a", ""),
            @"'src/[a' is not a valid glob: unclosed character class; missing ']'"
        );
        insta::assert_snapshot!(
            fault("!{a,b", ""),
            @"'!{a,b' is not a valid glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)"
        );
        insta::assert_snapshot!(
            fault("../../x", "src"),
            @"'../../x' leads out of the repository: only files inside it can be changed"
        );
        insta::assert_snapshot!(
            fault("*/../x", ""),
            @"'*/../x' has a '..' after a part with '*', '?', '[' or '{': write the path without it"
        );
        insta::assert_snapshot!(
            fault("", ""),
            @"an empty glob matches nothing: write '.' for everything below the current folder"
        );
        insta::assert_snapshot!(
            select(&[], "").unwrap_err(),
            @"no files are named: give a glob, a folder or a file ('.' is everything below the current folder)"
        );
    }
}
