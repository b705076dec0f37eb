//! What the user wants changed, and where: globs, lists of files, and the instruction.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use console::Term;

use super::output::can_ask;
use super::review;
use crate::git::Repo;
use crate::plan::select::{Selection, escape};
use crate::words;

/// The words of the command line that say what to change.
#[derive(Debug, Args)]
pub(super) struct AskedArgs {
    /// Globs, folders or files from the current folder ('src/**/*.ts', src/, '!**/*.gen.ts'; /src is from the root of
    /// the repository; - reads a list from standard input), then the change in your own words (- reads it from standard
    /// input)
    #[arg(value_name = "GLOB... INSTRUCTION")]
    asked: Vec<String>,
    /// Also take the files that this file lists, one in each line or separated by NUL bytes; - is standard input
    #[arg(long, value_name = "FILE")]
    files_from: Option<PathBuf>,
    /// Read the instruction from this file; all other words are globs then
    #[arg(long, value_name = "FILE")]
    instruction_file: Option<PathBuf>,
}

/// What the user wants changed, and where.
pub(super) struct Asked {
    globs: Vec<String>,
    /// The entries of lists.
    listed: Vec<String>,
    instruction: String,
    /// Whether the instruction is the last word of the command line.
    is_last_word: bool,
}

impl AskedArgs {
    /// Reads the lists and the instruction; relative files are below `dir`.
    pub(super) fn read(&self, dir: &Path) -> anyhow::Result<Asked> {
        let mut stdin = StandardInput::default();
        let (words, instruction) = match (&self.instruction_file, self.asked.split_last()) {
            (Some(file), _) => {
                let text = stdin.or_file(file, dir)?;
                let text = String::from_utf8(text)
                    .with_context(|| format!("{} is not UTF-8 text", file.display()))?;
                (&self.asked[..], text.trim_end().to_owned())
            }
            (None, Some((last, words))) if last == "-" => {
                let text = stdin.read()?;
                let text = String::from_utf8(text).context("the instruction is not UTF-8 text")?;
                (words, text.trim_end().to_owned())
            }
            (None, Some((last, words))) => (words, last.clone()),
            (None, None) if self.files_from.is_some() && can_ask() => (&[][..], String::new()),
            (None, None) => bail!(
                "the instruction is missing: give GLOB... INSTRUCTION, or --instruction-file FILE"
            ),
        };
        let mut listed = Vec::new();
        let mut globs = Vec::new();
        for word in words {
            if word == "-" {
                listed.extend(entries(&stdin.read()?, "standard input")?);
            } else {
                globs.push(word.clone());
            }
        }
        if let Some(file) = &self.files_from {
            let name = file.display().to_string();
            listed.extend(entries(&stdin.or_file(file, dir)?, &name)?);
        }
        // At a terminal, the only word may be a glob, and the instruction is asked for.
        let is_asked_for = self.instruction_file.is_none() && can_ask();
        if globs.is_empty() && listed.is_empty() && !is_asked_for {
            let word = words::line(&instruction);
            bail!(
                "no files are named, or the instruction is missing: '{word}' is the only word; give GLOB... INSTRUCTION"
            );
        }
        Ok(Asked {
            globs,
            listed,
            instruction,
            is_last_word: self.instruction_file.is_none(),
        })
    }
}

impl Asked {
    /// Returns the globs as a selection reads them, and the instruction. An instruction that is a path or a glob was
    /// left out: at a terminal the editor asks for it, otherwise it is refused. `tracked` are the paths of the base.
    pub(super) fn resolve(
        &self,
        repo: &Repo,
        tracked: &BTreeSet<String>,
    ) -> anyhow::Result<(Vec<String>, String)> {
        let globs = self.globs(repo, tracked);
        let names_files =
            self.is_last_word && names_files(&self.instruction, repo.prefix(), tracked);
        let is_missing = self.is_last_word && self.instruction.is_empty() && can_ask();
        if !names_files && !is_missing {
            if globs.is_empty() {
                bail!(
                    "no files are named, or the instruction is missing: '{}' is the only word; give \
                     GLOB... INSTRUCTION",
                    words::line(&self.instruction)
                );
            }
            return Ok((globs, self.instruction.clone()));
        }
        if !can_ask() {
            bail!(
                "where is the instruction? The last word '{}' names files: put globs in quotes, so that the shell \
                 leaves them alone, and the change in your own words behind them",
                words::line(&self.instruction)
            );
        }
        let mut globs = globs;
        if names_files {
            globs.push(from_root(&self.instruction, repo.root()));
        }
        let selection = Selection::parse(&globs, repo.prefix())?;
        let files: Vec<&str> = tracked
            .iter()
            .map(String::as_str)
            .filter(|path| selection.matches(path))
            .collect();
        let instruction = review::write_instruction(&files, &Term::stderr())?;
        Ok((globs, instruction))
    }

    fn globs(&self, repo: &Repo, tracked: &BTreeSet<String>) -> Vec<String> {
        let globs = self.globs.iter().map(|glob| from_root(glob, repo.root()));
        let listed = self.listed.iter().map(|entry| {
            let entry = from_root(entry, repo.root());
            // A tracked name is that name, whatever characters it has.
            if is_tracked(&entry, repo.prefix(), tracked) {
                escape_from(&entry)
            } else {
                entry
            }
        });
        globs.chain(listed).collect()
    }
}

