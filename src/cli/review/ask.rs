//! A question that is answered by one key.

use std::io;

use anyhow::Context;
use console::{Key, style};

use super::terminal::Person;

/// One answer: its key, the rest of its word, and what it means.
pub(super) struct Choice<T> {
    key: char,
    rest: &'static str,
    meaning: T,
}

impl<T> Choice<T> {
    pub(super) const fn new(key: char, rest: &'static str, meaning: T) -> Self {
        Self { key, rest, meaning }
    }
}

/// Waits until one of the choices is made. Escape, Ctrl-C, Ctrl-D and the end of input are `leave`; every other key,
/// Enter too, is nothing.
pub(super) fn ask<T: Copy>(
    person: &mut impl Person,
    choices: &[Choice<T>],
    leave: T,
) -> anyhow::Result<T> {
    // What was typed before could be seen is no answer. It need not be the person's hand: an editor that has asked the
    // terminal for its colours may have left before the terminal replied.
    person.forget_keys();
    let words: Vec<String> = choices
        .iter()
        .map(|choice| format!("[{}]{}", style(choice.key).bold(), choice.rest))
        .collect();
    person.show(&format!("{} ", words.join("  ")))?;
    let meaning = loop {
        let key = match person.key() {
            Ok(Key::Escape | Key::CtrlC | Key::Char('\u{4}')) => break leave,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break leave,
            Ok(Key::Char(key)) => key.to_ascii_lowercase(),
            Ok(Key::UnknownEscSeq(_)) => {
                // The rest of the sequence would be read as letters.
                person.forget_keys();
                continue;
            }
            Ok(_) => continue,
            Err(error) => return Err(error).context("cannot read a key from the terminal"),
        };
        if let Some(choice) = choices.iter().find(|choice| choice.key == key) {
            break choice.meaning;
        }
    };
    person.show("\n")?;
    Ok(meaning)
}
