//! Compares the imports that the readers find with those that a full parse finds, on small texts and, given a folder,
//! on real sources:
//!
//!     BATCH_SOURCES=folder cargo test --release --lib imports::parser_comparison -- --ignored --nocapture

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use ast_grep_core::tree_sitter::StrDoc;
use ast_grep_core::{Node, tree_sitter::LanguageExt};
use ast_grep_language::SupportLang;

use super::extract;
use super::language::Language;
use super::outline::ImportKind;

type Tree<'r> = Node<'r, StrDoc<SupportLang>>;

fn parser(path: &str) -> Option<SupportLang> {
    Some(match path.rsplit('.').next()? {
        "ts" | "mts" | "cts" => SupportLang::TypeScript,
        "tsx" => SupportLang::Tsx,
        "js" | "jsx" | "mjs" | "cjs" => SupportLang::JavaScript,
        "py" | "pyi" => SupportLang::Python,
        "rs" => SupportLang::Rust,
        "go" => SupportLang::Go,
        "java" => SupportLang::Java,
        "kt" | "kts" => SupportLang::Kotlin,
        "c" => SupportLang::C,
        "h" | "cc" | "cpp" | "hpp" => SupportLang::Cpp,
        "cs" => SupportLang::CSharp,
        "rb" => SupportLang::Ruby,
        "php" => SupportLang::Php,
        _ => return None,
    })
}

/// Returns the imports that a full parse finds.
fn parsed(lang: SupportLang, text: &str) -> BTreeSet<String> {
    let root = lang.ast_grep(text);
    let mut found = BTreeSet::new();
    walk(lang, &root.root(), "", &mut found);
    if lang == SupportLang::Rust {
        found.retain(|it| !matches!(it.as_str(), "self" | "super" | "crate" | "_"));
    }
    found
}

fn walk(lang: SupportLang, node: &Tree<'_>, module: &str, found: &mut BTreeSet<String>) {
    let mut module = module.to_owned();
    match lang {
        SupportLang::TypeScript | SupportLang::Tsx | SupportLang::JavaScript => {
            javascript(node, found);
        }
        SupportLang::Python => python(node, found),
        SupportLang::Rust => rust(lang, node, &mut module, found),
        SupportLang::Go => {
            if node.kind() == "import_spec" {
                found.extend(node.field("path").map(|path| unquoted(&path.text())));
            }
        }
        SupportLang::Java => {
            if node.kind() == "import_declaration" {
                let text = node.text();
                let words = text.trim_end_matches(';').split_whitespace();
                found.extend(
                    words
                        .last()
                        .map(|name| name.trim_end_matches(".*").to_owned()),
                );
            }
        }
        SupportLang::Kotlin => {
            if node.kind() == "import_header" {
                let names = node.children().find(|child| child.kind() == "identifier");
                found.extend(names.map(|name| name.text().replace('`', "")));
            }
        }
        SupportLang::C | SupportLang::Cpp => {
            // These grammars do not know the `#import` of Objective-C.
            if node.kind() == "preproc_call"
                && node
                    .field("directive")
                    .is_some_and(|it| it.text() == "#import")
            {
                let path = node.field("argument").map(|it| unquoted(it.text().trim()));
                found.extend(path);
            }
            if node.kind() == "preproc_include" {
                let path = node
                    .field("path")
                    .filter(|path| path.kind() != "identifier" && path.kind() != "call_expression");
                found.extend(path.map(|path| unquoted(&path.text())));
            }
        }
        SupportLang::CSharp => {
            if node.kind() == "using_directive" {
                let name = node.children().filter(Node::is_named).last();
                found.extend(name.map(|name| {
                    name.text()
                        .split('<')
                        .next()
                        .unwrap_or_default()
                        .replace("global::", "")
                }));
            }
        }
        SupportLang::Ruby => ruby(node, found),
        _ => php(node, found),
    }
    for child in node.children() {
        walk(lang, &child, &module, found);
    }
}

fn unquoted(text: &str) -> String {
    text.trim_matches(['"', '\'', '`', '<', '>']).to_owned()
}

