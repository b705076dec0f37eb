//! Keeps files in the form in which the base stores them.
//!
//! A repository may hold files against its own attributes: CRLF in a file with `text`, the content of a large file
//! where a filter expects a pointer, an expanded `ident` (gitattributes(5)). Git writes such a file into a new
//! worktree as it is, and stores it in another form as soon as somebody touches it, so that a unit would seem to
//! have rewritten a file of which it changed a line, or none. So a file that was not edited keeps its blob, and an
//! edited one its form.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::error::{Context, GitError};
use super::id::TreeId;
use super::lookup::any_tree;
use super::repo::Repo;
use super::tree_diff;

/// The attributes that decide how git converts a file.
const ATTRIBUTES: [&str; 6] = [
    "text",
    "eol",
    "crlf",
    "ident",
    "filter",
    "working-tree-encoding",
];

/// The beginning of a pointer to a large file, which is the form that this filter expects.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// A file that git stored anew.
struct Restored {
    path: Vec<u8>,
    mode: i32,
    before: git2::Oid,
    after: git2::Oid,
}

/// How git converts a file. A program has the last word on the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conversion {
    /// Line ends become LF in every case. Where git itself decides what is text, it keeps the stored form.
    LineEnds,
    /// The words behind `$Id` are those of the blob.
    Ident,
    /// A filter, or another encoding.
    Program,
    /// The filter for large files, which stores pointers.
    Pointers,
}

impl Repo {
    /// Puts the files that `index` stores in another form than `before` back into their form. `after` is the tree of
    /// `index`. Returns whether the index has changed.
    pub(super) fn keep_stored_forms(
        &self,
        worktree: &Path,
        index: &Path,
        before: &TreeId,
        after: &TreeId,
    ) -> Result<bool, GitError> {
        if before == after {
            return Ok(false);
        }
        let repo = self.open()?;
        let files = stored_anew(&repo, before, after)?;
        if files.is_empty() {
            return Ok(false);
        }
        let conversions = self.conversions(worktree, index, &files)?;
        let mut entries = Vec::new();
        for file in &files {
            let Some(conversion) = conversions.get(&file.path) else {
                continue;
            };
            if let Some(blob) = self.stored_as_before(worktree, index, &repo, file, *conversion)? {
                entries.extend_from_slice(format!("{:o} {blob} 0\t", file.mode).as_bytes());
                entries.extend_from_slice(&file.path);
                entries.push(0);
            }
        }
        if entries.is_empty() {
            return Ok(false);
        }
        self.git_in_worktree(worktree, index)
            .without_secrets()
            .args(&["update-index", "-z", "--index-info"])
            .stdin(entries)
            .run()?;
        Ok(true)
    }

    /// Returns how git converts those of the files that it converts.
    fn conversions(
        &self,
        worktree: &Path,
        index: &Path,
        files: &[Restored],
    ) -> Result<BTreeMap<Vec<u8>, Conversion>, GitError> {
        let names: Vec<&[u8]> = files.iter().map(|file| &file.path[..]).collect();
        let out = self
            .git_in_worktree(worktree, index)
            .without_secrets()
            .args(&["check-attr", "-z", "--stdin"])
            .args(&ATTRIBUTES)
            .stdin(names.join(&0))
            .run()?;
        let mut fields = out.split(|byte| *byte == 0);
        let mut found: BTreeMap<Vec<u8>, BTreeMap<&[u8], &[u8]>> = BTreeMap::new();
        while let (Some(path), Some(name), Some(value)) =
            (fields.next(), fields.next(), fields.next())
        {
            if value != b"unspecified" {
                found.entry(path.to_vec()).or_default().insert(name, value);
            }
        }
        Ok(found
            .into_iter()
            .filter_map(|(path, attributes)| Some((path, Conversion::by(&attributes)?)))
            .collect())
    }

    /// Returns the blob that keeps the form of the file; `None` where git's own is right.
    fn stored_as_before(
        &self,
        worktree: &Path,
        index: &Path,
        repo: &git2::Repository,
        file: &Restored,
        conversion: Conversion,
    ) -> Result<Option<git2::Oid>, GitError> {
        let place = worktree.join(OsStr::from_bytes(&file.path));
        // Another process may be working in the checkout.
        let Ok(now) = std::fs::read(&place) else {
            return Ok(None);
        };
        let failed = || format!("blob {} cannot be read", file.before);
        let before = repo.find_blob(file.before).context(failed)?;
        let stored = before.content();
        if stored == now {
            return Ok(Some(file.before));
        }
        let form = match conversion {
            Conversion::LineEnds => with_line_ends_of(stored, &now)?,
            Conversion::Pointers if stored.starts_with(POINTER) => None,
            _ => {
                let shown = self.shown(worktree, index, file)?;
                if shown == now {
                    return Ok(Some(file.before));
                }
                if conversion == Conversion::Ident {
                    with_changes_of(&now, &shown, stored)?
                } else {
                    let is_against_rules = shown == stored
                        && self.is_stored_otherwise(worktree, index, file, stored)?;
                    is_against_rules.then_some(now)
                }
            }
        };
        let Some(form) = form else {
            return Ok(None);
        };
        let blob = repo
            .blob(&form)
            .context(|| format!("{} cannot be stored", place.display()))?;
        Ok((blob != file.after).then_some(blob))
    }

