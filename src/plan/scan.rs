//! Finds which matching files of a base are work, how large they are, and which are left out for what reason.
//!
//! This file reads the base's tree and blobs, never a checkout. It does not know units.

use std::collections::{BTreeMap, HashSet};
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::content;
use super::error::PlanError;
use super::model::{LeftOut, Size};
use super::named::{
    is_vendored, names_binary, names_generated, names_lock, names_marked, names_vendored,
};
use super::select::Selection;
use super::shared_files::{self, SharedKind};
use crate::codemod::{Applied, Codemod, CodemodError, OldUseCounter, Unchanged};
use crate::git::{Attributes, Entry, EntryKind, GitError, Repo};

/// Why a matching file is left out. If several reasons apply, the first counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    Submodule,
    Symlink,
    Name,
    Vendored,
    Binary,
    Lfs,
    Generated,
    Lock,
    NotText,
    TooDeep,
    TooLarge,
    Unparsable,
    Broken,
    NoLanguage,
    OtherLanguage,
    Unparsed,
    PerLine,
    Unchanged,
    Done,
}

impl Reason {
    fn of(unchanged: Unchanged) -> Self {
        match unchanged {
            Unchanged::NoLanguage => Self::NoLanguage,
            Unchanged::OtherLanguage => Self::OtherLanguage,
            Unchanged::Unparsed => Self::Unparsed,
            Unchanged::PerLine => Self::PerLine,
            Unchanged::NoMatch => Self::Unchanged,
        }
    }

    /// Whether the codemod could not read the file, or not all of it.
    fn is_unread(self) -> bool {
        matches!(
            self,
            Self::NoLanguage | Self::OtherLanguage | Self::Unparsed
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Submodule => "submodule",
            Self::Symlink => "symlink",
            Self::Name => "name is not UTF-8",
            Self::Vendored => "vendored: a glob that names its folder includes it",
            Self::Binary => "binary",
            Self::Lfs => "Git LFS pointer",
            Self::Generated => "generated",
            Self::Lock => "lock file, which its own tool writes",
            Self::NotText => "not UTF-8 text",
            Self::TooDeep => "nested too deeply for the codemod",
            Self::TooLarge => "the codemod would make it too large",
            Self::Unparsable => "cannot be parsed for the codemod",
            Self::Broken => "the codemod crashed on it",
            Self::NoLanguage => "the codemod has no language for it",
            Self::OtherLanguage => "not in a language of this codemod",
            Self::Unparsed => "does not parse, and the codemod changes nothing",
            Self::PerLine => {
                "the expression matches only per line: begin it with (?m), so that ^ and $ mean the ends of lines"
            }
            Self::Unchanged => "the codemod changes nothing",
            Self::Done => "nothing to do: it contains nothing that --until looks for",
        })
    }
}

/// A file to work on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) size: Size,
    pub(super) shared_kind: Option<SharedKind>,
}

/// The matching files: work, and left out by reason. Each list is sorted.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) files: Vec<File>,
    left_out: BTreeMap<Reason, Vec<String>>,
    /// How many of the files that the codemod cannot read hold the words of its pattern.
    with_words: BTreeMap<Reason, usize>,
}

/// Why a file is left out, and whether it holds the words of the codemod's pattern all the same.
#[derive(Debug, Clone, Copy)]
struct Left {
    reason: Reason,
    holds_words: bool,
}

impl From<Reason> for Left {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            holds_words: false,
        }
    }
}

impl Scan {
    /// Counts the matching files.
    pub(super) fn matched(&self) -> usize {
        self.files.len() + self.left_out.values().map(Vec::len).sum::<usize>()
    }

    /// Counts the matching files that the codemod does not change.
    pub(super) fn unchanged(&self) -> usize {
        self.left_out.get(&Reason::Unchanged).map_or(0, Vec::len)
    }

    /// Counts the matching files without any old use.
    pub(super) fn done(&self) -> usize {
        self.left_out.get(&Reason::Done).map_or(0, Vec::len)
    }

    /// Says why files without any old use are left out.
    pub(super) fn done_words() -> String {
        Reason::Done.to_string()
    }

