//! Compiles a pattern and its replacement for one language, and finds every fault in them.

use ast_grep_config::Fixer;
use ast_grep_core::matcher::Pattern;
use ast_grep_core::replacer::TemplateFix;
use ast_grep_core::tree_sitter::StrDoc;
use ast_grep_core::{AstGrep, Node};
use ast_grep_language::{Language, SupportLang};

use super::error::{CodemodError, sentence};
use super::language;

/// The deepest nesting of a pattern. Compiling recurses, and no hand-written pattern is deeper.
const MAX_PATTERN_DEPTH: usize = 200;

type Source = StrDoc<SupportLang>;

pub(super) struct CompiledPattern {
    pub(super) lang: SupportLang,
    pub(super) pattern: Pattern,
    pub(super) fixer: Fixer,
}

impl CompiledPattern {
    pub(super) fn new(pattern: &str, to: &str, lang: SupportLang) -> Result<Self, CodemodError> {
        let fault = |reason: String| CodemodError::Pattern {
            pattern: pattern.to_owned(),
            lang: language::name(lang),
            reason,
        };
        let query = lang.pre_process_pattern(pattern);
        let tree = AstGrep::doc(StrDoc::try_new(&query, lang).map_err(fault)?);
        if depth(&tree) > MAX_PATTERN_DEPTH {
            return Err(fault(format!(
                "it is nested more than {MAX_PATTERN_DEPTH} deep"
            )));
        }
        let compiled = match tree.root().dfs().find(is_broken) {
            None if tree.root().dfs().any(|node| is_misread(&node)) => {
                compile_in_function(pattern, lang)
                    .map_or_else(|| Pattern::try_new(pattern, lang), Ok)
                    .map_err(|error| fault(sentence(&error)))?
            }
            None => Pattern::try_new(pattern, lang).map_err(|error| {
                use ast_grep_core::matcher::PatternError as E;
                fault(match error {
                    E::NoContent(_) => "it is empty".to_owned(),
                    E::MultipleNode(_) => "it is several pieces of code, not one".to_owned(),
                    E::RootMultiMetaVar(_) => "$$$NAME cannot stand alone".to_owned(),
                    other => sentence(&other),
                })
            })?,
            Some(node) => compile_in_function(pattern, lang).ok_or_else(|| {
                // The prepared pattern has as many characters as the original one.
                let before = query[..node.range().start].chars().count() + 1;
                fault(format!("it does not parse from character {before} on"))
            })?,
        };
        let fixer = Fixer::from_str(to, &lang).map_err(|error| fault(sentence(&error)))?;
        Ok(Self {
            lang,
            pattern: compiled,
            fixer,
        })
    }
}

/// Checks whether the parser reports an error at this node. A pattern may lack the semicolon at its end.
fn is_broken(node: &Node<'_, Source>) -> bool {
    node.is_error() || (node.is_missing() && node.kind() != ";")
}

/// Checks whether a call is taken for something else, because it stands outside a function: for a type that a macro
/// makes (C), or for a conversion to a type (Go).
fn is_misread(node: &Node<'_, Source>) -> bool {
    matches!(
        &*node.kind(),
        "macro_type_specifier" | "type_conversion_expression"
    )
}

/// Compiles a pattern that parses only inside a function: at the top of a C file, a call is a broken declaration.
fn compile_in_function(pattern: &str, lang: SupportLang) -> Option<Pattern> {
    let (before, after) = match lang {
        SupportLang::C | SupportLang::Cpp => ("void f() {\n", "\n;}"),
        SupportLang::CSharp | SupportLang::Java => ("class C { void f() {\n", "\n;} }"),
        SupportLang::Go => ("package p\nfunc f() {\n", "\n}"),
        SupportLang::Rust => ("fn f() {\n", "\n}"),
        SupportLang::Php => ("<?php\n", "\n;"),
        _ => return None,
    };
    let pattern = pattern.trim();
    if pattern.is_empty() {
        return None;
    }
    let context = format!("{before}{pattern}{after}");
    let query = lang.pre_process_pattern(&context);
    let tree = AstGrep::doc(StrDoc::try_new(&query, lang).ok()?);
    if tree.root().dfs().any(|node| is_broken(&node)) {
        return None;
    }
    let place = before.len()..before.len() + lang.pre_process_pattern(pattern).len();
    // The innermost node: a call also matches where it is no statement.
    let root = tree.root();
    let node = root.dfs().filter(|node| node.range() == place).last()?;
    let kind = node.kind();
    // `contextual` takes the first node of the kind, which must be the pattern.
    let first = tree.root().dfs().find(|node| node.kind() == kind)?;
    if first.range() != place {
        return None;
    }
    Pattern::contextual(&context, &kind, lang).ok()
}

/// Returns the variables in a pattern or a replacement, sorted, without anonymous ones (`$_`).
pub(super) fn variables(template: &str) -> Vec<String> {
    // All languages write variables with a dollar sign.
    let template = TemplateFix::with_transform(template, &SupportLang::JavaScript, &[]);
    names(template.used_vars())
}

/// Sorts the names of variables and drops anonymous ones (`$_`).
pub(super) fn names<'a>(vars: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<_> = vars
        .into_iter()
        .filter(|name| !name.starts_with('_'))
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    names
}

/// Checks that the replacement `to` uses no variable that the pattern does not bind.
pub(super) fn check_bound(pattern: &str, to: &str, bound: &[String]) -> Result<(), CodemodError> {
    let template = TemplateFix::with_transform(to, &SupportLang::JavaScript, &[]);
    let mut used: Vec<_> = template.used_vars().into_iter().collect();
    used.sort_unstable();
    match used
        .into_iter()
        .find(|name| !bound.iter().any(|b| b == name))
    {
        None => Ok(()),
        Some(name) => Err(CodemodError::UnboundVariable {
            name: name.to_owned(),
            pattern: pattern.to_owned(),
            hint: if bound.is_empty() {
                "it binds none".to_owned()
            } else {
                format!("it binds ${}", bound.join(", $"))
            },
        }),
    }
}

/// Measures how deep the nodes of a tree nest, from their ranges.
pub(super) fn depth(tree: &AstGrep<Source>) -> usize {
    let mut ends: Vec<usize> = Vec::new();
    let mut deepest = 0;
    for node in tree.root().dfs() {
        let range = node.range();
        while ends
            .last()
            .is_some_and(|end| *end <= range.start || *end < range.end)
        {
            ends.pop();
        }
        ends.push(range.end);
        deepest = deepest.max(ends.len());
    }
    deepest
}
