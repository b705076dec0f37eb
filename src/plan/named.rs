//! Decides whether the user's globs name a file that a plan leaves out otherwise: vendored, binary, generated, lock.
//!
//! Pure over names. A glob names a kind of file if it matches the file and would not match the same file under a name
//! that is not of the kind: `assets/**/*.png` does not match `assets/logo.zzother`, so it names pictures; `**/*.js`
//! still matches `zzother/a.js`, so it does not name `vendor/a.js`. So braces and character classes need no rules here.

use super::select::Selection;
use crate::imports::Language;

/// A name that no kind knows.
const OTHER: &str = "zzother";

/// Folders that hold the code of others (GitHub Linguist's `vendor.yml` has the same names).
const VENDORED_FOLDERS: &[&str] = &[
    "3rdparty",
    "Carthage",
    "Godeps",
    "bower_components",
    "node_modules",
    "third-party",
    "third_party",
    "thirdparty",
    "vendor",
];

const GENERATED_FOLDERS: &[&str] = &[
    "__generated__",
    "_generated",
    "autogen",
    "build",
    "codegen",
    "dist",
    "gen",
    "generated",
    "out",
];

/// Words by which generators mark the names of the files that they write: `user.pb.go`, `user_pb2.py`, `user.g.dart`.
const GENERATED_WORDS: &[&str] = &[
    "Designer",
    "designer",
    "freezed",
    "g",
    "gen",
    "generated",
    "grpc",
    "min",
    "pb",
    "pb2",
];

/// Endings of text. A binary or generated file with one of them is an exception, which `**/*.json` does not name.
const TEXTS: &[&str] = &[
    "adoc",
    "bash",
    "cfg",
    "conf",
    "css",
    "csv",
    "dart",
    "ex",
    "exs",
    "gql",
    "gradle",
    "graphql",
    "htm",
    "html",
    "ini",
    "json",
    "less",
    "lua",
    "md",
    "pl",
    "properties",
    "proto",
    "rst",
    "sass",
    "scala",
    "scss",
    "sh",
    "sql",
    "swift",
    "tex",
    "tf",
    "toml",
    "tsv",
    "txt",
    "xml",
    "yaml",
    "yml",
];

/// Checks whether the name says that others wrote the file.
pub(super) fn is_vendored(path: &str) -> bool {
    let (folders, name) = split(path);
    is_minified(name) || folders.iter().any(|part| VENDORED_FOLDERS.contains(part))
}

fn is_minified(name: &str) -> bool {
    let endings = [
        ".min.js", "-min.js", ".min.css", "-min.css", ".min.mjs", ".min.cjs",
    ];
    endings.iter().any(|ending| name.ends_with(ending))
}

/// Checks whether the globs name a vendored file, by its folder or its ending.
pub(super) fn names_vendored(selection: &Selection, path: &str) -> bool {
    let (_, name) = split(path);
    selection.names(path)
        || names_folder(selection, path, VENDORED_FOLDERS)
        || (is_minified(name) && selection.tells_apart(path, &with_stem(path)))
}

/// Checks whether the globs name a binary file, by its ending. A folder of pictures may hold text too, so it names no
/// picture.
pub(super) fn names_binary(selection: &Selection, path: &str) -> bool {
    selection.names(path) || names_ending(selection, path)
}

/// Checks whether the globs name a generated file, by its folder, its ending, or a word of generators in its name.
pub(super) fn names_generated(selection: &Selection, path: &str) -> bool {
    selection.names(path)
        || names_ending(selection, path)
        || names_folder(selection, path, GENERATED_FOLDERS)
        || words_of_generators(path).any(|other| selection.tells_apart(path, &other))
}

/// Checks whether the globs name a lock file, by its name or an ending that only lock files have.
pub(super) fn names_lock(selection: &Selection, path: &str) -> bool {
    selection.names(path)
        || selection.tells_apart(path, &with_stem(path))
        || names_ending(selection, path)
}

/// Checks whether the globs name what an attribute names, where `holds` says for which paths the attribute is set. The
/// attribute's rule names a file, a folder or an ending.
pub(super) fn names_marked(
    selection: &Selection,
    path: &str,
    mut holds: impl FnMut(&str) -> bool,
) -> bool {
    let folders = (0..split(path).0.len()).rev();
    std::iter::once(with_stem(path))
        .chain(folders.map(|index| with_folder(path, index)))
        .chain(with_ending(path))
        .find(|other| !holds(other))
        .is_some_and(|other| selection.tells_apart(path, &other))
}

fn names_ending(selection: &Selection, path: &str) -> bool {
    let is_text = |ending: &str| TEXTS.contains(&ending) || Language::of_path(path).is_some();
    let ending = split(path).1.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| !is_text(ending))
        && with_ending(path).is_some_and(|other| selection.tells_apart(path, &other))
}

fn names_folder(selection: &Selection, path: &str, names: &[&str]) -> bool {
    let (folders, _) = split(path);
    folders.iter().enumerate().any(|(index, part)| {
        names.contains(part) && selection.tells_apart(path, &with_folder(path, index))
    })
}

/// Returns the path once for each word of generators in its file name, with another word in its place.
fn words_of_generators(path: &str) -> impl Iterator<Item = String> {
    let start = path.len() - split(path).1.len();
    let is_border = |c: char| matches!(c, '.' | '_' | '-');
    let mut at = start;
    path[start..]
        .split_inclusive(is_border)
        .filter_map(move |piece| {
            let word = piece.trim_end_matches(is_border);
            let (before, after) = (&path[..at], &path[at + word.len()..]);
            at += piece.len();
            GENERATED_WORDS
                .contains(&word)
                .then(|| format!("{before}{OTHER}{after}"))
        })
}

