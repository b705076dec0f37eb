//! Reads from the output of a check which files it complains about: compilers, linters, type checkers and formatters
//! begin such a line with the file. A stack trace names files, too, but no complaint, so it does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

/// Longer lines are cut: no file is named behind them.
const LINE_LIMIT: u64 = 4096;
/// So many different names are looked for on the disk.
const NAMES_LIMIT: usize = 5000;

/// A file with a line behind it: `a.ts:3:5`, `a.ts(3,5)`, `--> a.rs:3:5` (rustc), `error: a.c:3` or `Diff in a.rs:3`
/// (rustfmt).
static AT_LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)^\s*(?:-->\s+|(?:error|warning)(?:\[[^\]]*\])?:?\s+|\[[a-z]+\]\s+|diff in )?",
        r#"(?P<path>[^\s:()"'][^:()"']*?)(?::\d+|\(\d+,\s*\d+\))"#,
    ))
    .ok()
});

/// A file alone, as formatters name the files that they would change: `would reformat a.py`, `[warn] a.js`, `a.go`.
static ALONE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)^\s*(?:would reformat:?\s+|\[(?:warn|error)\]\s+)?(?P<path>\S.*?\.\w+)\s*$")
        .ok()
});

/// Returns the files below `worktree` that the output of a check in its folder `dir` complains about, as paths from
/// `worktree`.
pub(super) fn places(worktree: &Path, dir: &str, log: &Path) -> io::Result<BTreeSet<String>> {
    let mut files = Files {
        worktree,
        dir: worktree.join(dir),
        known: BTreeMap::new(),
    };
    let mut output = BufReader::new(File::open(log)?);
    let mut found = BTreeSet::new();
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let mut part = output.by_ref().take(LINE_LIMIT);
        if part.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(found);
        }
        if !bytes.ends_with(b"\n") {
            output.skip_until(b'\n')?;
        }
        let text = String::from_utf8_lossy(&bytes);
        let line = console::strip_ansi_codes(text.trim_end());
        for form in [&*AT_LINE, &*ALONE].into_iter().flatten() {
            let named = form.captures(&line).and_then(|named| named.name("path"));
            found.extend(named.and_then(|path| files.find(path.as_str())));
        }
    }
}

/// Finds files by the names that a check gives them.
struct Files<'a> {
    worktree: &'a Path,
    dir: PathBuf,
    known: BTreeMap<String, Option<String>>,
}

impl Files<'_> {
    fn find(&mut self, name: &str) -> Option<String> {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        if self.known.len() >= NAMES_LIMIT {
            return None;
        }
        let found = [&self.dir, self.worktree]
            .into_iter()
            .map(|folder| folder.join(name))
            .find(|path| path.is_file())
            .and_then(|path| below(self.worktree, &path));
        self.known.insert(name.to_owned(), found.clone());
        found
    }
}

/// Returns the path from `folder` on, without the parts `.` and `..`; `None` where it leads out of the folder.
fn below(folder: &Path, path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.strip_prefix(folder).ok()?.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_name_files_and_stack_traces_do_not() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path();
        std::fs::create_dir_all(root.join("app/src")).expect("folders");
        for file in [
            "a.ts",
            "app/b.js",
            "app/src/c.py",
            "d.rs",
            "e.go",
            "f.js",
            "g.rs",
            "app/h.py",
            "trace.js",
        ] {
            std::fs::write(root.join(file), "").expect("a file");
        }
        let log = root.join("log");
        let output = format!(
            "a.ts(3,5): error TS2304: Cannot find name 'Foo'.\n\
             {root}/app/b.js\n  3:5  error  no-undef\n\
             \u{1b}[1msrc/c.py:3: error: no\u{1b}[0m\n\
             error[E0308]: mismatched types\n  --> d.rs:3:5\n\
             e.go\n[warn] ../f.js\nDiff in {root}/g.rs:7:\nwould reformat h.py\n\
             \x20   at Object.<anonymous> ({root}/trace.js:3:5)\n  File \"trace.js\", line 3\n\
             missing.ts:1: error\nhttp://x:80/\n/etc/passwd:1: error\n",
            root = root.display()
        );
        std::fs::write(&log, output).expect("a log");
        let found = places(root, "app", &log).expect("the log");
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            [
                "a.ts",
                "app/b.js",
                "app/h.py",
                "app/src/c.py",
                "d.rs",
                "e.go",
                "f.js",
                "g.rs"
            ]
        );
    }

    #[test]
    fn the_rest_of_a_long_line_is_no_line() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path();
        for file in ["a.ts", "b.ts"] {
            std::fs::write(root.join(file), "").expect("a file");
        }
        let log = root.join("log");
        let wide = "x".repeat(4096);
        std::fs::write(
            &log,
            format!("{wide}a.ts:1: x\nb.ts:1: no\n{wide}\nb.ts:1: no"),
        )
        .expect("a log");
        let found = places(root, "", &log).expect("the log");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["b.ts"]);
    }
}
