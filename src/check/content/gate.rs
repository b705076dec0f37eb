//! The gate: everything that is looked for in a unit's work.

use std::collections::HashMap;

use super::added_secrets::added_secrets;
use super::damage::damage;
use super::deleted::deleted;
use super::entry::ChangedEntry;
use super::expectations::changed_expectations;
use super::file::ChangedFile;
use super::finding::Finding;
use super::instruction::Instruction;
use super::lost_exports::lost_exports;
use super::repository::Repository;
use super::rules::{RuleError, Rules};
use super::sensitive::sensitive;
use super::undeclared::undeclared_imports;
use crate::config::ContentConfig;

/// Looks for everything that is wrong with content.
#[derive(Debug)]
pub(crate) struct Gate {
    rules: Rules,
}

impl Gate {
    /// Makes the gate with the rules of batch and those of the settings.
    pub(crate) fn new(settings: &ContentConfig) -> Result<Self, RuleError> {
        Ok(Self {
            rules: Rules::compile(&settings.rules)?,
        })
    }

    /// Returns what is wrong with the paths that a unit changed, by path; `files` are those that can be read.
    pub(crate) fn look_at(
        &self,
        entries: &[ChangedEntry],
        files: &[ChangedFile],
        instruction: &Instruction,
        repository: &Repository<'_>,
    ) -> Vec<Finding> {
        let mut found = sensitive(entries, files);
        found.extend(added_secrets(files));
        found.extend(damage(files, instruction));
        let lost = lost_lines(files);
        for (at, file) in files.iter().enumerate() {
            let is_moved = |line: &str| lost.get(line).is_some_and(|by| *by != LostBy::One(at));
            let by_rules = self
                .rules
                .find(file, is_moved, |found| instruction.asks_for(found));
            found.extend(by_rules);
        }
        found.extend(deleted(files, instruction));
        found.extend(changed_expectations(files));
        found.extend(undeclared_imports(files, instruction, repository));
        found.extend(lost_exports(files, instruction, repository));
        found.sort_by(|one, other| (&one.path, one.line).cmp(&(&other.path, other.line)));
        found
    }
}

/// The files of a unit that lost a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LostBy {
    /// The file at this place.
    One(usize),
    Several,
}

