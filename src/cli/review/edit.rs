//! Lets the person edit the plan in their editor, again and again until the text is a plan.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use console::style;

use super::ask::{Choice, ask};
use super::terminal::Person;
use crate::plan::Plan;
use crate::plan::file::{PlanFileError, text as file_text, to_toml};
use crate::words;

/// Editors choose colours by the extension, and show the name.
const NAME: &str = "plan.toml";

/// The result of editing.
pub(super) enum Edited {
    Plan(Box<Plan>),
    /// The plan is unchanged, and the person does not want to edit it again.
    Same,
    /// The person left. Their text is no plan yet; a message says where it is kept.
    Quit,
}

#[derive(Clone, Copy)]
enum AfterFault {
    Again,
    Back,
    Quit,
}

const AFTER_FAULT: [Choice<AfterFault>; 3] = [
    Choice::new("[e]dit again", AfterFault::Again),
    Choice::new("[b]ack to the plan as it was", AfterFault::Back),
    Choice::new("[q]uit", AfterFault::Quit),
];

pub(super) fn edit(
    plan: &Plan,
    person: &mut impl Person,
    read: &mut dyn FnMut(&str) -> anyhow::Result<Plan>,
) -> anyhow::Result<Edited> {
    let dir = tempfile::Builder::new()
        .prefix("batch-")
        .tempdir()
        .context("cannot make a temporary folder to edit the plan in")?;
    let file = dir.path().join(NAME);
    let written = to_toml(plan);
    fs::write(&file, &written).with_context(|| format!("cannot write {}", file.display()))?;
    loop {
        let error = match attempt(&file, &written, person, read) {
            Ok(Some(plan)) => return Ok(Edited::Plan(Box::new(plan))),
            Ok(None) => {
                person.show(
                    "\nThe plan was not changed. (An editor with a window of its own must be told to wait: \
                     EDITOR='code --wait')\n\n",
                )?;
                return Ok(Edited::Same);
            }
            Err(error) => error,
        };
        let text = fs::read(&file).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        person.show(&fault(&error, &text))?;
        match ask(person, &[&AFTER_FAULT], AfterFault::Quit)? {
            AfterFault::Again => {}
            AfterFault::Back => return Ok(Edited::Same),
            AfterFault::Quit => {
                if text != written {
                    // From here on the folder is the user's.
                    let file = dir.keep().join(NAME);
                    let file = words::line(&file.to_string_lossy());
                    person.show(&format!("Your text is kept in {}\n", style(file).bold()))?;
                }
                return Ok(Edited::Quit);
            }
        }
    }
}

/// Starts the editor once; `None` when the text is unchanged.
fn attempt(
    file: &Path,
    written: &str,
    person: &mut impl Person,
    read: &mut dyn FnMut(&str) -> anyhow::Result<Plan>,
) -> anyhow::Result<Option<Plan>> {
    let ending = person.edit(file)?;
    ensure!(
        ending.is_success(),
        "the editor failed ({ending}), so its text is not used; set $VISUAL or $EDITOR to use another one"
    );
    let text = fs::read(file).context("cannot read the edited plan")?;
    let text = file_text(text)?;
    if text == written {
        return Ok(None);
    }
    read(&text).map(Some)
}

/// Returns the fault, with its line in the text where that is known.
fn fault(error: &anyhow::Error, text: &str) -> String {
    let message = words::block(&format!("{error:#}"));
    let cross = style("✗").red();
    let line = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<PlanFileError>())
        .and_then(|fault| Some((fault.line, text.lines().nth(fault.line.checked_sub(1)?)?)));
    if let Some((number, line)) = line {
        let bar = style("│").dim();
        let line = words::block(line);
        return format!("\n{cross} {message}\n  {number} {bar} {line}\n\n");
    }
    format!("\n{cross} {message}\n\n")
}
