//! Which file uses which: every name that a module imports or writes as a path, followed to the file that defines it. A
//! name that a file only hands on (`pub use`) counts for the file it comes from; `mod x;` counts for nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{Modules, Path};

/// For each file the files that it uses, with the names that it takes from each.
pub type Arrows = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning {
    Module(usize),
    /// Something that this module defines.
    Item(usize),
}

/// The arrows of a crate, and the imports that cannot be followed because they take all names of a module (`use x::*`).
pub fn arrows(modules: &Modules) -> (Arrows, Vec<String>) {
    let (mut arrows, mut globs) = (Arrows::new(), Vec::new());
    for (place, module) in modules.0.iter().enumerate() {
        let imports = module.imports.iter().map(|import| &import.path);
        for path in imports.chain(&module.paths) {
            for meaning in modules.meanings(place, path, &mut BTreeSet::new()) {
                let Meaning::Item(of) = meaning else { continue };
                let to = &modules.0[of].file;
                if *to != module.file {
                    let names = arrows.entry(module.file.clone()).or_default();
                    let names = names.entry(to.clone()).or_default();
                    names.insert(path.join("::"));
                }
            }
        }
        for import in module.imports.iter().filter(|import| import.name == "*") {
            let meanings = modules.meanings(place, &import.path, &mut BTreeSet::new());
            if meanings.iter().any(|it| matches!(it, Meaning::Module(_))) {
                globs.push(format!(
                    "{} takes all names of {}: list the names that it needs",
                    module.file,
                    import.path.join("::")
                ));
            }
        }
    }
    (arrows, globs)
}

impl Modules {
    /// What a path means in a module: nothing where it leads to another crate, two things where a module and a function
    /// share a name. `asked` holds what is being looked up, since imports may lead in a ring.
    fn meanings(
        &self,
        place: usize,
        path: &Path,
        asked: &mut BTreeSet<(usize, String)>,
    ) -> Vec<Meaning> {
        let mut names = path.iter();
        let mut found = match names.next().map(String::as_str) {
            Some("crate") => vec![Meaning::Module(self.root(place))],
            Some("self") => vec![Meaning::Module(place)],
            Some("super") => self.parent(place),
            // The program uses the library by its name.
            Some("batch") if self.root(place) > 0 => vec![Meaning::Module(0)],
            Some(name) => self.lookup(place, name, asked),
            None => Vec::new(),
        };
        for name in names {
            let inside: Vec<usize> = found
                .iter()
                .filter_map(|meaning| match meaning {
                    Meaning::Module(module) => Some(*module),
                    Meaning::Item(_) => None,
                })
                .collect();
            if inside.is_empty() {
                break;
            }
            found = inside
                .into_iter()
                .flat_map(|module| match name.as_str() {
                    "super" => self.parent(module),
                    "self" => vec![Meaning::Module(module)],
                    _ => {
                        let found = self.lookup(module, name, asked);
                        // What is found nowhere was made by a macro of the module.
                        if found.is_empty() {
                            vec![Meaning::Item(module)]
                        } else {
                            found
                        }
                    }
                })
                .collect();
        }
        found
    }

    fn lookup(
        &self,
        place: usize,
        name: &str,
        asked: &mut BTreeSet<(usize, String)>,
    ) -> Vec<Meaning> {
        if !asked.insert((place, name.to_owned())) {
            return Vec::new();
        }
        let module = &self.0[place];
        let mut found: Vec<Meaning> = Vec::new();
        found.extend(
            module
                .children
                .get(name)
                .map(|child| Meaning::Module(*child)),
        );
        found.extend(module.items.contains(name).then_some(Meaning::Item(place)));
        for import in module.imports.iter().filter(|import| import.name == name) {
            found.extend(self.meanings(place, &import.path, asked));
        }
        asked.remove(&(place, name.to_owned()));
        found.sort_unstable();
        found.dedup();
        found
    }

    fn parent(&self, place: usize) -> Vec<Meaning> {
        self.0[place]
            .parent
            .map(Meaning::Module)
            .into_iter()
            .collect()
    }

    fn root(&self, place: usize) -> usize {
        let mut place = place;
        while let Some(parent) = self.0[place].parent {
            place = parent;
        }
        place
    }
}
