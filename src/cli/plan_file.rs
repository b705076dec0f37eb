//! The file that a person names for a plan: it is not written over by mistake, and its name is said.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::output::say;
use super::workspace::Workspace;

/// Refuses to write over a file that is there already.
pub(super) fn refuse_existing(
    workspace: &Workspace,
    path: Option<&PathBuf>,
    flag: &str,
) -> anyhow::Result<()> {
    match path {
        Some(path) if workspace.dir.join(path).exists() => anyhow::bail!(
            "{} exists already: give another name with {flag}, or --force to replace it",
            path.display()
        ),
        _ => Ok(()),
    }
}

/// Writes the text of a plan into the file that the person named.
pub(super) fn save(workspace: &Workspace, file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(workspace.dir.join(file), text)
        .with_context(|| format!("{} cannot be written", file.display()))
}

/// Says where a plan is saved, and how to run it.
pub(super) fn say_saved(file: &Path) {
    say(&format!(
        "Saved as {0}. Run it with: batch run {0}",
        file.display()
    ));
}
