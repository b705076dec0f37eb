//! Lets the person write the instruction in the editor, with the matched files before their eyes.

use std::fmt::Write;
use std::fs;

use anyhow::{Context, ensure};
use console::Term;

use super::terminal::{AtTerminal, Person};
use crate::words;

/// The line from which on nothing belongs to the instruction.
const SCISSORS: &str = "# ------------------------ >8 ------------------------";

/// How many files are listed.
const FILES_SHOWN: usize = 200;

/// Starts the editor with the matched files as comments, and returns what was written.
pub(in crate::cli) fn write_instruction(files: &[&str], term: &Term) -> anyhow::Result<String> {
    let dir = tempfile::Builder::new()
        .prefix("batch-")
        .tempdir()
        .context("cannot make a temporary folder to write the instruction in")?;
    let file = dir.path().join("instruction.md");
    fs::write(&file, form(files)).with_context(|| format!("cannot write {}", file.display()))?;
    let ending = AtTerminal(term).edit(&file)?;
    ensure!(
        ending.is_success(),
        "the editor failed ({ending}), so its text is not used; set $VISUAL or $EDITOR to use another one"
    );
    let text = fs::read_to_string(&file).context("cannot read the instruction")?;
    let instruction = text.split(SCISSORS).next().unwrap_or_default().trim();
    ensure!(
        !instruction.is_empty(),
        "the instruction is empty: nothing was planned"
    );
    Ok(instruction.to_owned())
}

fn form(files: &[&str]) -> String {
    let mut form = format!(
        "\n{SCISSORS}\n# Write the change in your own words above this line. Nothing below it is used.\n# {}:\n",
        words::count(files.len(), "matched file")
    );
    // Writing to a string cannot fail.
    for file in files.iter().take(FILES_SHOWN) {
        let _ = writeln!(form, "#   {}", words::line(file));
    }
    if files.len() > FILES_SHOWN {
        let _ = writeln!(form, "#   … and {} more", files.len() - FILES_SHOWN);
    }
    form
}
