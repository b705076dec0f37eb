//! Asks questions that are answered by one key, or by a line.

use std::io;

use anyhow::Context;
use console::{Key, style};

use super::terminal::Person;

/// One answer: its word, with the key for it in brackets, and what it means.
#[derive(Clone, Copy)]
pub(super) struct Choice<T> {
    word: &'static str,
    meaning: T,
}

impl<T> Choice<T> {
    pub(super) const fn new(word: &'static str, meaning: T) -> Self {
        Self { word, meaning }
    }

    /// Returns the text before the key, the key, and the rest.
    fn parts(&self) -> (&str, &str, &str) {
        let (before, rest) = self.word.split_once('[').unwrap_or(("", self.word));
        let (key, rest) = rest.split_once(']').unwrap_or((rest, ""));
        (before, key, rest)
    }

    fn shown(&self) -> String {
        let (before, key, rest) = self.parts();
        format!("{before}[{}]{rest}", style(key).bold())
    }
}

/// Shows the choices in rows and waits until the person makes one. Escape, Ctrl-C, Ctrl-D and the end of input mean
/// `leave`; every other key, Enter too, has no effect.
pub(super) fn ask<T: Copy>(
    person: &mut impl Person,
    rows: &[&[Choice<T>]],
    leave: T,
) -> anyhow::Result<T> {
    // A key that was pressed before the question appeared is no answer. It need not come from the person: an editor
    // that asked the terminal for its colours may have ended before the terminal replied.
    person.forget_keys();
    let rows_shown: Vec<String> = rows
        .iter()
        .map(|row| row.iter().map(Choice::shown).collect::<Vec<_>>().join("  "))
        .collect();
    person.show(&format!("{} ", rows_shown.join("\n")))?;
    let meaning = loop {
        let key = match read_key(person)? {
            Pressed::Leave => break leave,
            Pressed::Key(Key::Char(key)) => key.to_ascii_lowercase(),
            Pressed::Key(_) => continue,
        };
        let mut choices = rows.iter().copied().flatten();
        if let Some(choice) = choices.find(|choice| choice.parts().1.starts_with(key)) {
            break choice.meaning;
        }
    };
    person.show("\n")?;
    Ok(meaning)
}

/// Asks for a line; `None` where the person leaves or types nothing.
pub(super) fn ask_line(person: &mut impl Person, question: &str) -> anyhow::Result<Option<String>> {
    person.forget_keys();
    person.show(&format!("{question} "))?;
    let mut line = String::new();
    loop {
        match read_key(person)? {
            Pressed::Leave => {
                line.clear();
                break;
            }
            Pressed::Key(Key::Enter) => break,
            Pressed::Key(Key::Backspace) => {
                if let Some(last) = line.pop() {
                    let width = console::measure_text_width(last.encode_utf8(&mut [0; 4]));
                    person.show(&"\u{8} \u{8}".repeat(width))?;
                }
            }
            // Ctrl-U
            Pressed::Key(Key::Char('\u{15}')) => {
                let width = console::measure_text_width(&line);
                person.show(&"\u{8} \u{8}".repeat(width))?;
                line.clear();
            }
            Pressed::Key(Key::Char(letter)) if !letter.is_control() => {
                line.push(letter);
                person.show(letter.encode_utf8(&mut [0; 4]))?;
            }
            Pressed::Key(_) => {}
        }
    }
    person.show("\n")?;
    Ok(Some(line.trim().to_owned()).filter(|line| !line.is_empty()))
}

enum Pressed {
    Key(Key),
    Leave,
}

fn read_key(person: &mut impl Person) -> anyhow::Result<Pressed> {
    Ok(match person.key() {
        Ok(Key::Escape | Key::CtrlC | Key::Char('\u{4}')) => Pressed::Leave,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Pressed::Leave,
        Ok(key @ Key::UnknownEscSeq(_)) => {
            // The rest of the sequence would be read as letters.
            person.forget_keys();
            Pressed::Key(key)
        }
        Ok(key) => Pressed::Key(key),
        Err(error) => return Err(error).context("cannot read a key from the terminal"),
    })
}
