//! Finds the strings of several lines in a parsed file: the blanks at the beginning of their lines are content, and no
//! indentation.

use std::ops::Range;

use ast_grep_core::AstGrep;
use ast_grep_core::tree_sitter::StrDoc;
use ast_grep_language::SupportLang;

/// Returns the ranges of all strings of several lines, also of here documents.
pub(super) fn of_several_lines(tree: &AstGrep<StrDoc<SupportLang>>) -> Vec<Range<usize>> {
    // YAML indents the lines of a string like its other lines.
    if *tree.lang() == SupportLang::Yaml {
        return Vec::new();
    }
    tree.root()
        .dfs()
        .filter(|node| node.is_named() && is_string(&node.kind()))
        .filter(|node| node.text().contains('\n'))
        .map(|node| node.range())
        .collect()
}

/// Checks whether a node of this kind is one literal. The grammars have no common name for it.
fn is_string(kind: &str) -> bool {
    const SEVERAL_LITERALS: [&str; 4] = [
        "concatenated_string",
        "chained_string",
        "string_array",
        "string_concatenation",
    ];
    ["string", "heredoc", "nowdoc", "template_literal"]
        .iter()
        .any(|part| kind.contains(part))
        && !SEVERAL_LITERALS.contains(&kind)
}