    /// Lists the reasons with their numbers, except for files without work.
    pub(super) fn reasons(&self) -> String {
        let reasons: Vec<String> = self
            .left_out
            .iter()
            .filter(|(reason, _)| !matches!(reason, Reason::Unchanged | Reason::Done))
            .map(|(reason, files)| format!("{} ({})", self.words(*reason), files.len()))
            .collect();
        reasons.join(", ")
    }

    /// Returns a file in whose language the pattern of the codemod is no code.
    pub(super) fn in_other_language(&self) -> Option<&str> {
        let files = self.left_out.get(&Reason::OtherLanguage)?;
        files.first().map(String::as_str)
    }

    /// Describes a reason, with the number of its files that hold the words of the pattern.
    fn words(&self, reason: Reason) -> String {
        match self.with_words.get(&reason) {
            Some(1) => format!("{reason}; 1 holds the words of the pattern"),
            Some(files) => format!("{reason}; {files} hold the words of the pattern"),
            None => reason.to_string(),
        }
    }

    fn leave_out(&mut self, left: Left, name: &[u8]) {
        let Left {
            reason,
            holds_words,
        } = left;
        self.left_out.entry(reason).or_default().push(shown(name));
        if holds_words {
            *self.with_words.entry(reason).or_default() += 1;
        }
    }

    /// Returns the files to work on, and the files left out by reason.
    pub(super) fn into_parts(self) -> (Vec<File>, Vec<LeftOut>) {
        let left_out = self
            .left_out
            .iter()
            .map(|(reason, files)| LeftOut {
                reason: self.words(*reason),
                files: files.clone(),
            })
            .collect();
        (self.files, left_out)
    }
}

/// Returns why there is no work in the text of the file at this path, if so.
type NoWork<'a> = &'a (dyn Fn(&str, &str) -> Result<Option<Left>, CodemodError> + Sync);

/// Scans all entries in the selection. With a codemod, only files that it changes are work; with a pattern of old uses,
/// only files that contain one.
pub(super) fn scan(
    repo: &Repo,
    entries: &[Entry],
    selection: &Selection,
    codemod: Option<&Codemod>,
    old_uses: Option<&OldUseCounter>,
) -> Result<Scan, PlanError> {
    if codemod.is_none() && old_uses.is_none() {
        return scan_with(repo, entries, selection, None);
    }
    let no_work = |path: &str, text: &str| {
        if let Some(old_uses) = old_uses
            && old_uses.count(path, text)? == 0
        {
            return Ok(Some(Reason::Done.into()));
        }
        let Some(codemod) = codemod else {
            return Ok(None);
        };
        Ok(match codemod.apply(path, text)? {
            Applied::Rewritten(_) => None,
            Applied::Unchanged(unchanged) => {
                let reason = Reason::of(unchanged);
                let holds_words = reason.is_unread() && codemod.holds_words(text) == Some(true);
                Some(Left {
                    reason,
                    holds_words,
                })
            }
        })
    };
    scan_with(repo, entries, selection, Some(&no_work))
}

fn scan_with(
    repo: &Repo,
    entries: &[Entry],
    selection: &Selection,
    no_work: Option<NoWork<'_>>,
) -> Result<Scan, PlanError> {
    // In a name that is not UTF-8, a replacement character stands for each invalid byte.
    let matching: Vec<&Entry> = entries
        .iter()
        .filter(|entry| selection.matches(&String::from_utf8_lossy(&entry.path)))
        .collect();
    let mut scan = Scan::default();
    if matching.is_empty() {
        return Ok(scan);
    }
    let mut attributes = Attributes::read(entries, &repo.objects()?)?;
    let mut to_read = Vec::new();
    let mut named = HashSet::new();
    for entry in matching {
        match judge_entry(entry, &mut attributes, selection) {
            // What reads text finds nothing in a binary file.
            Ok(named) if named.is_binary && no_work.is_some() => {
                scan.leave_out(Reason::Binary.into(), &entry.path);
            }
            Ok(Named {
                path, is_by_mark, ..
            }) => {
                to_read.push((path, entry));
                if is_by_mark {
                    named.insert(path);
                }
            }
            Err(reason) => scan.leave_out(reason.into(), &entry.path),
        }
    }
    let judged = read(repo, &to_read, |path, content| {
        match judge_kind(path, content, selection) {
            Some(reason) if reason == Reason::Lfs || !named.contains(path) => {
                Ok(Err(reason.into()))
            }
            _ if no_work.is_some() && content::is_binary(content) => Ok(Err(Reason::Binary.into())),
            _ => judge_content(path, content, no_work),
        }
    })?;
    for ((path, entry), verdict) in to_read.into_iter().zip(judged) {
        match verdict? {
            Ok((size, shared_kind)) => scan.files.push(File {
                path: path.to_owned(),
                size,
                shared_kind,
            }),
            Err(left) => scan.leave_out(left, &entry.path),
        }
    }
    for files in scan.left_out.values_mut() {
        files.sort();
    }
    Ok(scan)
}