fn javascript(node: &Tree<'_>, found: &mut BTreeSet<String>) {
    match &*node.kind() {
        "import_statement" | "export_statement" | "import_require_clause" => {
            found.extend(node.field("source").map(|source| unquoted(&source.text())));
        }
        "call_expression" => {
            let is_import = node
                .field("function")
                .is_some_and(|it| matches!(&*it.text(), "require" | "import"));
            let first = node
                .field("arguments")
                .and_then(|it| it.children().find(Node::is_named));
            let is_literal = |it: &Tree<'_>| {
                it.kind() == "string"
                    || (it.kind() == "template_string" && !it.text().contains('$'))
            };
            let first = first.filter(|it| is_import && is_literal(it));
            found.extend(first.map(|it| unquoted(&it.text())));
        }
        _ => {}
    }
}

fn python(node: &Tree<'_>, found: &mut BTreeSet<String>) {
    let plain = |node: &Tree<'_>| {
        let name = node
            .field("name")
            .filter(|_| node.kind() == "aliased_import");
        let text = name.as_ref().unwrap_or(node).text();
        text.chars()
            .filter(|c| !c.is_whitespace() && *c != '\\')
            .collect::<String>()
    };
    match &*node.kind() {
        "import_statement" => {
            found.extend(node.children().filter(Node::is_named).map(|it| plain(&it)));
        }
        "import_from_statement" => {
            let Some(module) = node.field("module_name") else {
                return;
            };
            let names = node
                .children()
                .filter(|it| it.is_named() && it.range() != module.range());
            let module = plain(&module);
            for name in names {
                match &*name.kind() {
                    "wildcard_import" => found.extend([module.clone()]),
                    "dotted_name" | "aliased_import" => {
                        let dot = if module.ends_with('.') { "" } else { "." };
                        found.extend([format!("{module}{dot}{}", plain(&name))]);
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// Collects the names in `use` and `mod`, and the paths that begin with `crate`, `self` or `super`.
fn rust(lang: SupportLang, node: &Tree<'_>, module: &mut String, found: &mut BTreeSet<String>) {
    match &*node.kind() {
        "use_declaration" => {
            if let Some(tree) = node.field("argument") {
                let mut paths = BTreeSet::new();
                use_tree(&tree, "", &mut paths);
                found.extend(paths.iter().map(|path| from_file(module, path)));
            }
        }
        "mod_item" => {
            let name = node.field("name").map(|name| name.text().replace("r#", ""));
            let name = name.unwrap_or_default();
            let has_path = node
                .prev()
                .is_some_and(|it| it.kind() == "attribute_item" && it.text().contains("path ="));
            if node.field("body").is_some() {
                *module = format!("{module}{name}::");
            } else if !has_path {
                found.insert(format!("self::{module}{name}"));
            }
        }
        "scoped_identifier" | "scoped_type_identifier" => {
            let text: String = node.text().chars().filter(|c| !c.is_whitespace()).collect();
            let path = text.replace("r#", "");
            let is_part = node
                .parent()
                .is_some_and(|it| it.kind().starts_with("scoped_"));
            let is_use = node.ancestors().any(|it| it.kind() == "use_declaration");
            let is_own = ["crate::", "super::", "self::"]
                .iter()
                .any(|it| path.starts_with(it));
            if is_own && !is_part && !is_use && !path.contains('<') {
                found.insert(from_file(module, &path));
            }
        }
        // The input of a macro is mostly code too.
        "token_tree" => {
            let text = node.text();
            let inner = &text[1..text.len().saturating_sub(1).max(1)];
            let nested = node.parent().is_some_and(|it| it.kind() == "token_tree");
            let keywords = ["use ", "mod ", "crate::", "super::", "self::"];
            if !nested && keywords.iter().any(|it| inner.contains(it)) {
                let root = lang.ast_grep(inner);
                walk(lang, &root.root(), module, found);
            }
        }
        _ => {}
    }
}

/// Rewrites a path in the open inline modules as a path from the file's own module.
fn from_file(module: &str, path: &str) -> String {
    let mut open: Vec<&str> = module.split("::").filter(|it| !it.is_empty()).collect();
    let mut parts: Vec<&str> = path.split("::").collect();
    let is_own = matches!(parts[0], "self" | "super");
    if open.is_empty() || !is_own {
        return path.to_owned();
    }
    if parts[0] == "self" {
        parts.remove(0);
    }
    while !open.is_empty() && parts.first() == Some(&"super") {
        open.pop();
        parts.remove(0);
    }
    if parts.first() == Some(&"super") {
        return parts.join("::");
    }
    [vec!["self"], open, parts].concat().join("::")
}

fn use_tree(node: &Tree<'_>, prefix: &str, found: &mut BTreeSet<String>) {
    let path = |node: &Tree<'_>| {
        let text: String = node.text().chars().filter(|c| !c.is_whitespace()).collect();
        text.replace("r#", "").replace('$', "")
    };
    match &*node.kind() {
        "use_list" => node
            .children()
            .filter(Node::is_named)
            .for_each(|it| use_tree(&it, prefix, found)),
        "scoped_use_list" => {
            let inner = node.field("path").map(|it| path(&it)).unwrap_or_default();
            if let Some(list) = node.field("list") {
                use_tree(&list, &format!("{prefix}{inner}::"), found);
            }
        }
        "use_as_clause" => {
            if let Some(name) = node.field("path") {
                use_tree(&name, prefix, found);
            }
        }
        "use_wildcard" => {
            let text = path(node);
            let all = format!("{prefix}{}", text.trim_end_matches('*'));
            found.insert(all.trim_end_matches("::").to_owned());
        }
        "identifier" | "scoped_identifier" | "self" | "crate" | "super" | "metavariable" => {
            let full = format!("{prefix}{}", path(node));
            found.insert(full.strip_suffix("::self").unwrap_or(&full).to_owned());
        }
        _ => {}
    }
}

fn ruby(node: &Tree<'_>, found: &mut BTreeSet<String>) {
    let method = node.field("method").map(|it| it.text().into_owned());
    if node.kind() != "call" || node.field("receiver").is_some() {
        return;
    }
    let place = match method.as_deref() {
        Some("require" | "require_relative" | "load") => 0,
        Some("autoload") => 1,
        _ => return,
    };
    let arguments = node.field("arguments");
    let argument = arguments.and_then(|it| it.children().filter(Node::is_named).nth(place));
    let literal = argument.filter(|it| it.kind() == "string" && !it.text().contains("#{"));
    found.extend(literal.map(|it| unquoted(&it.text())));
}

fn php(node: &Tree<'_>, found: &mut BTreeSet<String>) {
    if node.kind() != "namespace_use_declaration" {
        return;
    }
    let text = node.text();
    let text = text.trim_start_matches("use").trim_end_matches(';');
    let (prefix, list) = text.split_once('{').unwrap_or(("", text));
    let without_kind = |name: &str| {
        let name = name.trim();
        let name = name
            .strip_prefix("function ")
            .or_else(|| name.strip_prefix("const "))
            .unwrap_or(name);
        let name = name.split(" as ").next().unwrap_or_default();
        name.trim().trim_start_matches('\\').to_owned()
    };
    for name in list
        .trim_end_matches('}')
        .split(',')
        .filter(|name| !name.trim().is_empty())
    {
        found.insert(format!("{}{}", without_kind(prefix), without_kind(name)));
    }
}

/// Returns the imports that the reader finds, without the kinds that `parsed` does not collect.
fn read(language: Language, text: &str) -> BTreeSet<String> {
    let is_comparable = |kind: ImportKind, name: &str| match language {
        Language::Rust | Language::JavaScript | Language::Php => kind != ImportKind::File,
        _ => !name.is_empty(),
    } && !(language == Language::Rust && matches!(name, "self" | "super" | "crate" | "_"));
    extract(language, text.as_bytes())
        .imports
        .into_iter()
        .filter(|import| is_comparable(import.kind, &import.name))
        .map(|import| import.name)
        .collect()
}

#[derive(Default)]
struct Score {
    files: usize,
    bytes: usize,
    both: usize,
    only_read: usize,
    only_parsed: usize,
    reading: Duration,
    parsing: Duration,
}

#[test]
fn readers_agree_with_a_full_parse() {
    for (path, text) in [
        (
            "a.ts",
            "import a, { type B } from './b'; export * from \"c\"; import d = require('e'); type F = import('./f').G;",
        ),
        (
            "a.js",
            "const a = require('b'), c = async () => import(`./d`); // import 'e'\nexport { f } from '../g';",
        ),
        (
            "a.tsx",
            "import a from 'b';\nexport const C = () => <p title=\"x\">don't</p>;\nconst d = require('d');\n\
             import 'e';\n",
        ),
        (
            "a.py",
            "import a.b as c, d\nfrom . import (e,\n  f as g)\ntry:\n    from ..h.i import *\nexcept: 'import j'\n",
        ),
        (
            "a.rs",
            "use a::{self, b::{c as d, e::*}}; mod f; mod g { use super::super::h; mod i; } fn j() { crate::k::l() }",
        ),
        (
            "a.go",
            "package a\nimport (\n\tb \"c/d\"\n\t. \"e\"\n)\nimport \"f\"\nvar g = \"import\"\n",
        ),
        (
            "a.java",
            "package a; import b.C; import static d.E.f; import g.*; class H { String i = \"import j;\"; }",
        ),
        ("a.kt", "package a\nimport b.c as d\nimport e.*\nclass F"),
        (
            "a.c",
            "#include \"b.h\"\n#  include <c/d.h>\n/* #include \"e.h\" */\n",
        ),
        (
            "a.hpp",
            "#pragma once\n#include <b>\nauto c = R\"(\n#include \"d.h\"\n)\";\n",
        ),
        (
            "a.cs",
            "using A; using static B.C; namespace D { using E = F.G<int>; class H {} }",
        ),
        (
            "a.rb",
            "require 'a'\nrequire_relative \"b/c\" # require 'd'\nautoload :E, 'e'\n",
        ),
        (
            "a.php",
            "<?php namespace A; use B\\C; use D\\{E, F as G}; use function H\\i; // use J;\n",
        ),
    ] {
        let (language, lang) = (Language::of_path(path), parser(path));
        let (Some(language), Some(lang)) = (language, lang) else {
            panic!("{path} is in no known language");
        };
        assert_eq!(read(language, text), parsed(lang, text), "{path}");
        assert!(!read(language, text).is_empty(), "{path}");
    }
}

#[test]
#[expect(
    clippy::print_stderr,
    clippy::cast_precision_loss,
    reason = "it reports to a person"
)]
#[ignore = "needs a folder with sources"]
fn readers_agree_with_a_full_parse_of_real_sources() {
    let folder = std::env::var("BATCH_SOURCES").expect("BATCH_SOURCES names a folder");
    let shows = std::env::var_os("BATCH_SHOW").is_some();
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut paths: Vec<_> = walkdir::WalkDir::new(&folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|it| it.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect();
    paths.sort();
    for path in paths {
        compare(&path, shows, &mut scores);
    }
    for (language, score) in scores {
        let ratio = |part: usize, other: usize| 100.0 * part as f64 / (part + other).max(1) as f64;
        eprintln!(
            "{language}: {} files, {} kB, {} imports; precision {:.2} %, recall {:.2} %; reading {:.0} MB/s, \
             parsing {:.1} MB/s, {:.0} times slower",
            score.files,
            score.bytes / 1_000,
            score.both + score.only_parsed,
            ratio(score.both, score.only_read),
            ratio(score.both, score.only_parsed),
            score.bytes as f64 / 1e6 / score.reading.as_secs_f64(),
            score.bytes as f64 / 1e6 / score.parsing.as_secs_f64(),
            score.parsing.as_secs_f64() / score.reading.as_secs_f64(),
        );
    }
}

#[expect(clippy::print_stderr, reason = "it reports to a person")]
fn compare(path: &Path, shows: bool, scores: &mut BTreeMap<String, Score>) {
    let name = path.to_string_lossy();
    let (Some(language), Some(lang)) = (Language::of_path(&name), parser(&name)) else {
        return;
    };
    let Ok(text) = std::fs::read_to_string(path) else {
        return;
    };
    let start = Instant::now();
    let read = read(language, &text);
    let reading = start.elapsed();
    let start = Instant::now();
    // Only the parse counts, not the search through its tree.
    let root = lang.ast_grep(&text);
    let parsing = start.elapsed();
    drop(root);
    let parsed = parsed(lang, &text);
    let score = scores.entry(lang.to_string()).or_default();
    score.files += 1;
    score.bytes += text.len();
    score.reading += reading;
    score.parsing += parsing;
    score.both += read.intersection(&parsed).count();
    score.only_read += read.difference(&parsed).count();
    score.only_parsed += parsed.difference(&read).count();
    if shows {
        read.difference(&parsed)
            .for_each(|it| eprintln!("+ {name}: {it}"));
        parsed
            .difference(&read)
            .for_each(|it| eprintln!("- {name}: {it}"));
    }
}