/// Returns the folders of a path, and the name of the file.
fn split(path: &str) -> (Vec<&str>, &str) {
    let mut parts: Vec<&str> = path.split('/').collect();
    let name = parts.pop().unwrap_or(path);
    (parts, name)
}

fn with_folder(path: &str, index: usize) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    if let Some(part) = parts.get_mut(index) {
        *part = OTHER;
    }
    parts.join("/")
}

/// Returns the path with another file name, but the same ending.
fn with_stem(path: &str) -> String {
    let name = split(path).1;
    let folder = &path[..path.len() - name.len()];
    match name.rsplit_once('.') {
        Some((_, ending)) => format!("{folder}{OTHER}.{ending}"),
        None => format!("{folder}{OTHER}"),
    }
}

/// Returns the path with another ending, if it has one.
fn with_ending(path: &str) -> Option<String> {
    let start = path.len() - split(path).1.len();
    let dot = path[start..].rfind('.')?;
    Some(format!("{}.{OTHER}", &path[..start + dot]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(globs: &[&str]) -> Selection {
        let globs: Vec<String> = globs.iter().map(ToString::to_string).collect();
        Selection::parse(&globs, "").unwrap()
    }

    #[test]
    fn vendored_code_is_known_by_its_folder_or_ending() {
        for path in [
            "vendor/a.go",
            "src/third_party/x/a.c",
            "web/node_modules/a/index.js",
            "static/jquery.min.js",
            "static/style.min.css",
        ] {
            assert!(is_vendored(path), "{path}");
        }
        for path in [
            "vendor",
            "src/vendors.py",
            "src/vendor_list/a.py",
            "a.min.go",
            "min.js",
        ] {
            assert!(!is_vendored(path), "{path}");
        }
    }

    #[test]
    fn a_glob_names_vendored_code_by_its_folder_or_ending() {
        let names = |glob: &str, path: &str| names_vendored(&select(&[glob]), path);
        for glob in [
            "vendor",
            "vendor/lib/**",
            "**/vendor/**/*.js",
            "{vendor,src}/**",
            "vendor/lib/a.js",
        ] {
            assert!(names(glob, "vendor/lib/a.js"), "{glob}");
        }
        for glob in [".", "**/*.js", "{**/*.js,x}", "*/lib/*", "**/a.js"] {
            assert!(!names(glob, "vendor/lib/a.js"), "{glob}");
        }
        assert!(names("**/*.min.js", "static/a.min.js"));
        assert!(names("static/*.min.{js,css}", "static/a.min.js"));
        assert!(names("**/*.min.js", "vendor/a.min.js"));
        assert!(!names("static/*.js", "static/a.min.js"));
        assert!(!names("static/", "static/a.min.js"));
    }

    #[test]
    fn one_of_several_globs_is_enough() {
        let both = select(&["**", "assets/*.png"]);
        assert!(names_binary(&both, "assets/a.png"));
        assert!(!names_binary(&both, "other/a.png"));
    }

    #[test]
    fn a_glob_names_riders_by_their_ending_or_folder() {
        let binary = |glob: &str, path: &str| names_binary(&select(&[glob]), path);
        assert!(binary("assets/**/*.png", "assets/a/b.png"));
        assert!(binary("assets/**/*.{png,jpg}", "assets/a/b.png"));
        assert!(!binary("images/*", "images/b.png"));
        assert!(!binary("assets/**", "assets/a/b.png"));
        assert!(!binary("**/*.ts", "video/film.ts"));
        assert!(!binary("**/*.txt", "docs/utf-16.txt"));

        let generated = |glob: &str, path: &str| names_generated(&select(&[glob]), path);
        assert!(generated("gen/*", "gen/a.js"));
        assert!(generated("api/**/*.pb.go", "api/v1/a.pb.go"));
        assert!(generated("**/*_pb2.py", "api/a_pb2.py"));
        assert!(!generated("api/a*.go", "api/a.pb.go"));
        assert!(!generated("**/*.go", "gen/a.pb.go"));
        assert!(generated("src/a.js", "src/a.js"));
        assert!(!generated("src/*.js", "src/a.js"));

        let lock = |glob: &str, path: &str| names_lock(&select(&[glob]), path);
        assert!(lock("**/yarn.lock", "web/yarn.lock"));
        assert!(lock("**/*.lock", "web/yarn.lock"));
        assert!(lock("**/package-lock.json", "web/package-lock.json"));
        assert!(!lock("web/**", "web/yarn.lock"));
        assert!(!lock("**/*.json", "web/package-lock.json"));
        assert!(!lock("**/*.yaml", "pnpm-lock.yaml"));
    }

    #[test]
    fn a_glob_names_what_an_attribute_names() {
        let names = |glob: &str, path: &str, rule: fn(&str) -> bool| {
            assert!(rule(path));
            names_marked(&select(&[glob]), path, rule)
        };
        let folder = |path: &str| path.starts_with("lib/ext/");
        assert!(names("lib/ext/**", "lib/ext/x/a.js", folder));
        assert!(names("lib/ext/x/*.js", "lib/ext/x/a.js", folder));
        assert!(!names("lib/**", "lib/ext/x/a.js", folder));
        let file = |path: &str| path == "src/made.txt";
        assert!(!names("src/", "src/made.txt", file));
        assert!(names("src/made.txt", "src/made.txt", file));
        let ending = |path: &str| path.rsplit('.').next() == Some("gen");
        assert!(names("**/*.gen", "src/a.gen", ending));
        assert!(!names("src/*", "src/a.gen", ending));
        assert!(!names("src/*", "src/a.gen", |_| true));
    }
}