/// Returns these files with their sizes, in their order.
pub(super) fn measured(repo: &Repo, files: &[(&str, &Entry)]) -> Result<Vec<File>, GitError> {
    read(repo, files, |path, content| File {
        path: path.to_owned(),
        size: size(content),
        shared_kind: shared_files::kind(path, content),
    })
}

/// Reads each file once and returns the results in the order of the files.
fn read<T: Send>(
    repo: &Repo,
    files: &[(&str, &Entry)],
    each: impl Fn(&str, &[u8]) -> T + Sync,
) -> Result<Vec<T>, GitError> {
    repo.read_each(
        files,
        |(_, entry)| entry.blob,
        |(path, _), content| match content {
            Ok(content) => Ok(each(path, content)),
            Err(error) => Err(error.in_file(path)),
        },
    )?
    .into_iter()
    .collect()
}

/// A file to read.
struct Named<'a> {
    path: &'a str,
    /// The attributes say that it is binary or generated, and the globs name it all the same.
    is_by_mark: bool,
    is_binary: bool,
}

/// Judges a file without its content: returns it, or why it is left out.
fn judge_entry<'a>(
    entry: &'a Entry,
    attributes: &mut Attributes,
    selection: &Selection,
) -> Result<Named<'a>, Reason> {
    match entry.kind {
        EntryKind::Submodule => return Err(Reason::Submodule),
        EntryKind::Symlink => return Err(Reason::Symlink),
        EntryKind::File => {}
    }
    let path = str::from_utf8(&entry.path).map_err(|_| Reason::Name)?;
    let marks = attributes.marks(path);
    if marks.vendored.unwrap_or_else(|| is_vendored(path))
        && !names_vendored(selection, path)
        && !(marks.vendored == Some(true)
            && names_marked(selection, path, |other| {
                attributes.marks(other).vendored == Some(true)
            }))
    {
        return Err(Reason::Vendored);
    }
    if marks.binary
        && !names_binary(selection, path)
        && !names_marked(selection, path, |other| attributes.marks(other).binary)
    {
        return Err(Reason::Binary);
    }
    if marks.generated
        && !names_generated(selection, path)
        && !names_marked(selection, path, |other| attributes.marks(other).generated)
    {
        return Err(Reason::Generated);
    }
    if shared_files::is_lock_file(path) && !names_lock(selection, path) {
        return Err(Reason::Lock);
    }
    let is_by_mark = marks.binary || marks.generated;
    Ok(Named {
        path,
        is_by_mark,
        is_binary: marks.binary,
    })
}

/// Returns why the kind of the content makes the file none to work on, unless the globs name the kind.
fn judge_kind(path: &str, content: &[u8], selection: &Selection) -> Option<Reason> {
    if content::is_binary(content) {
        (!names_binary(selection, path)).then_some(Reason::Binary)
    } else if content::is_lfs_pointer(content) {
        Some(Reason::Lfs)
    } else if content::is_generated(content) {
        let is_named = names_generated(selection, path)
            || (shared_files::is_lock_file(path) && names_lock(selection, path));
        (!is_named).then_some(Reason::Generated)
    } else {
        None
    }
}

/// Judges a file by its content: returns its size and whether it is shared, or why it is left out. The error is a
/// failure of the codemod as a whole.
fn judge_content(
    path: &str,
    content: &[u8],
    no_work: Option<NoWork<'_>>,
) -> Result<Result<(Size, Option<SharedKind>), Left>, CodemodError> {
    let left = match no_work {
        Some(no_work) => left_by_content(path, content, no_work)?,
        None => None,
    };
    Ok(left.map_or_else(
        || Ok((size(content), shared_files::kind(path, content))),
        Err,
    ))
}

