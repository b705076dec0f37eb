//! Python: `import a.b`, `from . import c`, and where they are looked for.
//!
//! A module's name begins at a folder that Python searches. Which these are is not written down anywhere, but it can be
//! seen: a package's folders have an `__init__.py`, so the one above the topmost is searched; scripts find what lies
//! beside them; and a project's modules begin at its own folder or in its `src`.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::cursor::{Cursor, is_word, text};
use super::resolver::{Resolve, Source};
use super::{Form, Import, Outline, paths};

const MANIFESTS: [&str; 3] = ["pyproject.toml", "setup.cfg", "setup.py"];

pub(super) fn is_manifest(name: &str) -> bool {
    MANIFESTS.contains(&name)
}

pub(super) fn extract(source: &[u8]) -> Outline {
    let mut found = Outline::default();
    let mut cursor = Cursor::new(source);
    let mut depth = 0_usize;
    let mut begins = true;
    while !cursor.is_at_end() {
        match cursor.peek() {
            b' ' | b'\t' | b'\r' | b'\x0c' => cursor.skip(1),
            b'#' => cursor.skip_line(),
            b'\\' => cursor.skip(2),
            b'"' | b'\'' => {
                skip_string(&mut cursor);
                begins = false;
            }
            b'\n' | b';' | b':' => {
                cursor.skip(1);
                begins = depth == 0;
            }
            b'(' | b'[' | b'{' => {
                cursor.skip(1);
                depth += 1;
                begins = false;
            }
            b')' | b']' | b'}' => {
                cursor.skip(1);
                depth = depth.saturating_sub(1);
                begins = false;
            }
            byte if is_word(byte) => match cursor.word() {
                b"import" if begins => {
                    import(&mut cursor, &mut found);
                    begins = false;
                }
                b"from" if begins => {
                    from(&mut cursor, &mut found);
                    begins = false;
                }
                // A soft keyword of another language's dialect (`cimport`) is none of ours.
                _ => begins = false,
            },
            _ => {
                cursor.skip(1);
                begins = false;
            }
        }
    }
    found
}

/// A literal on one line, or one in triple quotes. Prefixes are words and passed as such; even in a raw literal a
/// backslash keeps the quote after it from ending it.
fn skip_string(cursor: &mut Cursor<'_>) {
    let quote = cursor.peek();
    if cursor.ahead(1) != quote || cursor.ahead(2) != quote {
        cursor.quoted();
        return;
    }
    cursor.skip(3);
    while !cursor.is_at_end() {
        match cursor.peek() {
            b'\\' => cursor.skip(2),
            byte if byte == quote && cursor.ahead(1) == quote && cursor.ahead(2) == quote => {
                return cursor.skip(3);
            }
            _ => cursor.skip(1),
        }
    }
}

fn skip_joined(cursor: &mut Cursor<'_>) {
    loop {
        cursor.skip_blanks();
        if !(cursor.eat(b"\\\n") || cursor.eat(b"\\\r\n")) {
            return;
        }
    }
}

/// As [`skip_joined`], and over newlines and comments between brackets.
fn skip_space(cursor: &mut Cursor<'_>) {
    loop {
        skip_joined(cursor);
        match cursor.peek() {
            b'\n' => cursor.skip(1),
            b'#' => cursor.skip_line(),
            _ => return,
        }
    }
}

/// `a.b.c`, with leading dots where it is relative.
fn dotted(cursor: &mut Cursor<'_>) -> String {
    let mut name = String::new();
    loop {
        skip_joined(cursor);
        if cursor.eat(b".") {
            name.push('.');
        } else if is_word(cursor.peek()) && (name.is_empty() || name.ends_with('.')) {
            if name.starts_with('.') && !name.ends_with('.') {
                return name;
            }
            let before = cursor.clone();
            let word = cursor.word();
            if word == b"import" {
                *cursor = before;
                return name;
            }
            name.push_str(text(word));
        } else {
            return name;
        }
    }
}

/// `import a.b as c, d`
fn import(cursor: &mut Cursor<'_>, found: &mut Outline) {
    loop {
        let name = dotted(cursor);
        if name.is_empty() {
            return;
        }
        found.import(Form::Whole, name);
        alias(cursor, skip_joined);
        skip_joined(cursor);
        if !cursor.eat(b",") {
            return;
        }
    }
}

/// `from .a import b as c, d`, also in brackets
fn from(cursor: &mut Cursor<'_>, found: &mut Outline) {
    let module = dotted(cursor);
    skip_joined(cursor);
    if module.is_empty() || !cursor.eat_word(b"import") {
        return;
    }
    skip_joined(cursor);
    if cursor.eat(b"*") {
        return found.import(Form::All, module);
    }
    let space = if cursor.eat(b"(") {
        skip_space
    } else {
        skip_joined
    };
    loop {
        space(cursor);
        let name = text(cursor.word());
        if name.is_empty() {
            return;
        }
        let dot = if module.ends_with('.') { "" } else { "." };
        found.import(Form::Member, format!("{module}{dot}{name}"));
        alias(cursor, space);
        space(cursor);
        if !cursor.eat(b",") {
            return;
        }
    }
}

