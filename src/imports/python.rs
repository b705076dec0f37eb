//! Python: reads `import a.b` and `from . import c`, and finds the modules that they name.
//!
//! A module's name begins at a folder that Python searches. No file lists these folders, but the files show them: the
//! folders of a package have an `__init__.py`, so Python searches the folder above the topmost of them; a script finds
//! the modules beside it; and the modules of a project begin in its own folder or in its `src`.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::cursor::{Cursor, is_word, text};
use super::family::FamilyResolver;
use super::outline::{Import, ImportKind, Outline};
use super::paths;
use super::source_file::{FileIndex, SourceFile};

const MANIFESTS: [&str; 3] = ["pyproject.toml", "setup.cfg", "setup.py"];

pub(super) fn is_manifest(name: &str) -> bool {
    MANIFESTS.contains(&name)
}

pub(super) fn extract(source: &[u8]) -> Outline {
    let mut found = Outline::default();
    let mut cursor = Cursor::new(source);
    let mut depth = 0_usize;
    let mut at_statement_start = true;
    while !cursor.is_at_end() {
        match cursor.peek() {
            b' ' | b'\t' | b'\r' | b'\x0c' => cursor.skip(1),
            b'#' => cursor.skip_line(),
            b'\\' => cursor.skip(2),
            b'"' | b'\'' => {
                skip_string(&mut cursor);
                at_statement_start = false;
            }
            b'\n' | b';' | b':' => {
                cursor.skip(1);
                at_statement_start = depth == 0;
            }
            b'(' | b'[' | b'{' => {
                cursor.skip(1);
                depth += 1;
                at_statement_start = false;
            }
            b')' | b']' | b'}' => {
                cursor.skip(1);
                depth = depth.saturating_sub(1);
                at_statement_start = false;
            }
            byte if is_word(byte) => match cursor.word() {
                b"import" if at_statement_start => {
                    import(&mut cursor, &mut found);
                    at_statement_start = false;
                }
                b"from" if at_statement_start => {
                    from(&mut cursor, &mut found);
                    at_statement_start = false;
                }
                _ => at_statement_start = false,
            },
            _ => {
                cursor.skip(1);
                at_statement_start = false;
            }
        }
    }
    found
}

/// Skips a string on one line or in triple quotes. The prefix has been skipped as a word. A backslash escapes the quote
/// after it even in a raw string.
fn skip_string(cursor: &mut Cursor<'_>) {
    let quote = cursor.peek();
    if cursor.peek_at(1) != quote || cursor.peek_at(2) != quote {
        cursor.quoted();
        return;
    }
    cursor.skip(3);
    while !cursor.is_at_end() {
        match cursor.peek() {
            b'\\' => cursor.skip(2),
            byte if byte == quote && cursor.peek_at(1) == quote && cursor.peek_at(2) == quote => {
                return cursor.skip(3);
            }
            _ => cursor.skip(1),
        }
    }
}

/// Skips blanks and escaped newlines.
fn skip_within_line(cursor: &mut Cursor<'_>) {
    loop {
        cursor.skip_blanks();
        if !(cursor.eat(b"\\\n") || cursor.eat(b"\\\r\n")) {
            return;
        }
    }
}

/// Skips blanks, newlines and comments, as between brackets.
fn skip_space(cursor: &mut Cursor<'_>) {
    loop {
        skip_within_line(cursor);
        match cursor.peek() {
            b'\n' => cursor.skip(1),
            b'#' => cursor.skip_line(),
            _ => return,
        }
    }
}

