//! Cuts files into units with names, claims and order.

use super::base_files::BaseFiles;
use super::cut::Cutter;
use super::model::{Claim, Unit};
use super::scan::File;
use super::title::name_units;
use crate::config::{Order, UnitRange};
use crate::git::GitError;

/// Cuts these files into units and puts the units in order.
pub(super) fn cut_into_units(
    files: &[File],
    base: &BaseFiles,
    range: UnitRange,
) -> Result<Vec<Unit>, GitError> {
    let all = files.iter().map(|file| file.path.as_str());
    let groups = base.owners.groups(all.clone());
    let cut = Cutter {
        files,
        groups: &groups,
        graph: base.deciding_graph(all)?,
        packages: &base.packages,
        by: base.by,
        together: &base.together,
    }
    .cut(range, &base.commits);
    let paths = |units: &[Vec<usize>]| -> Vec<Vec<&str>> {
        let path = |&file: &usize| files[file].path.as_str();
        units
            .iter()
            .map(|unit| unit.iter().map(path).collect())
            .collect()
    };
    let (own, shared) = (paths(&cut.units), paths(&cut.shared));
    let names = name_units(&own, &shared);
    let paths = [own, shared].concat();
    let mut units: Vec<Unit> = names
        .into_iter()
        .zip(&paths)
        .zip(cut.units.iter().chain(&cut.shared))
        .map(|(((id, title), paths), unit)| {
            let mut owned: Vec<String> = paths.iter().map(ToString::to_string).collect();
            owned.sort();
            Unit {
                id,
                title,
                description: None,
                agent: None,
                needs: Vec::new(),
                owners: base.owners.of_all(&owned),
                claim: Claim {
                    files: owned,
                    create: Vec::new(),
                },
                size: unit.iter().map(|&file| files[file].size).sum(),
            }
        })
        .collect();
    if base.order == Order::Deps {
        base.graph()?.order(&mut units);
    }
    Ok(units)
}