/// Returns the lines that files lost, with the files.
fn lost_lines(files: &[ChangedFile]) -> HashMap<&str, LostBy> {
    let mut lost = HashMap::new();
    for (at, file) in files.iter().enumerate() {
        for line in file.lost_lines() {
            let by = lost.entry(line).or_insert(LostBy::One(at));
            if *by != LostBy::One(at) {
                *by = LostBy::Several;
            }
        }
    }
    lost
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::check::content::file::changed;
    use crate::config::FindingKind;

    /// The kinds of what is found where a line is added to a file.
    fn kinds(path: &str, line: &str, instruction: &str) -> Vec<FindingKind> {
        let gate = Gate::new(&ContentConfig::default()).unwrap();
        let file = changed(path, Some("f();\n"), Some(&format!("f();\n{line}\n")));
        let paths = BTreeSet::from([path.to_owned()]);
        let repository = Repository::new(&paths, &|_| None);
        let found = gate.look_at(&[], &[file], &Instruction::new(instruction), &repository);
        found.iter().map(|it| it.kind).collect()
    }

    fn placeholder_in(path: &str, line: &str) -> bool {
        kinds(path, line, "replace f by g").contains(&FindingKind::Placeholder)
    }

    #[test]
    fn a_line_that_another_file_lost_is_not_new() {
        let gate = Gate::new(&ContentConfig::default()).unwrap();
        let found = |from: [&str; 2]| {
            let [one, two] = from;
            let files = [
                changed("a.js", Some(one), Some("g();\ndebugger;\n")),
                changed("b.js", Some(two), Some("g();\n")),
            ];
            let repository = BTreeSet::new();
            let repository = Repository::new(&repository, &|_| None);
            let found = gate.look_at(&[], &files, &Instruction::new("f to g"), &repository);
            found
                .iter()
                .filter(|it| it.kind == FindingKind::Debug)
                .count()
        };
        assert_eq!(found(["f();\n", "f();\n"]), 1);
        assert_eq!(found(["f();\n", "f();\ndebugger;\n"]), 0);
        assert_eq!(found(["f();\nx;\n", "f();\nx;\ndebugger;\n"]), 0);
    }

    #[test]
    fn words_in_place_of_code_are_found() {
        for line in [
            "// ... rest of the code remains unchanged ...",
            "# ... existing code ...",
            "/* rest of the file unchanged */",
            "    // Rest of the implementation stays the same",
            "    # (rest of the function unchanged)",
            "// ... existing imports ...",
            "<!-- ... rest of the content ... -->",
            "{/* ... existing JSX code ... */}",
            "[truncated]",
            "// [truncated for brevity]",
            "[... omitted ...]",
            "# ... other methods ...",
            "// ... keep existing code",
            "... rest of file ...",
            "// remaining code unchanged",
            "-- ... (rest of the file)",
            "// Your code here",
        ] {
            assert!(placeholder_in("a.x", line), "{line}");
        }
    }

    #[test]
    fn usual_code_and_comments_are_no_placeholders() {
        for line in [
            "const { a, ...rest } = props;",
            "// Handle the rest of the arguments.",
            "// Skip the remaining lines of the block.",
            "# The existing code in foo handles this.",
            "def f(*args): ...",
            "    ...",
            "let [first, ...others] = all;",
            "// truncated to 80 columns",
            "text = \"[truncated]\" + x",
            "// the rest of the file is parsed lazily",
            "# Rest of the options",
            "return existing.code;",
        ] {
            assert!(!placeholder_in("a.x", line), "{line}");
        }
        assert!(!placeholder_in("docs/a.md", "// ... existing code ..."));
    }

    #[test]
    fn careless_lines_are_found_in_their_languages() {
        use FindingKind::{Debug, Suppression, Unfinished};
        for (path, line, kind) in [
            ("a.js", "  console.log(\"DEBUG here 1\");", Debug),
            ("a.js", "  f(); debugger;", Debug),
            ("a.ts", "  debugger", Debug),
            ("a.py", "print(f())", Debug),
            ("a.py", "f()\nimport pdb; pdb.set_trace()", Debug),
            ("a.rs", "    let x = dbg!(f());", Debug),
            ("a.go", "fmt.Println(f())", Debug),
            ("a.rb", "binding.pry", Debug),
            ("a.php", "var_dump($x);", Debug),
            ("a.ts", "// @ts-nocheck", Suppression),
            ("a.ts", "f(x as any);", Suppression),
            ("a.js", "/* eslint-disable no-undef */", Suppression),
            ("a.py", "f(x)  # type: ignore", Suppression),
            ("a.py", "f(x)  # noqa: E501", Suppression),
            ("a.rs", "#[allow(dead_code)]", Suppression),
            ("a.java", "@SuppressWarnings(\"unchecked\")", Suppression),
            ("a.go", "f() // nolint:errcheck", Suppression),
            ("a.js", "// TODO: implement the rest", Unfinished),
            ("a.py", "# TODO(ada) implement me", Unfinished),
            (
                "a.js",
                "throw new Error('Not implemented yet');",
                Unfinished,
            ),
            ("a.py", "raise NotImplementedError", Unfinished),
            ("a.rs", "    todo!()", Unfinished),
            ("a.rs", "    unimplemented!(\"later\");", Unfinished),
            ("a.kt", "fun g(): Int = TODO()", Unfinished),
        ] {
            assert!(
                kinds(path, line, "f to g").contains(&kind),
                "{path}: {line}"
            );
        }
    }

    #[test]
    fn usual_lines_and_what_was_asked_for_are_not_careless() {
        for (path, line, instruction) in [
            ("src/cli/a.js", "console.log(f());", "f to g"),
            ("tests/a.py", "print(f())", "f to g"),
            ("a.js", "logger.debug(f());", "f to g"),
            ("a.rs", "// dbg!(x) prints x", "f to g"),
            ("a.ts", "const company = 1;", "f to g"),
            ("a.js", "// implement f by g", "f to g"),
            ("a.md", "TODO: implement", "f to g"),
            (
                "a.js",
                "// eslint-disable-next-line",
                "add eslint-disable where it is needed",
            ),
        ] {
            assert_eq!(kinds(path, line, instruction), [], "{path}: {line}");
        }
    }
}