/// Reads `a.b.c`, with leading dots if it is relative.
fn dotted_name(cursor: &mut Cursor<'_>) -> String {
    let mut name = String::new();
    loop {
        skip_within_line(cursor);
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

/// Reads `a.b as c, d` after `import`.
fn import(cursor: &mut Cursor<'_>, found: &mut Outline) {
    loop {
        let name = dotted_name(cursor);
        if name.is_empty() {
            return;
        }
        found.import(ImportKind::Exact, name);
        skip_alias(cursor, skip_within_line);
        skip_within_line(cursor);
        if !cursor.eat(b",") {
            return;
        }
    }
}

/// Reads `.a import b as c, d` after `from`, also with the names in parentheses.
fn from(cursor: &mut Cursor<'_>, found: &mut Outline) {
    let module = dotted_name(cursor);
    skip_within_line(cursor);
    if module.is_empty() || !cursor.eat_word(b"import") {
        return;
    }
    skip_within_line(cursor);
    if cursor.eat(b"*") {
        return found.import(ImportKind::Wildcard, module);
    }
    let skip = if cursor.eat(b"(") {
        skip_space
    } else {
        skip_within_line
    };
    loop {
        skip(cursor);
        let name = text(cursor.word());
        if name.is_empty() {
            return;
        }
        let dot = if module.ends_with('.') { "" } else { "." };
        found.import(ImportKind::Member, format!("{module}{dot}{name}"));
        skip_alias(cursor, skip);
        skip(cursor);
        if !cursor.eat(b",") {
            return;
        }
    }
}

fn skip_alias(cursor: &mut Cursor<'_>, skip: fn(&mut Cursor<'_>)) {
    skip(cursor);
    if cursor.eat_word(b"as") {
        skip(cursor);
        cursor.word();
    }
}

/// The modules of a repository and the folders that Python searches for them.
pub(super) struct PythonModules {
    /// The file of each module, by its path without extension; the file of a package, by its folder.
    modules: HashMap<String, FileIndex>,
    /// The searched folders that contain each first part of a module name, the nearest to the root first.
    roots: HashMap<String, Vec<String>>,
}

impl PythonModules {
    pub(super) fn new(sources: &[(FileIndex, SourceFile<'_>)], manifests: &[(&str, &str)]) -> Self {
        let mut modules: HashMap<String, FileIndex> = HashMap::new();
        let mut packages = HashSet::new();
        let mut folders = BTreeSet::new();
        // Sources are sorted by path, so `a.py` stands before `a.pyi`.
        for (file, source) in sources {
            let folder = paths::folder(source.path);
            folders.insert(folder);
            let path = paths::without_extension(source.path);
            if paths::name(path) != "__init__" {
                modules.entry(path.to_owned()).or_insert(*file);
            } else if packages.insert(folder) {
                // Python prefers a package over a module with the same name.
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
        let below = folders.iter().flat_map(|folder| paths::ancestors(folder));
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

    /// Returns the file of the module with this dotted name below a searched folder.
    fn module(&self, root: &str, name: &str) -> Option<FileIndex> {
        let mut path = String::with_capacity(root.len() + name.len() + 1);
        path.push_str(root);
        if !root.is_empty() && !name.is_empty() {
            path.push('/');
        }
        path.extend(name.chars().map(|c| if c == '.' { '/' } else { c }));
        self.modules.get(&path).copied()
    }

    fn find(&self, root: &str, name: &str, kind: ImportKind) -> Option<FileIndex> {
        let exact = self.module(root, name);
        match kind {
            ImportKind::Member => exact.or_else(|| {
                let (module, _) = name.rsplit_once('.').unwrap_or(("", name));
                self.module(root, module)
            }),
            _ => exact,
        }
    }
}

impl FamilyResolver for PythonModules {
    fn resolve(&self, from: &SourceFile<'_>, import: &Import, found: &mut Vec<FileIndex>) {
        let here = paths::folder(from.path);
        let name = import.name.trim_start_matches('.');
        let dots = import.name.len() - name.len();
        if dots > 0 {
            if let Some(package) = paths::ancestors(here).nth(dots - 1) {
                found.extend(self.find(package, name, import.kind));
            }
            return;
        }
        let head = name.split('.').next().unwrap_or(name);
        let roots = self.roots.get(head).map_or(&[][..], Vec::as_slice);
        // The folder of a script comes first, then the roots above the importer, the nearest first.
        let above = roots
            .iter()
            .filter(|root| paths::is_within(here, root))
            .rev();
        let others = roots.iter().filter(|root| !paths::is_within(here, root));
        let beside = std::iter::once(here).filter(|here| !self.modules.contains_key(*here));
        let file = beside
            .chain(above.chain(others).map(String::as_str))
            .find_map(|root| self.find(root, name, import.kind));
        found.extend(file);
    }
}
