//! Follows a check's command into the scripts and targets that it starts.

use std::collections::BTreeSet;

use super::recipes::{MAKEFILES, Part, rule, scripts, targets};
use crate::check::command::Check;

/// A chain of scripts that start each other is followed so far.
const MOST: usize = 64;

/// Package managers that run scripts, with the file that holds them.
const MANAGERS: [(&str, &str); 5] = [
    ("npm", "package.json"),
    ("pnpm", "package.json"),
    ("yarn", "package.json"),
    ("bun", "package.json"),
    ("composer", "composer.json"),
];

/// A command of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recipe {
    /// The file, from the root.
    pub(super) path: String,
    pub(super) part: Part,
}

/// Everything that a command leads to.
#[derive(Debug, Default)]
pub(super) struct Reached {
    pub(super) recipes: Vec<Recipe>,
    /// The words of all these commands, without the folders before the names of programs; and `cargo test` for each
    /// way to run it.
    pub(super) words: BTreeSet<String>,
}

/// Follows the command of a check. `read` returns the text of a file, named from the root.
pub(super) fn reach(check: &Check, read: &dyn Fn(&str) -> Option<String>) -> Reached {
    let mut reached = Reached::default();
    let mut open = vec![(check.dir.clone(), check.name.clone())];
    while let Some((dir, text)) = open.pop() {
        for line in text.lines() {
            for (dir, words) in commands(&dir, line) {
                let names = words
                    .iter()
                    .map(|word| word.rsplit('/').next().unwrap_or(word));
                reached.words.extend(names.map(str::to_owned));
                let has = |names: &[&str]| words.iter().any(|word| names.contains(&&**word));
                if has(&["cargo"]) && has(&["test", "t", "nextest"]) {
                    reached.words.insert("cargo test".to_owned());
                }
                for recipe in started(&dir, &words, read) {
                    if reached.recipes.contains(&recipe) || reached.recipes.len() >= MOST {
                        continue;
                    }
                    let text = read(&recipe.path).and_then(|text| recipe.part.text(&text));
                    let of = recipe.path.rsplit_once('/').map_or("", |(dir, _)| dir);
                    // A shell script runs in the folder of its caller.
                    let of = if recipe.part == Part::Whole { &dir } else { of };
                    open.extend(text.map(|text| (of.to_owned(), text)));
                    reached.recipes.push(recipe);
                }
            }
        }
    }
    reached
}

/// Splits a line into its commands, each with the folder in which it runs.
fn commands(dir: &str, line: &str) -> Vec<(String, Vec<String>)> {
    let mut dir = dir.to_owned();
    let mut found = Vec::new();
    for part in line.split(['&', ';', '|', '(', ')']) {
        let is_quote = |c: char| matches!(c, '"' | '\'' | '`' | '@' | '$' | '{' | '}');
        let words: Vec<String> = part
            .split_whitespace()
            .map(|word| word.trim_matches(is_quote).to_owned())
            .filter(|word| !word.is_empty())
            .collect();
        match &words[..] {
            [] => {}
            [cd, to, ..] if cd == "cd" => dir = joined(&dir, to),
            _ => {
                let flag = |word: &String| matches!(&**word, "-C" | "--prefix" | "--dir" | "--cwd");
                let to = words.iter().position(flag).and_then(|at| words.get(at + 1));
                let place = to.map_or_else(|| dir.clone(), |to| joined(&dir, to));
                found.push((place, words));
            }
        }
    }
    found
}

/// Returns the commands of the project that a command starts.
fn started(dir: &str, words: &[String], read: &dyn Fn(&str) -> Option<String>) -> Vec<Recipe> {
    let has = |word: &str| words.iter().any(|it| it == word);
    let mut found = Vec::new();
    let manager = MANAGERS.iter().find(|(name, _)| has(name));
    if let Some((_, file)) = manager
        && let Some((path, text)) = nearest(dir, file, read)
    {
        let known = scripts(&text);
        let named = words.iter().map(|word| match &**word {
            "t" | "tst" => "test",
            word => word,
        });
        for name in named.filter(|name| known.contains(*name)) {
            for name in [name.to_owned(), format!("pre{name}"), format!("post{name}")] {
                if known.contains(&name) {
                    let (path, part) = (path.clone(), Part::Script(name));
                    found.push(Recipe { path, part });
                }
            }
        }
    }
    if has("make") || has("gmake") {
        let files = MAKEFILES.iter().map(|name| joined(dir, name));
        let file = files.filter_map(|path| read(&path).map(|text| (path, text)));
        if let Some((path, text)) = { file }.next() {
            for name in needed(&text, words) {
                let (path, part) = (path.clone(), Part::Target(name));
                found.push(Recipe { path, part });
            }
        }
    }
    let name = |word: &str| word.rsplit('/').next().unwrap_or(word).to_owned();
    let is_shell = words
        .first()
        .is_some_and(|word| matches!(&*name(word), "sh" | "bash" | "dash"));
    let scripts = words.iter().take(if is_shell { 2 } else { 1 });
    for word in scripts.filter(|word| word.contains('/') || is_shell) {
        let file = name(word);
        let ending = file.rsplit_once('.').map(|(_, ending)| ending);
        let is_script = matches!(ending, None | Some("sh" | "bash"));
        let path = joined(dir, word);
        if is_script && read(&path).is_some() {
            let part = Part::Whole;
            found.push(Recipe { path, part });
        }
    }
    found
}

/// Returns the targets that a command names, or the first one, and everything that they need.
fn needed(makefile: &str, words: &[String]) -> Vec<String> {
    let known = targets(makefile);
    let named = words.iter().map(String::as_str);
    let mut open: Vec<&str> = named.filter(|word| known.contains(word)).collect();
    if open.is_empty() {
        open.extend(known.first());
    }
    let mut found: Vec<String> = Vec::new();
    while let Some(name) = open.pop() {
        if found.len() >= MOST || found.iter().any(|it| it == name) {
            continue;
        }
        found.push(name.to_owned());
        let rules = makefile.lines().filter_map(rule);
        let own = rules.filter(|(names, _)| names.split_whitespace().any(|it| it == name));
        let needs = own.flat_map(|(_, needs)| needs.split_whitespace());
        open.extend(needs.filter(|need| known.contains(need)));
    }
    found
}

/// Returns the file of this name in the folder, or in the nearest folder above that has one.
fn nearest(
    dir: &str,
    name: &str,
    read: &dyn Fn(&str) -> Option<String>,
) -> Option<(String, String)> {
    let mut dir = dir;
    loop {
        let path = joined(dir, name);
        if let Some(text) = read(&path) {
            return Some((path, text));
        }
        if dir.is_empty() {
            return None;
        }
        dir = dir.rsplit_once('/').map_or("", |(above, _)| above);
    }
}

/// Returns the path of a name in a folder, both from the root.
fn joined(dir: &str, name: &str) -> String {
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
