//! The form of a file: its line ends, byte-order mark, final newline and executable bit. A program that reads and
//! writes text, or writes a file anew, changes them without meaning to.

use std::fmt;

use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::instruction::Instruction;

const MARK: &[u8] = b"\xef\xbb\xbf";

/// A part of a file's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FormPart {
    LineEnds,
    ByteOrderMark,
    FinalNewline,
    ExecutableBit,
}

impl fmt::Display for FormPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineEnds => "line ends",
            Self::ByteOrderMark => "byte-order mark",
            Self::FinalNewline => "final newline",
            Self::ExecutableBit => "executable bit",
        })
    }
}

/// A file with its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FormedFile {
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_executable: bool,
}

/// A file whose form was put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredForm {
    /// The path from the root.
    pub path: String,
    pub parts: Vec<FormPart>,
}

/// A file that a unit changed: before and after.
pub(crate) struct FormPair {
    pub(crate) path: String,
    pub(crate) before: FormedFile,
    pub(crate) after: FormedFile,
}

/// Returns the files with the form that they had, and what was put back. Where a change of the form is what the
/// instruction asks for, or all that the unit changed, nothing is put back.
pub(crate) fn restored_forms(
    pairs: &[FormPair],
    has_other_changes: bool,
    instruction: &Instruction,
) -> Vec<(RestoredForm, FormedFile)> {
    let changes_content = |pair: &FormPair| pair.before.content() != pair.after.content();
    if !has_other_changes && !pairs.iter().any(changes_content) {
        return Vec::new();
    }
    let restored = pairs.iter().filter_map(|pair| {
        let (file, parts) = pair.after.in_form_of(&pair.before, instruction);
        let path = pair.path.clone();
        (!parts.is_empty()).then_some((RestoredForm { path, parts }, file))
    });
    restored.collect()
}

impl FormedFile {
    /// Returns the content that is no form: the lines without their ends, and without empty ones at the end.
    fn content(&self) -> Vec<&[u8]> {
        if !is_text(&self.bytes) {
            return vec![&self.bytes];
        }
        let text = self.bytes.strip_prefix(MARK).unwrap_or(&self.bytes);
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        text.split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .collect()
    }

    /// Returns the file in the form that it had, and the parts of its form that were another's.
    fn in_form_of(&self, before: &Self, instruction: &Instruction) -> (Self, Vec<FormPart>) {
        let mut parts = Vec::new();
        let mut file = self.clone();
        if file.is_executable != before.is_executable && !instruction.is_about_modes() {
            file.is_executable = before.is_executable;
            parts.push(FormPart::ExecutableBit);
        }
        let are_texts = is_text(&file.bytes) && is_text(&before.bytes);
        if !are_texts || instruction.is_about_form() || file.bytes.is_empty() {
            return (file, parts);
        }
        let had_mark = before.bytes.starts_with(MARK);
        if had_mark != file.bytes.starts_with(MARK) {
            file.bytes = if had_mark {
                [MARK, &file.bytes].concat()
            } else {
                file.bytes.split_off(MARK.len())
            };
            parts.push(FormPart::ByteOrderMark);
        }
        if let Some(bytes) = with_line_ends_of(&before.bytes, &file.bytes) {
            file.bytes = bytes;
            parts.push(FormPart::LineEnds);
        }
        if let Some(bytes) = with_final_newline_of(&before.bytes, &file.bytes) {
            file.bytes = bytes;
            parts.push(FormPart::FinalNewline);
        }
        parts.sort_unstable();
        (file, parts)
    }
}