fn left_by_content(
    path: &str,
    content: &[u8],
    no_work: NoWork<'_>,
) -> Result<Option<Left>, CodemodError> {
    let Ok(text) = str::from_utf8(content) else {
        return Ok(Some(Reason::NotText.into()));
    };
    // A parser that panics on one odd file must not break the whole plan.
    let Ok(outcome) = catch_unwind(AssertUnwindSafe(|| no_work(path, text))) else {
        return Ok(Some(Reason::Broken.into()));
    };
    let reason = match outcome {
        Ok(left) => return Ok(left),
        Err(CodemodError::TooDeep { .. }) => Reason::TooDeep,
        Err(CodemodError::TooLarge { .. }) => Reason::TooLarge,
        Err(CodemodError::Parse { .. }) => Reason::Unparsable,
        Err(error) => return Err(error),
    };
    Ok(Some(reason.into()))
}

fn size(content: &[u8]) -> Size {
    let pieces = content.split(|&byte| byte == b'\n').count();
    Size {
        lines: pieces as u64 - 1,
        bytes: content.len() as u64,
    }
}

/// Returns a name to show, with `\xNN` for each byte that is not UTF-8.
fn shown(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codemod::Recipe;
    use crate::git::fixture::repository;

    const FILE: u32 = 0o100_644;
    const LINK: u32 = 0o120_000;
    const MODULE: u32 = 0o160_000;

    fn all() -> Selection {
        Selection::parse(&[".".to_owned()], "").unwrap()
    }

    fn found(files: &[(&[u8], u32, &[u8])], no_work: Option<NoWork<'_>>) -> Vec<String> {
        let it = repository(&[]);
        let base = it.commit(files);
        let entries = it.repo.entries(&base.id).unwrap();
        let scan = scan_with(&it.repo, &entries, &all(), no_work).unwrap();
        assert_eq!(scan.matched(), files.len());
        let (files, left_out) = scan.into_parts();
        let files = files.into_iter().map(|file| {
            let Size { lines, bytes } = file.size;
            format!("{}: {lines} lines, {bytes} bytes", file.path)
        });
        let left_out = left_out
            .into_iter()
            .map(|left_out| format!("{}: {}", left_out.reason, left_out.files.join(" ")));
        files.chain(left_out).collect()
    }

    #[test]
    fn files_that_people_do_not_write_are_left_out_for_the_first_reason() {
        let found = found(
            &[
                (
                    b".gitattributes",
                    FILE,
                    b"*.gen linguist-generated\n*.bin binary\n",
                ),
                (b"a/attr.bin", FILE, b"text"),
                (b"a/attr.gen", FILE, b"\0"),
                (
                    b"a/big",
                    FILE,
                    b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
                ),
                (b"a/empty", FILE, b""),
                (b"a/last line is open", FILE, b"one\ntwo"),
                (b"a/latin", FILE, b"caf\xe9\n"),
                (b"a/link.gen", LINK, b"empty"),
                (
                    b"a/made.go",
                    FILE,
                    b"// Code generated by x. DO NOT EDIT.\n",
                ),
                (b"a/module", MODULE, b""),
                (b"a/na\xffme\xe9", FILE, b"x"),
                (b"a/nul", FILE, b"GIF\0"),
                (b"a/yarn.lock", FILE, b"x"),
            ],
            None,
        );
        insta::assert_snapshot!(found.join("\n"), @r"
        .gitattributes: 2 lines, 38 bytes
        a/empty: 0 lines, 0 bytes
        a/last line is open: 1 lines, 7 bytes
        a/latin: 1 lines, 5 bytes
        submodule: a/module
        symlink: a/link.gen
        name is not UTF-8: a/na\xffme\xe9
        binary: a/attr.bin a/nul
        Git LFS pointer: a/big
        generated: a/attr.gen a/made.go
        lock file, which its own tool writes: a/yarn.lock
        ");
    }

    #[test]
    fn only_what_the_codemod_changes_is_work() {
        let deep = format!("var a = {}1{};\n", "[".repeat(40_000), "]".repeat(40_000));
        let files: &[(&[u8], u32, &[u8])] = &[
            (b"a.js", FILE, b"var a = 1;\n"),
            (b"b.js", FILE, b"let a = 1;\n"),
            (b"c.py", FILE, b"a = 1\n"),
            (b"deep.js", FILE, deep.as_bytes()),
            (b"latin.js", FILE, b"var a = 'caf\xe9';\n"),
            (b"made.js", FILE, b"// @generated\nvar a = 1;\n"),
        ];
        let codemod = Codemod::compile(&Recipe::Pattern {
            pattern: "var $A = $B".to_owned(),
            to: "const $A = $B".to_owned(),
            lang: None,
        })
        .unwrap();
        let no_work = |path: &str, text: &str| {
            Ok(match codemod.apply(path, text)? {
                Applied::Rewritten(_) => None,
                Applied::Unchanged(unchanged) => Some(Reason::of(unchanged).into()),
            })
        };
        insta::assert_snapshot!(found(files, Some(&no_work)).join("\n"), @r"
        a.js: 1 lines, 11 bytes
        generated: made.js
        not UTF-8 text: latin.js
        nested too deeply for the codemod: deep.js
        not in a language of this codemod: c.py
        the codemod changes nothing: b.js
        ");
    }

    #[test]
    fn a_crashing_parser_loses_only_one_file() {
        let no_work = |path: &str, _: &str| match path {
            "odd" => std::panic::resume_unwind(Box::new("an odd file")),
            "wide" => Err(CodemodError::TooLarge {
                path: path.to_owned(),
                limit: 1,
            }),
            "other" => Err(CodemodError::Parse {
                path: path.to_owned(),
                lang: "C",
            }),
            _ => Ok(None),
        };
        let files: Vec<(&[u8], u32, &[u8])> = ["a", "odd", "other", "wide", "z"]
            .iter()
            .map(|path| (path.as_bytes(), FILE, b"x\n" as &[u8]))
            .collect();
        insta::assert_snapshot!(found(&files, Some(&no_work)).join("\n"), @r"
        a: 1 lines, 2 bytes
        z: 1 lines, 2 bytes
        the codemod would make it too large: wide
        cannot be parsed for the codemod: other
        the codemod crashed on it: odd
        ");
    }

    #[test]
    fn an_error_of_the_codemod_itself_is_returned() {
        let it = repository(&[("a", "x")]);
        let entries = it.repo.entries(&it.first).unwrap();
        let no_work = |_: &str, _: &str| Err(CodemodError::NoRule);
        let outcome = scan_with(&it.repo, &entries, &all(), Some(&no_work));
        assert!(matches!(
            outcome,
            Err(PlanError::Codemod(CodemodError::NoRule))
        ));
    }

    #[test]
    fn only_matching_files_are_read_and_none_is_lost() {
        let names: Vec<String> = (0..200).map(|i| format!("f{i:03}")).collect();
        let contents: Vec<String> = (0..names.len()).map(|i| "\n".repeat(i)).collect();
        let mut files: Vec<(&[u8], u32, &[u8])> = names
            .iter()
            .zip(&contents)
            .map(|(name, content)| (name.as_bytes(), FILE, content.as_bytes()))
            .collect();
        files.push((b"g", FILE, b"unasked"));
        let it = repository(&[]);
        let base = it.commit(&files);
        let entries = it.repo.entries(&base.id).unwrap();
        let unasked = entries.last().unwrap().blob.to_string();
        let objects = it.repo.common_dir().join("objects");
        std::fs::remove_file(objects.join(&unasked[..2]).join(&unasked[2..])).unwrap();
        let scan = |glob: &str| {
            let selection = Selection::parse(&[glob.to_owned()], "").unwrap();
            scan(&it.repo, &entries, &selection, None, None)
        };
        assert!(matches!(scan("g"), Err(PlanError::Git(_))));
        let scan = scan("f*").unwrap();
        assert_eq!(scan.files.len(), names.len());
        for (index, file) in scan.files.iter().enumerate() {
            assert_eq!(file.path, names[index]);
            assert_eq!(file.size.lines, index as u64);
        }
    }
}
