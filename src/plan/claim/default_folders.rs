//! The folders in which units may create files where only listed paths and these count (`--scope listed`).

use std::collections::HashMap;

use super::names::{ancestors, fold};

/// Chooses the folders in which each unit may create files by default: every folder that holds claimed files goes to
/// the unit with most files in it, of equals to the first. Takes the files of each unit, returns its `create`.
#[must_use]
pub(crate) fn default_create_folders<S: AsRef<str>>(units: &[impl AsRef<[S]>]) -> Vec<Vec<String>> {
    // By folded name: the number of files of each unit, and the first spelling of the folder in path order.
    let mut folders: HashMap<String, (HashMap<usize, usize>, &str)> = HashMap::new();
    for (unit, files) in units.iter().enumerate() {
        for file in files.as_ref() {
            let folder = ancestors(file.as_ref()).next().unwrap_or("");
            let (counts, spelling) = folders
                .entry(fold(folder))
                .or_insert_with(|| (HashMap::new(), folder));
            *counts.entry(unit).or_default() += 1;
            *spelling = (*spelling).min(folder);
        }
    }
    let mut create = vec![Vec::new(); units.len()];
    for (counts, spelling) in folders.into_values() {
        let most = counts
            .into_iter()
            .max_by_key(|&(unit, files)| (files, std::cmp::Reverse(unit)));
        if let Some((unit, _)) = most {
            create[unit].push(match spelling {
                "" => "./".to_owned(),
                folder => format!("{folder}/"),
            });
        }
    }
    for folders in &mut create {
        folders.sort();
    }
    create
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_to_the_unit_with_most_files_in_it() {
        let create = default_create_folders(&[
            vec!["a/1", "b/1", "top"],
            vec!["a/2", "A/3", "b/2"],
            vec!["top2"],
        ]);
        assert_eq!(create, [vec!["./", "b/"], vec!["A/"], vec![]]);
    }
}