fn alias(cursor: &mut Cursor<'_>, space: fn(&mut Cursor<'_>)) {
    space(cursor);
    if cursor.eat_word(b"as") {
        space(cursor);
        cursor.word();
    }
}

/// Where Python looks for the modules of a repository.
pub(super) struct Python {
    /// The file of each module by its path without ending; a package's by its folder.
    modules: HashMap<String, u32>,
    /// For the first part of a name, the folders in which it is found, the nearest to the root first.
    roots: HashMap<String, Vec<String>>,
}

impl Python {
    pub(super) fn new(sources: &[(u32, Source<'_>)], manifests: &[(&str, &str)]) -> Self {
        let mut modules: HashMap<String, u32> = HashMap::new();
        let mut packages = HashSet::new();
        let mut folders = BTreeSet::new();
        // In the order of the paths, in which `a.py` stands before `a.pyi`.
        for (file, source) in sources {
            let folder = paths::folder(source.path);
            folders.insert(folder);
            let path = paths::without_ending(source.path);
            if paths::name(path) != "__init__" {
                modules.entry(path.to_owned()).or_insert(*file);
            } else if packages.insert(folder) {
                // A package is found before a module of its name.
                modules.insert(folder.to_owned(), *file);
            }
        }
        let mut searched: BTreeSet<String> = BTreeSet::from([String::new(), "src".to_owned()]);
        for &folder in &folders {
            let mut top = folder;
            while packages.contains(top) && !top.is_empty() {
                top = paths::folder(top);
            }
            if top != folder {
                searched.insert(top.to_owned());
            }
        }
        for (path, _) in manifests {
            if is_manifest(paths::name(path)) {
                let folder = paths::folder(path);
                searched.insert(folder.to_owned());
                searched.extend(paths::join(folder, "src"));
            }
        }
        let mut roots: HashMap<String, Vec<String>> = HashMap::new();
        let known = modules.keys().map(String::as_str);
        let below = folders.iter().flat_map(|folder| paths::upwards(folder));
        let all: BTreeSet<&str> = known.chain(below).filter(|path| !path.is_empty()).collect();
        for path in all {
            let folder = paths::folder(path);
            if searched.contains(folder) {
                roots
                    .entry(paths::name(path).to_owned())
                    .or_default()
                    .push(folder.to_owned());
            }
        }
        for folders in roots.values_mut() {
            folders.sort_by_key(|folder| (folder.matches('/').count(), folder.clone()));
        }
        Self { modules, roots }
    }

    /// The file of the module with that dotted name, seen from a folder that is searched.
    fn module(&self, root: &str, name: &str) -> Option<u32> {
        let mut path = String::with_capacity(root.len() + name.len() + 1);
        path.push_str(root);
        if !root.is_empty() && !name.is_empty() {
            path.push('/');
        }
        path.extend(name.chars().map(|c| if c == '.' { '/' } else { c }));
        self.modules.get(&path).copied()
    }

    fn find(&self, root: &str, name: &str, form: Form) -> Option<u32> {
        let itself = self.module(root, name);
        match form {
            Form::Member => itself.or_else(|| {
                let (module, _) = name.rsplit_once('.').unwrap_or(("", name));
                self.module(root, module)
            }),
            _ => itself,
        }
    }
}

impl Resolve for Python {
    fn resolve(&self, from: &Source<'_>, import: &Import, found: &mut Vec<u32>) {
        let here = paths::folder(from.path);
        let name = import.name.trim_start_matches('.');
        let dots = import.name.len() - name.len();
        if dots > 0 {
            if let Some(package) = paths::upwards(here).nth(dots - 1) {
                found.extend(self.find(package, name, import.form));
            }
            return;
        }
        let head = name.split('.').next().unwrap_or(name);
        let roots = self.roots.get(head).map_or(&[][..], Vec::as_slice);
        // Of several the one that is nearest to the importer, a script's own folder before all.
        let nearest = roots
            .iter()
            .filter(|root| root.is_empty() || is_within(here, root))
            .rev();
        let others = roots
            .iter()
            .filter(|root| !(root.is_empty() || is_within(here, root)));
        let beside = std::iter::once(here).filter(|here| !self.modules.contains_key(*here));
        let file = beside
            .chain(nearest.chain(others).map(String::as_str))
            .find_map(|root| self.find(root, name, import.form));
        found.extend(file);
    }
}

fn is_within(folder: &str, root: &str) -> bool {
    folder
        .strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