/// Standard input, which can be read once.
#[derive(Default)]
struct StandardInput {
    is_read: bool,
}

impl StandardInput {
    fn read(&mut self) -> anyhow::Result<Vec<u8>> {
        if self.is_read {
            bail!("standard input (-) is named twice: read one of them from a file");
        }
        self.is_read = true;
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes);
        read.context("standard input cannot be read")?;
        Ok(bytes)
    }

    fn or_file(&mut self, file: &Path, dir: &Path) -> anyhow::Result<Vec<u8>> {
        if file == Path::new("-") {
            return self.read();
        }
        std::fs::read(dir.join(file)).with_context(|| format!("{} cannot be read", file.display()))
    }
}

/// Returns the entries of a list: separated by NUL bytes where it has any, else by line ends.
fn entries(list: &[u8], name: &str) -> anyhow::Result<Vec<String>> {
    let text = str::from_utf8(list).with_context(|| format!("the list {name} is not UTF-8"))?;
    let separator = if text.contains('\0') { '\0' } else { '\n' };
    let entries: Vec<String> = text
        .split(separator)
        .map(|entry| match separator {
            '\n' => entry.trim_end_matches('\r'),
            _ => entry,
        })
        .filter(|entry| !entry.trim().is_empty())
        .map(str::to_owned)
        .collect();
    if entries.is_empty() {
        bail!("the list {name} names no file");
    }
    Ok(entries)
}

/// Checks whether the last word of a command line means files and no change.
fn names_files(word: &str, prefix: &str, tracked: &BTreeSet<String>) -> bool {
    let word = word.strip_prefix('!').unwrap_or(word);
    let selected = Selection::parse(&[word.to_owned()], prefix);
    if selected.is_ok_and(|selection| tracked.iter().any(|path| selection.matches(path))) {
        return true;
    }
    let has_blank = word.contains(char::is_whitespace);
    !has_blank && (word.contains('*') || (word.contains('/') && word.contains(['?', '[', '{'])))
}

/// Turns an absolute path below the root of the repository into a pattern from the root.
fn from_root(written: &str, root: &Path) -> String {
    let (sign, path) = match written.strip_prefix('!') {
        Some(path) => ("!", path),
        None => ("", written),
    };
    if !path.starts_with('/') {
        return written.to_owned();
    }
    if let Ok(rest) = Path::new(path).strip_prefix(root) {
        let closing = if path.ends_with('/') { "/" } else { "" };
        return format!("{sign}/{}{closing}", rest.to_string_lossy());
    }
    // Another name of the root, by a link on the way to it.
    let above = Path::new(path).ancestors().find(|above| {
        let real = above.canonicalize();
        real.is_ok_and(|real| real == root)
    });
    match above.and_then(|above| Path::new(path).strip_prefix(above).ok()) {
        Some(rest) if above != Some(Path::new("/")) => format!("{sign}/{}", rest.to_string_lossy()),
        _ => written.to_owned(),
    }
}

/// Checks whether the entry of a list is the exact name of a tracked file.
fn is_tracked(entry: &str, prefix: &str, tracked: &BTreeSet<String>) -> bool {
    match entry.strip_prefix('/') {
        Some(path) => tracked.contains(path),
        None if prefix.is_empty() => tracked.contains(entry.trim_start_matches("./")),
        None => tracked.contains(&format!(
            "{}/{}",
            prefix.trim_matches('/'),
            entry.trim_start_matches("./")
        )),
    }
}

fn escape_from(entry: &str) -> String {
    match entry.strip_prefix('/') {
        Some(path) => format!("/{}", escape(path)),
        None => escape(entry),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_separated_by_lines_or_by_nul_bytes() {
        assert_eq!(entries(b"a b\r\n\nc\n", "x").unwrap(), ["a b", "c"]);
        assert_eq!(entries(b"a\nb\0c\0", "x").unwrap(), ["a\nb", "c"]);
        assert!(entries(b" \n", "x").is_err());
    }

    #[test]
    fn absolute_paths_inside_the_repository_start_at_its_root() {
        let root = Path::new("/home/me/repo");
        assert_eq!(from_root("/home/me/repo/src/*.ts", root), "/src/*.ts");
        assert_eq!(from_root("!/home/me/repo/src/", root), "!/src/");
        assert_eq!(from_root("/src", root), "/src");
        assert_eq!(from_root("src", root), "src");
    }

    #[test]
    fn a_path_or_a_glob_is_no_instruction() {
        let tracked = ["src/a.js", "docs/b c.md"].map(str::to_owned).into();
        for word in [
            "src/a.js",
            "src",
            "src/",
            "docs/b c.md",
            "*.py",
            "lib/[ab].js",
            "!src",
            ".",
        ] {
            assert!(names_files(word, "", &tracked), "{word}");
        }
        for word in [
            "Use **bold** text",
            "why?",
            "modernise",
            "from var/let to const",
            "f({a})",
        ] {
            assert!(!names_files(word, "", &tracked), "{word}");
        }
        assert!(names_files("a.js", "src", &tracked));
    }
}
