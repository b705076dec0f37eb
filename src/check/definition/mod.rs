//! What a check depends on beside the code: the scripts and targets that its command leads to, and the settings of the
//! tools that these name. A unit that changes them changes what judges it.
//!
//! [`changed_definitions`] is a pure function over the texts before and after. Tests themselves are no definition.

mod reached;
mod recipes;
mod settings;

use super::command::Check;
use super::content::ChangedFile;

use reached::reach;

/// Something that a check depends on and that a unit changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    /// The file, from the root.
    pub(crate) path: String,
    /// What it is, as a part of a sentence: `the script test`.
    pub(crate) what: String,
}

/// Returns what of the check's own definition the files change. `before` reads a file as it was.
pub(crate) fn changed_definitions(
    check: &Check,
    files: &[ChangedFile],
    before: &dyn Fn(&str) -> Option<String>,
) -> Vec<Definition> {
    let reached = reach(check, before);
    let mut found = Vec::new();
    for file in files {
        let sides = (file.text_before(), file.text_after());
        let recipes = reached.recipes.iter().filter(|it| it.path == file.path);
        found.extend(recipes.filter(|it| it.part.is_changed(sides)).map(|it| {
            let path = it.path.clone();
            let what = it.part.to_string();
            Definition { path, what }
        }));
        let of_tool = settings::of_file(&file.path, &check.dir, &reached.words);
        found.extend(
            of_tool
                .filter(|it| it.is_changed(sides))
                .map(|it| Definition {
                    path: file.path.clone(),
                    what: format!("the settings of {}", it.tool()),
                }),
        );
    }
    found
}

#[cfg(test)]
mod tests;