    /// Returns what git writes into a worktree for the file as it was stored.
    fn shown(&self, worktree: &Path, index: &Path, file: &Restored) -> Result<Vec<u8>, GitError> {
        self.git_in_worktree(worktree, index)
            .without_secrets()
            .args(&["cat-file", "--filters"])
            .arg_with_path("--path=", &file.path)
            .args(&[&file.before.to_string()])
            .run()
    }

    /// Checks whether git stores this content of the file in another form.
    fn is_stored_otherwise(
        &self,
        worktree: &Path,
        index: &Path,
        file: &Restored,
        content: &[u8],
    ) -> Result<bool, GitError> {
        let id = self
            .git_in_worktree(worktree, index)
            .without_secrets()
            .args(&["hash-object", "--stdin"])
            .arg_with_path("--path=", &file.path)
            .stdin(content.to_vec())
            .run()?;
        Ok(id.trim_ascii() != file.before.to_string().as_bytes())
    }
}

impl Conversion {
    fn by(attributes: &BTreeMap<&[u8], &[u8]>) -> Option<Self> {
        let value = |name: &str| attributes.get(name.as_bytes()).copied();
        let switched_on = |name: &str| value(name).filter(|value| *value != b"unset");
        match switched_on("filter") {
            Some(b"lfs") => return Some(Self::Pointers),
            Some(_) => return Some(Self::Program),
            None => {}
        }
        if switched_on("working-tree-encoding").is_some() {
            return Some(Self::Program);
        }
        if switched_on("ident").is_some() {
            return Some(Self::Ident);
        }
        let is_text = match value("text").or_else(|| value("crlf")) {
            Some(text) => text == b"set" || text == b"input",
            None => switched_on("eol").is_some(),
        };
        is_text.then_some(Self::LineEnds)
    }
}

/// Lists the files that both trees have, with different content.
fn stored_anew(
    repo: &git2::Repository,
    before: &TreeId,
    after: &TreeId,
) -> Result<Vec<Restored>, GitError> {
    let (old, new) = (any_tree(repo, before)?, any_tree(repo, after)?);
    let diff = tree_diff::diff(repo, &old, &new)?;
    let is_file = |side: &git2::DiffFile<'_>| {
        matches!(
            side.mode(),
            git2::FileMode::Blob | git2::FileMode::BlobExecutable
        )
    };
    Ok(diff
        .deltas()
        .map(|delta| (delta.old_file(), delta.new_file()))
        .filter(|(old, new)| is_file(old) && is_file(new) && old.id() != new.id())
        .map(|(old, new)| Restored {
            path: new.path_bytes().unwrap_or_default().to_vec(),
            mode: new.mode().into(),
            before: old.id(),
            after: new.id(),
        })
        .collect())
}

/// Returns the content `now` with the line ends of `stored`, a text; `None` where the file is stored with LF, or
/// becomes so by an edit of its line ends alone.
fn with_line_ends_of(stored: &[u8], now: &[u8]) -> Result<Option<Vec<u8>>, GitError> {
    let (crlf, lone) = line_ends(stored);
    if crlf == 0 {
        return Ok(None);
    }
    let shown = with_crlf(stored);
    if now == shown {
        return Ok(Some(stored.to_vec()));
    }
    let (now_crlf, now_lone) = line_ends(now);
    if now_crlf == 0 && now == with_lf(stored) {
        return Ok(None);
    }
    if lone == 0 {
        return Ok(Some(with_crlf(now)));
    }
    match (now_crlf, now_lone) {
        (0, _) => with_changes_of(now, &with_lf(stored), stored),
        (_, 0) => with_changes_of(now, &shown, stored),
        _ => Ok(Some(now.to_vec())),
    }
}

