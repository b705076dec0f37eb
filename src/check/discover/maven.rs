//! Maven: `mvn test` in the root of the reactor, for the claimed modules and the modules that they need.

use std::collections::BTreeMap;

use super::packages::Packages;
use super::tree::{Tree, join, relative_to, resolve, source, upward};
use crate::check::command::Check;

const MANIFEST: &str = "pom.xml";

pub(super) fn can_test(tree: &Tree<'_>, dir: &str) -> bool {
    tree.has(dir, MANIFEST)
}

pub(super) fn checks(tree: &Tree<'_>, packages: &Packages<'_>) -> Vec<Check> {
    let mut reactors: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for &dir in packages.keys() {
        reactors.entry(reactor(tree, dir)).or_default().push(dir);
    }
    reactors
        .into_iter()
        .map(|(root, dirs)| {
            let program = tree
                .script(root, "mvnw")
                .unwrap_or_else(|| "mvn".to_owned());
            let mut words = vec![program];
            // Without `-fae` Maven stops at the first module that fails.
            words.extend(["-q", "-B", "-fae", "test"].map(String::from));
            if !dirs.contains(&root) {
                let modules: Vec<&str> = dirs
                    .iter()
                    .filter_map(|dir| relative_to(root, dir))
                    .collect();
                words.extend(["-pl".to_owned(), modules.join(","), "-am".to_owned()]);
            }
            Check::found(words, root, source(MANIFEST, dirs))
        })
        .collect()
}

/// Returns the highest folder from which poms list each other as modules down to `dir`.
fn reactor<'d>(tree: &Tree<'_>, dir: &'d str) -> &'d str {
    let mut root = dir;
    while let Some(above) = upward(root).skip(1).find(|above| lists(tree, above, root)) {
        root = above;
    }
    root
}

/// Checks whether the pom of `above` lists `dir` as a module.
fn lists(tree: &Tree<'_>, above: &str, dir: &str) -> bool {
    let Some(text) = tree.text(above, MANIFEST) else {
        return false;
    };
    uncommented(&text)
        .split("<module>")
        .skip(1)
        .filter_map(|rest| rest.split_once("</module>"))
        .filter_map(|(module, _)| resolve(above, module.trim()))
        // A module is named by its folder or by the path of its pom.
        .any(|module| module == dir || module == join(dir, MANIFEST))
}

fn uncommented(xml: &str) -> String {
    let mut parts = xml.split("<!--");
    let first = parts.next().unwrap_or_default();
    parts.fold(first.to_owned(), |text, part| {
        text + part.split_once("-->").map_or("", |(_, rest)| rest)
    })
}
