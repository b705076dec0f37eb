//! Splices replacements into a text, also where matches nest.
//!
//! Every match in the original text is rewritten at most once, the outermost first, and replacement text is never
//! searched again. So `foo($A)` → `bar($A)` reaches both calls of `foo(foo(x))`, while `f($A)` → `f(g($A))` ends. Knows
//! texts and positions, and nothing of syntax but which lines begin inside a string: their blanks are content.

use std::ops::Range;

/// One replacement in the original text.
pub(super) struct Edit {
    /// The range of the original text that is replaced.
    pub(super) range: Range<usize>,
    /// The replacement: new text, and pieces of the original text.
    pub(super) parts: Vec<Part>,
}

pub(super) enum Part {
    Text(String),
    /// A piece of the original text, in which other edits may lie.
    Kept {
        range: Range<usize>,
        indent: String,
    },
}

/// The new text exceeds the limit.
#[derive(Debug)]
pub(super) struct TooLarge;

/// The original text, and where its lines begin inside a string.
struct Original<'a> {
    text: &'a str,
    fixed: Vec<usize>,
}

impl<'a> Original<'a> {
    fn new(text: &'a str, strings: &[Range<usize>]) -> Self {
        let line_starts = strings.iter().flat_map(|string| {
            text[string.clone()]
                .match_indices('\n')
                .map(|(end, _)| string.start + end + 1)
        });
        let mut fixed: Vec<usize> = line_starts.collect();
        fixed.sort_unstable();
        fixed.dedup();
        Self { text, fixed }
    }

    /// Returns the lines inside strings that begin in `range`, after its first byte.
    fn fixed_in(&self, range: &Range<usize>) -> &[usize] {
        let from = self.fixed.partition_point(|at| *at <= range.start);
        let to = self.fixed.partition_point(|at| *at <= range.end);
        &self.fixed[from..to.max(from)]
    }
}

/// A piece of new text, and where its lines begin inside a string.
#[derive(Default, Clone)]
struct Piece {
    text: String,
    fixed: Vec<usize>,
}

impl Piece {
    fn push_original(&mut self, original: &Original<'_>, range: Range<usize>) {
        let moved = |at: &usize| at - range.start + self.text.len();
        let fixed: Vec<usize> = original.fixed_in(&range).iter().map(moved).collect();
        self.fixed.extend(fixed);
        self.text.push_str(&original.text[range]);
    }

    fn push(&mut self, other: &Self) {
        let before = self.text.len();
        self.fixed.extend(other.fixed.iter().map(|at| before + at));
        self.text.push_str(&other.text);
    }
}

/// Applies `edits`, and returns the new text and the number of edits that changed it. Of two overlapping edits, the one
/// that begins first wins, then the longer, then the first in the list; the other edit is applied only if it lies
/// inside a kept part of the winner. `strings` are the ranges whose lines keep their indentation.
pub(super) fn splice(
    text: &str,
    strings: &[Range<usize>],
    mut edits: Vec<Edit>,
    limit: usize,
) -> Result<(String, usize), TooLarge> {
    let original = Original::new(text, strings);
    edits.sort_by_key(|edit| (edit.range.start, std::cmp::Reverse(edit.range.end)));
    let accepted = accept(&edits);
    let mut inner: Vec<Vec<usize>> = vec![Vec::new(); edits.len()];
    let mut top = Vec::new();
    for (index, parent) in &accepted {
        match parent {
            Some(parent) => inner[*parent].push(*index),
            None => top.push(*index),
        }
    }

    // Inner edits come later in the order, so the reverse order has them done. Recursion could overflow the stack.
    let mut done: Vec<Piece> = vec![Piece::default(); edits.len()];
    let mut count = 0;
    for (index, _) in accepted.iter().rev() {
        let edit = &edits[*index];
        let mut out = Piece::default();
        for part in &edit.parts {
            match part {
                Part::Text(text) => out.text.push_str(text),
                Part::Kept { range, indent } => {
                    let kept = fill(&original, range.clone(), &inner[*index], &edits, &done);
                    out.push(&reindent(kept, line_indent(text, range.start), indent));
                }
            }
            if out.text.len() > limit {
                return Err(TooLarge);
            }
        }
        count += usize::from(out.text != text[edit.range.clone()]);
        for child in &inner[*index] {
            done[*child] = Piece::default();
        }
        done[*index] = out;
    }
    let out = fill(&original, 0..text.len(), &top, &edits, &done).text;
    if out.len() > limit {
        Err(TooLarge)
    } else {
        Ok((out, count))
    }
}