/// Applies the changes from `shown` to `now` to the content `stored`, which has the same lines in another form. A
/// changed line ends as its neighbours in `stored`.
fn with_changes_of(now: &[u8], shown: &[u8], stored: &[u8]) -> Result<Option<Vec<u8>>, GitError> {
    let failed = || "the form of a file cannot be kept".to_owned();
    let lines =
        |text| -> Vec<&[u8]> { <[u8]>::split_inclusive(text, |byte| *byte == b'\n').collect() };
    let (now_lines, shown_lines, stored_lines) = (lines(now), lines(shown), lines(stored));
    if shown_lines.len() != stored_lines.len() {
        return Ok(None);
    }
    let mut options = git2::DiffOptions::new();
    options.context_lines(0).interhunk_lines(0).force_text(true);
    let patch = git2::Patch::from_buffers(shown, None, now, None, Some(&mut options));
    let patch = patch.context(failed)?;
    let mut made = Vec::with_capacity(stored.len() + now.len());
    let mut next = 0;
    for number in 0..patch.num_hunks() {
        let (hunk, _) = patch.hunk(number).context(failed)?;
        let [start, old, first, new] = [
            hunk.old_start(),
            hunk.old_lines(),
            hunk.new_start(),
            hunk.new_lines(),
        ]
        .map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        // Git names the line before a place without lines.
        let start = if old == 0 {
            start
        } else {
            start.saturating_sub(1)
        };
        let first = if new == 0 {
            first
        } else {
            first.saturating_sub(1)
        };
        made.extend(
            stored_lines
                .iter()
                .take(start)
                .skip(next)
                .copied()
                .flatten(),
        );
        for (at, line) in now_lines.iter().skip(first).take(new).enumerate() {
            let like = (start + at).min(start + old.max(1) - 1);
            let like = like.min(stored_lines.len().saturating_sub(1));
            let model = shown_lines.get(like).zip(stored_lines.get(like));
            let (text, ending) = split_line(line);
            made.extend_from_slice(text);
            made.extend_from_slice(match model {
                Some((shown, stored)) if split_line(shown).1 == ending => split_line(stored).1,
                _ => ending,
            });
        }
        next = start + old;
    }
    made.extend(stored_lines.iter().skip(next).copied().flatten());
    Ok(Some(made))
}

/// Divides a line into its text and its end.
fn split_line(line: &[u8]) -> (&[u8], &[u8]) {
    let end = if line.ends_with(b"\r\n") {
        2
    } else {
        usize::from(line.ends_with(b"\n"))
    };
    line.split_at(line.len() - end)
}

/// Counts the line ends: with and without a carriage return.
fn line_ends(text: &[u8]) -> (usize, usize) {
    let crlf = memchr::memmem::find_iter(text, b"\r\n").count();
    let all = memchr::memchr_iter(b'\n', text).count();
    (crlf, all - crlf)
}

fn with_lf(text: &[u8]) -> Vec<u8> {
    let mut made = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, b"\r\n") {
        made.extend_from_slice(&rest[..at]);
        made.push(b'\n');
        rest = &rest[at + 2..];
    }
    made.extend_from_slice(rest);
    made
}

fn with_crlf(text: &[u8]) -> Vec<u8> {
    let mut made = Vec::with_capacity(text.len() + text.len() / 16);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => {
                made.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
                made.extend_from_slice(b"\r\n");
            }
            None => made.extend_from_slice(line),
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(stored: &str, now: &str) -> Option<String> {
        let kept = with_line_ends_of(stored.as_bytes(), now.as_bytes()).unwrap();
        kept.map(|kept| String::from_utf8(kept).unwrap())
    }

    #[test]
    fn line_ends_stay_as_they_were_stored() {
        for (stored, now, expected) in [
            // Git does as it should.
            ("a\nb\n", "a\nc\n", None),
            ("a\r\nb\r\n", "a\nb\n", None),
            // The file was not edited: it shows the line ends of another system.
            ("a\r\nb\n", "a\r\nb\r\n", Some("a\r\nb\n")),
            ("a\r\nb\r\n", "a\r\nc\r\n", Some("a\r\nc\r\n")),
            ("a\r\nb\r\n", "a\nc\n", Some("a\r\nc\r\n")),
            ("a\r\nb\r\n", "a\r\nb\r\nc\n", Some("a\r\nb\r\nc\r\n")),
            ("a\r\nb\nc\nd\n", "a\r\nb\nc\ne\n", Some("a\r\nb\nc\ne\n")),
            (
                "a\r\nb\nc\nd\ne\r\n",
                "x\r\na\r\nb\r\nc\r\nd\r\ne\r\n",
                Some("x\r\na\r\nb\nc\nd\ne\r\n"),
            ),
            (
                "a\r\nb\nc\nd\ne\r\n",
                "a\r\nb\r\nx\r\ny\r\nd\r\n",
                Some("a\r\nb\nx\ny\nd\n"),
            ),
            ("a\r\nb\nc", "a\r\nb\r\n", Some("a\r\nb\n")),
        ] {
            assert_eq!(kept(stored, now).as_deref(), expected, "{stored:?} {now:?}");
        }
    }
}
