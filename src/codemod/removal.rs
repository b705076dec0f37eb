//! Widens edits that remove code to the whole statement, and to the whole line where nothing else stands there.
//!
//! Without that, the removal of a call leaves its semicolon and an empty line.

use std::collections::HashMap;
use std::ops::Range;

use ast_grep_core::Node;
use ast_grep_core::tree_sitter::StrDoc;
use ast_grep_language::SupportLang;

use super::splice::{Edit, Part};

type Source = StrDoc<SupportLang>;

/// The kinds of node, in all languages, whose children are statements, declarations or other complete pieces of code.
const LISTS: [&str; 46] = [
    "program",
    "module",
    "source_file",
    "translation_unit",
    "compilation_unit",
    "chunk",
    "stylesheet",
    "document",
    "block",
    "statement_block",
    "compound_statement",
    "statements",
    "statement_list",
    "class_body",
    "class_static_block",
    "interface_body",
    "enum_class_body",
    "enum_body_declarations",
    "constructor_body",
    "annotation_type_body",
    "declaration_list",
    "field_declaration_list",
    "template_body",
    "indented_block",
    "protocol_body",
    "switch_case",
    "switch_default",
    "switch_block_statement_group",
    "switch_section",
    "case_statement",
    "default_statement",
    "colon_block",
    "body_statement",
    "block_body",
    "then",
    "else",
    "ensure",
    "begin",
    "do",
    "do_group",
    "subshell",
    "preproc_if",
    "preproc_ifdef",
    "preproc_else",
    "block_mapping",
    "function_body",
];

/// A statement that an edit removes.
pub(super) struct Statement {
    range: Range<usize>,
    /// The range of the list that contains the statement, and the number of statements in the list, where the language
    /// allows no empty list.
    list: Option<(Range<usize>, usize)>,
}

/// An edit, and the statement that it removes, if so.
pub(super) struct Found {
    pub(super) edit: Edit,
    removed: Option<Statement>,
}

impl Found {
    /// An edit that replaces code of `node`.
    pub(super) fn new(text: &str, node: &Node<'_, Source>, mut edit: Edit) -> Self {
        let mut removed = None;
        if edit.parts.is_empty() {
            match place(text, node, &edit.range) {
                Some(Place::Listed(statement)) => removed = Some(statement),
                Some(Place::Needed(filler)) => edit.parts.push(Part::Text(filler.to_owned())),
                None => {}
            }
        }
        Self { edit, removed }
    }
}

