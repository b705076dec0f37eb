//! Puts together what two sides inserted at the same place of a file, whichever side comes first: the order is one that
//! both sides find, and no block of one side is torn apart by the other.
//!
//! A side's lines are read as entries: a line, with the deeper, closing and open lines that belong to it. An entry that
//! both sides have is there once. Each side's entries keep their order where the other side's do not contradict it;
//! beyond that, the entry that comes first in byte order is first. Two sides give the same result in either order, and
//! so do more sides that have no entries in common.

use std::collections::BTreeMap;

/// Words that close or continue a block at the depth at which it began.
const CLOSING_WORDS: [&str; 14] = [
    "end", "fi", "done", "esac", "endif", "endfor", "else", "elif", "elsif", "except", "finally",
    "catch", "rescue", "ensure",
];

/// Returns the lines of both sides; `None` where a side's lines are no blocks of their own, such as the end of one
/// function with the beginning of the next.
pub(super) fn put_together<'a>(ours: &[&'a str], theirs: &[&'a str]) -> Option<Vec<&'a str>> {
    if ours == theirs || theirs.is_empty() {
        return Some(ours.to_vec());
    }
    if ours.is_empty() {
        return Some(theirs.to_vec());
    }
    let (ours, theirs) = (entries(ours)?, entries(theirs)?);
    Some(merge(&ours, &theirs).concat())
}

/// Merges two sequences: what both have is there once, or as often as the side with more of it has it.
pub(super) fn merge<T: Ord + Clone>(ours: &[T], theirs: &[T]) -> Vec<T> {
    let mut wanted: BTreeMap<&T, usize> = BTreeMap::new();
    for side in [ours, theirs] {
        let mut counts: BTreeMap<&T, usize> = BTreeMap::new();
        for entry in side {
            *counts.entry(entry).or_default() += 1;
        }
        for (entry, count) in counts {
            let most = wanted.entry(entry).or_default();
            *most = count.max(*most);
        }
    }
    let (mut ours, mut theirs) = (ours.iter().peekable(), theirs.iter().peekable());
    let mut merged = Vec::new();
    loop {
        let entry = match (ours.peek(), theirs.peek()) {
            (None, None) => return merged,
            (Some(mine), Some(other)) if mine == other => {
                theirs.next();
                ours.next()
            }
            (Some(mine), Some(other)) if other < mine => theirs.next(),
            (Some(_), _) => ours.next(),
            (None, Some(_)) => theirs.next(),
        };
        if let Some(entry) = entry
            && let Some(left @ 1..) = wanted.get_mut(entry)
        {
            *left -= 1;
            merged.push(entry.clone());
        }
    }
}

/// Divides inserted lines into entries; `None` where one of them has an open end.
fn entries<'a>(lines: &[&'a str]) -> Option<Vec<Vec<&'a str>>> {
    let mut entries: Vec<Vec<&'a str>> = Vec::new();
    let mut open = 0;
    for line in lines {
        match entries.last_mut() {
            Some(entry) if open > 0 || belongs(entry, line) => entry.push(line),
            None if closes(line) => return None,
            _ => entries.push(vec![line]),
        }
        open += depth(line);
        if open < 0 {
            return None;
        }
    }
    let is_whole = open == 0
        && entries
            .last()
            .is_some_and(|entry| !entry.iter().all(|it| leads(it)));
    is_whole.then_some(entries)
}

/// Checks whether a line goes on with the entry before it.
fn belongs(entry: &[&str], line: &str) -> bool {
    if entry.iter().all(|before| is_blank(before)) {
        return false;
    }
    let is_led = entry.iter().all(|before| leads(before) || is_blank(before));
    is_led || is_blank(line) || closes(line) || indent(line) > indent(entry[0])
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// Checks whether a line is about the line after it: a comment or a decorator.
fn leads(line: &str) -> bool {
    let text = line.trim_start();
    let marks = ["@", "#[", "//", "/*", "*/", "* ", "# ", "-- "];
    marks.iter().any(|mark| text.starts_with(mark))
}

/// Checks whether a line ends what began before it.
fn closes(line: &str) -> bool {
    let text = line.trim();
    let word = text.split(|c: char| !c.is_ascii_alphabetic()).next();
    text.starts_with(['}', ')', ']'])
        || text.starts_with("</")
        || word.is_some_and(|word| CLOSING_WORDS.contains(&word))
}

/// Returns how many more brackets a line opens than it closes.
fn depth(line: &str) -> i32 {
    let brackets = line.bytes().map(|byte| match byte {
        b'(' | b'[' | b'{' => 1,
        b')' | b']' | b'}' => -1,
        _ => 0,
    });
    brackets.sum()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<&str> {
        text.split_inclusive('\n').collect()
    }

    fn both(ours: &str, theirs: &str) -> Option<String> {
        put_together(&lines(ours), &lines(theirs)).map(|lines| lines.concat())
    }

    #[test]
    fn blocks_stay_whole_and_come_in_one_order() {
        let f = "def f():\n  return {\n}\n\n";
        let g = "@cached\ndef g():\n  x\nelse:\n  y\n";
        assert_eq!(both(f, g).unwrap(), format!("{g}{f}"));
        assert_eq!(both(g, f).unwrap(), format!("{g}{f}"));
        let (mine, other) = ("function f() {\n  a\n}\n", "function g() {\n  b\n}\n");
        assert_eq!(both(other, mine).unwrap(), format!("{mine}{other}"));
        assert_eq!(
            both("def f\n  a\nend\n", "def g\n  a\nend\n")
                .unwrap()
                .matches("end")
                .count(),
            2
        );
    }

    #[test]
    fn lines_that_are_no_whole_blocks_contradict_others() {
        assert_eq!(both("}\nfunction f() {\n", "}\nfunction g() {\n"), None);
        assert_eq!(both("# about the next line\n", "x\n"), None);
        assert_eq!(both("f(\n", "x\n"), None);
        assert_eq!(both("f(\n", "f(\n").as_deref(), Some("f(\n"));
    }

    #[test]
    fn an_entry_of_both_is_there_once_and_each_side_keeps_its_order() {
        assert_eq!(both("z\nb\n", "c\nb\n").unwrap(), "c\nb\nz\n");
        assert_eq!(both("b\nb\n", "b\n").unwrap(), "b\nb\n");
        assert_eq!(
            both("use b;\nuse a;\n", "use c;\n").unwrap(),
            "use b;\nuse a;\nuse c;\n"
        );
    }
}