fn is_text(bytes: &[u8]) -> bool {
    !bytes.contains(&0)
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// Divides a line into its text and its end.
fn split_line(line: &[u8]) -> (&[u8], &[u8]) {
    let end = if line.ends_with(b"\r\n") {
        2
    } else {
        usize::from(line.ends_with(b"\n"))
    };
    line.split_at(line.len() - end)
}

/// Returns `now` with the line ends of `before`; `None` where it has them. A changed line ends as the line before it
/// did.
fn with_line_ends_of(before: &[u8], now: &[u8]) -> Option<Vec<u8>> {
    let (old, new) = (lines(before), lines(now));
    let ends = |lines: &[&[u8]], end: &[u8]| lines.iter().any(|line| split_line(line).1 == end);
    let had = (ends(&old, b"\r\n"), ends(&old, b"\n"));
    let has = (ends(&new, b"\r\n"), ends(&new, b"\n"));
    let made = match (had, has) {
        // Both have one kind, and the same, or there is nothing to go by.
        ((false, false), _) | ((true, false), (true, false)) | ((false, true), (false, true)) => {
            return None;
        }
        ((true, false), _) => with_ends(&new, b"\r\n"),
        ((false, true), _) => with_ends(&new, b"\n"),
        ((true, true), (true, true)) => return None,
        ((true, true), _) => with_ends_by_line(&old, &new),
    };
    (made != now).then_some(made)
}

fn with_ends(lines: &[&[u8]], end: &[u8]) -> Vec<u8> {
    let mut made = Vec::new();
    for line in lines {
        let (text, its_end) = split_line(line);
        made.extend_from_slice(text);
        if !its_end.is_empty() {
            made.extend_from_slice(end);
        }
    }
    made
}

fn with_ends_by_line(old: &[&[u8]], new: &[&[u8]]) -> Vec<u8> {
    let texts = |lines: &[&'_ [u8]]| -> Vec<Vec<u8>> {
        lines
            .iter()
            .map(|line| split_line(line).0.to_vec())
            .collect()
    };
    let ops = capture_diff_slices(Algorithm::Myers, &texts(old), &texts(new));
    let end_of = |at: usize| old.get(at).map_or(&b"\n"[..], |line| split_line(line).1);
    let mut made = Vec::new();
    for op in ops {
        let (is_same, from) = match op {
            DiffOp::Equal { .. } => (true, op.old_range().start),
            _ => (false, op.old_range().start.saturating_sub(1)),
        };
        for (at, number) in op.new_range().enumerate() {
            let (text, end) = split_line(new[number]);
            made.extend_from_slice(text);
            let like = end_of(if is_same { from + at } else { from });
            if !end.is_empty() {
                made.extend_from_slice(if like.is_empty() { end } else { like });
            }
        }
    }
    made
}

/// Returns `now` with or without a final newline, as `before` is; `None` where it is the same. Where the last line is
/// another one, a newline after it is no form.
fn with_final_newline_of(before: &[u8], now: &[u8]) -> Option<Vec<u8>> {
    let (old, new) = (lines(before), lines(now));
    let (old, new) = (split_line(old.last()?), split_line(new.last()?));
    match (old.1, new.1) {
        ([], [_, ..]) if old.0 == new.0 => Some(now[..now.len() - new.1.len()].to_vec()),
        (end @ [_, ..], []) => Some([now, end].concat()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str, is_executable: bool) -> FormedFile {
        FormedFile {
            bytes: text.as_bytes().to_vec(),
            is_executable,
        }
    }

    /// The restored text and its parts; `None` where nothing is put back.
    fn restored(before: &str, after: &str) -> Option<(String, Vec<FormPart>)> {
        let pair = FormPair {
            path: "a".to_owned(),
            before: file(before, false),
            after: file(after, false),
        };
        let mut all = restored_forms(&[pair], false, &Instruction::new("old to new"));
        let (form, file) = all.pop()?;
        Some((String::from_utf8(file.bytes).unwrap(), form.parts))
    }

    #[test]
    fn the_form_of_a_changed_text_is_put_back() {
        use FormPart::{ByteOrderMark, FinalNewline, LineEnds};
        for (before, after, expected, parts) in [
            ("a\r\nold\r\n", "a\nnew\n", "a\r\nnew\r\n", vec![LineEnds]),
            (
                "a\r\nold\r\n",
                "a\r\nnew\nb\n",
                "a\r\nnew\r\nb\r\n",
                vec![LineEnds],
            ),
            ("a\nold\n", "a\r\nnew\r\n", "a\nnew\n", vec![LineEnds]),
            (
                "a\r\nb\nold\r\n",
                "a\nb\nnew\n",
                "a\r\nb\nnew\n",
                vec![LineEnds],
            ),
            (
                "\u{feff}old\n",
                "new\n",
                "\u{feff}new\n",
                vec![ByteOrderMark],
            ),
            ("old\n", "\u{feff}new\n", "new\n", vec![ByteOrderMark]),
            ("old\n", "new", "new\n", vec![FinalNewline]),
            ("old\nend", "new\nend\n", "new\nend", vec![FinalNewline]),
            (
                "\u{feff}old\r\nb\r\n",
                "new\nb",
                "\u{feff}new\r\nb\r\n",
                vec![LineEnds, ByteOrderMark, FinalNewline],
            ),
        ] {
            let expected = Some((expected.to_owned(), parts));
            assert_eq!(restored(before, after), expected, "{before:?} {after:?}");
        }
    }

    #[test]
    fn a_change_of_the_form_alone_and_the_usual_form_stay() {
        for (before, after) in [
            ("a\r\nb\r\n", "a\nb\n"),
            ("\u{feff}a\n", "a\n"),
            ("a\n", "a"),
            ("old\n", "new\n"),
            ("old\r\n", "new\r\nb\r\n"),
            ("a\r\nb\nold\n", "a\r\nb\nnew\n"),
            ("old", "new\n"),
            ("a\0\r\n", "b\0\n"),
        ] {
            assert_eq!(restored(before, after), None, "{before:?} {after:?}");
        }
    }

    fn parts(instruction: &str, others: bool) -> Vec<Vec<FormPart>> {
        let pair = |before: FormedFile, after: FormedFile| FormPair {
            path: "a".to_owned(),
            before,
            after,
        };
        let pairs = [
            pair(file("a\r\n", true), file("a\n", false)),
            pair(file("b", false), file("b", true)),
        ];
        let instruction = Instruction::new(instruction);
        let all = restored_forms(&pairs, others, &instruction).into_iter();
        all.map(|(form, _)| form.parts).collect()
    }

    #[test]
    fn a_form_is_put_back_beside_other_changes_unless_it_was_asked_for() {
        use FormPart::{ExecutableBit, LineEnds};
        let all = [vec![LineEnds, ExecutableBit], vec![ExecutableBit]];
        assert_eq!(parts("old to new", true), all);
        assert_eq!(parts("old to new", false), [[]; 0]);
        assert_eq!(parts("make the scripts executable", true), [[LineEnds]]);
        let modes = [[ExecutableBit], [ExecutableBit]];
        assert_eq!(parts("use LF line endings", true), modes);
    }
}