/// Where removed code stands.
enum Place {
    /// It is a statement among others.
    Listed(Statement),
    /// The grammar needs something in its place: the next statement would take it otherwise.
    Needed(&'static str),
}

/// Returns the place of the code in `range`, in which `node` begins, if the code is a statement.
fn place(text: &str, node: &Node<'_, Source>, range: &Range<usize>) -> Option<Place> {
    let is_script = matches!(
        node.lang(),
        SupportLang::JavaScript | SupportLang::TypeScript | SupportLang::Tsx
    );
    let mut whole = node.clone();
    loop {
        let now = whole.range();
        let rest = text.get(range.end..now.end)?;
        if now.start != range.start || !matches!(rest.trim(), "" | ";") {
            return None;
        }
        let parent = whole.parent()?;
        if LISTS.contains(&&*parent.kind()) {
            let is_bare = *node.lang() == SupportLang::Python && parent.kind() == "block";
            let statements = || parent.named_children().filter(|it| !it.is_extra()).count();
            return Some(Place::Listed(Statement {
                range: now,
                list: is_bare.then(|| (parent.range(), statements())),
            }));
        }
        if whole.kind() == "expression_statement" && !rest.contains(';') {
            let ends = text[range.clone()].ends_with(';');
            return (ends || is_script).then_some(Place::Needed(";"));
        }
        if parent.kind() == "arrow_function" {
            return Some(Place::Needed("{}"));
        }
        whole = parent;
    }
}

/// Widens the removals among the edits, and returns all edits.
pub(super) fn settle(text: &str, mut all: Vec<Found>) -> Vec<Edit> {
    keep_lists_filled(&mut all);
    // Beside an edit that keeps some of its code, a wider removal could cross the border of the other edit.
    let kept: Vec<Range<usize>> = all
        .iter()
        .filter(|found| !found.edit.parts.is_empty())
        .map(|found| found.edit.range.clone())
        .collect();
    let is_apart = |range: &Range<usize>| {
        let lines = lines(text, range);
        !kept
            .iter()
            .any(|kept| kept.start < lines.end && lines.start < kept.end)
    };
    let mut removals: Vec<usize> = (0..all.len())
        .filter(|&index| {
            let edit = &all[index].edit;
            edit.parts.is_empty() && !edit.range.is_empty() && is_apart(&edit.range)
        })
        .collect();
    for &index in &removals {
        if let Some(statement) = &all[index].removed {
            all[index].edit.range = with_separator(text, &statement.range);
        }
    }
    removals.sort_by_key(|&index| {
        let range = &all[index].edit.range;
        (range.start, std::cmp::Reverse(range.end))
    });
    let mut rest = &removals[..];
    while let Some((&first, others)) = rest.split_first() {
        let mut group = vec![first];
        let mut end = all[first].edit.range.end;
        let mut seen = 0;
        for &next in others {
            let range = &all[next].edit.range;
            if range.start >= end {
                if !is_blank(&text[end..range.start]) {
                    break;
                }
                group.push(next);
                end = range.end;
            }
            seen += 1;
        }
        rest = &others[seen..];
        widen(text, &mut all, &group);
    }
    all.into_iter().map(|found| found.edit).collect()
}

/// Widens a group of removals with only blanks between them.
fn widen(text: &str, all: &mut [Found], group: &[usize]) {
    let (Some(&first), Some(&last)) = (group.first(), group.last()) else {
        return;
    };
    let (start, end) = (all[first].edit.range.start, all[last].edit.range.end);
    let lines = lines(text, &(start..end));
    let (before, after) = (&text[lines.start..start], &text[end..lines.end]);
    let is_statement = |index: usize| all[index].removed.is_some();
    let (from, to) = if is_blank(before) && after.trim().is_empty() {
        (lines.start, lines.end)
    } else if !group.iter().all(|&index| is_statement(index)) {
        return;
    } else if after.trim().is_empty() {
        (
            start - (before.len() - before.trim_end_matches([' ', '\t']).len()),
            end,
        )
    } else {
        (
            start,
            end + (after.len() - after.trim_start_matches([' ', '\t']).len()),
        )
    };
    for pair in group.windows(2) {
        all[pair[0]].edit.range.end = all[pair[1]].edit.range.start;
    }
    all[first].edit.range.start = from;
    all[last].edit.range.end = to;
}

/// Writes `pass` where the removals would leave no statement in a list that must have one.
fn keep_lists_filled(all: &mut [Found]) {
    let mut lists: HashMap<(usize, usize), Vec<usize>> = HashMap::new();
    for (index, found) in all.iter().enumerate() {
        if let Some(Statement {
            list: Some((list, _)),
            ..
        }) = &found.removed
        {
            lists.entry((list.start, list.end)).or_default().push(index);
        }
    }
    for indices in lists.into_values() {
        let Some(&first) = indices.iter().min_by_key(|&&it| all[it].edit.range.start) else {
            continue;
        };
        let Some(Statement {
            range,
            list: Some((_, statements)),
        }) = &all[first].removed
        else {
            continue;
        };
        if indices.len() >= *statements {
            let range = range.clone();
            all[first] = Found {
                edit: Edit {
                    range,
                    parts: vec![Part::Text("pass".to_owned())],
                },
                removed: None,
            };
        }
    }
}

/// Adds the semicolon that separates a statement from the next, in languages where it is no part of the statement.
fn with_separator(text: &str, range: &Range<usize>) -> Range<usize> {
    let rest = &text[range.end..];
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    if !text[range.clone()].ends_with(';') && rest[blanks..].starts_with(';') {
        range.start..range.end + blanks + 1
    } else {
        range.clone()
    }
}

/// Returns the range of the whole lines that contain `range`.
fn lines(text: &str, range: &Range<usize>) -> Range<usize> {
    let start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[range.end..].find('\n');
    start..end.map_or(text.len(), |at| range.end + at + 1)
}

fn is_blank(text: &str) -> bool {
    text.chars().all(|c| matches!(c, ' ' | '\t'))
}