/// Chooses the edits to apply, each with the edit that contains it.
fn accept(edits: &[Edit]) -> Vec<(usize, Option<usize>)> {
    let mut accepted = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for (index, edit) in edits.iter().enumerate() {
        while open
            .last()
            .is_some_and(|last| edits[*last].range.end <= edit.range.start)
        {
            open.pop();
        }
        let parent = open.last().copied();
        let fits = parent.is_none_or(|parent| keeps(&edits[parent], &edit.range));
        if fits && !edit.range.is_empty() {
            accepted.push((index, parent));
            open.push(index);
        }
    }
    accepted
}

/// Checks whether `range` lies inside a kept part of `outer`.
fn keeps(outer: &Edit, range: &Range<usize>) -> bool {
    outer.parts.iter().any(|part| match part {
        Part::Text(_) => false,
        // A part as large as its edit would contain the same match again.
        Part::Kept { range: kept, .. } => {
            kept.len() < outer.range.len() && contains(&outer.range, kept) && contains(kept, range)
        }
    })
}

fn contains(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Returns the original text of `range` with the inner edits applied.
fn fill(
    original: &Original<'_>,
    range: Range<usize>,
    inner: &[usize],
    edits: &[Edit],
    done: &[Piece],
) -> Piece {
    let mut out = Piece::default();
    let mut copied = range.start;
    for index in inner {
        let edit = &edits[*index];
        if contains(&range, &edit.range) {
            out.push_original(original, copied..edit.range.start);
            out.push(&done[*index]);
            copied = edit.range.end;
        }
    }
    out.push_original(original, copied..range.end);
    out
}

/// Returns the blanks at the beginning of the line that contains `at`.
pub(super) fn line_indent(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = &text[start..at];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Changes the indentation of all lines but the first from `from` to `to`. Lines with less indentation, and lines that
/// begin inside a string, stay as they are.
fn reindent(piece: Piece, from: &str, to: &str) -> Piece {
    if from == to {
        return piece;
    }
    let mut out = Piece::default();
    let mut at = 0;
    for line in piece.text.split_inclusive('\n') {
        let is_fixed = piece.fixed.binary_search(&at).is_ok();
        if is_fixed {
            out.fixed.push(out.text.len());
        }
        match line.strip_prefix(from) {
            Some(rest) if at > 0 && !is_fixed && !rest.trim().is_empty() => {
                out.text.push_str(to);
                out.text.push_str(rest);
            }
            _ => out.text.push_str(line),
        }
        at += line.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrap(range: Range<usize>, kept: Range<usize>) -> Edit {
        let kept = Part::Kept {
            range: kept,
            indent: String::new(),
        };
        Edit {
            range,
            parts: vec![Part::Text("<".into()), kept, Part::Text(">".into())],
        }
    }

    #[test]
    fn an_edit_inside_a_kept_part_is_applied() {
        let edits = vec![wrap(2..5, 3..4), wrap(0..7, 1..6)];
        assert_eq!(
            splice("((a.b))", &[], edits, 100).unwrap(),
            ("<(<.>)>".to_owned(), 2)
        );
    }

    #[test]
    fn an_edit_that_crosses_the_border_of_another_is_dropped() {
        let edits = vec![wrap(0..4, 1..3), wrap(2..6, 3..5), wrap(6..8, 7..8)];
        assert_eq!(
            splice("abcdefgh", &[], edits, 100).unwrap(),
            ("<bc>ef<h>".to_owned(), 2)
        );
    }

    #[test]
    fn an_edit_that_keeps_its_whole_range_is_applied_once() {
        let edits = vec![wrap(0..1, 0..1), wrap(0..1, 0..1)];
        assert_eq!(splice("1", &[], edits, 100).unwrap(), ("<1>".to_owned(), 1));
    }

    #[test]
    fn growth_is_bounded() {
        let text = "x".repeat(128);
        let twice = |range: Range<usize>| {
            let kept = || Part::Kept {
                range: range.start + 1..range.end - 1,
                indent: String::new(),
            };
            Edit {
                range: range.clone(),
                parts: vec![kept(), kept()],
            }
        };
        let edits = (0..60).map(|i| twice(i..128 - i)).collect();
        assert!(splice(&text, &[], edits, 10_000).is_err());
    }

    #[test]
    fn kept_lines_take_the_new_indentation() {
        let piece = |text: &str, fixed: &[usize]| Piece {
            text: text.to_owned(),
            fixed: fixed.to_vec(),
        };
        let moved = reindent(piece("a\n    b\nc\n\n", &[]), "  ", "\t");
        assert_eq!(moved.text, "a\n\t  b\nc\n\n");
        let moved = reindent(piece("a\n  b\n  c\n  d", &[6]), "  ", "");
        assert_eq!((&*moved.text, &moved.fixed[..]), ("a\nb\n  c\nd", &[4][..]));
        assert_eq!(line_indent("x\n \ty = 1", 6), " \t");
    }
}
