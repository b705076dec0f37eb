//! Locates the files of a unit in relation to those of the other units.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::name::{Name, Part};
use crate::plan::claim::stem;

/// Up to this many loose files are named one by one if the unit holds all of their folder.
const FEW: usize = 4;

/// A file as its unit is named after it: `parse.rs` counts as a file of `parse/` if there is such a folder.
pub(super) struct File<'a> {
    path: &'a str,
    folder: &'a str,
}

impl<'a> File<'a> {
    fn of(path: &'a str, folders: &HashSet<&str>) -> Self {
        let folder = folder_of(path);
        let name = last(path);
        let namesake = &path[..path.len() - name.len() + stem(name).len()];
        Self {
            path,
            folder: if namesake != path && folders.contains(namesake) {
                namesake
            } else {
                folder
            },
        }
    }

    fn is_namesake(&self) -> bool {
        self.folder.len() > folder_of(self.path).len()
    }
}

/// Returns the folder that holds a path, `""` for the root.
fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns the folder and all folders above it up to the root.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| {
        (!folder.is_empty()).then(|| folder_of(folder))
    })
}

/// Returns the rest of the path below the folder; `None` if the path is not in it.
fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    match folder {
        "" => Some(path),
        folder if folder == path => Some(""),
        folder => path.strip_prefix(folder)?.strip_prefix('/'),
    }
}

/// Returns the deepest folder that holds all files.
fn common_folder<'a>(files: &[&File<'a>]) -> &'a str {
    let first = files.first().map_or("", |file| file.folder);
    files.iter().fold(first, |common, file| {
        ancestors(common)
            .find(|folder| below(file.folder, folder).is_some())
            .unwrap_or_default()
    })
}

/// The content of a folder, over all units.
#[derive(Default)]
struct Folder<'a> {
    /// The number of files in it and below it, and of files directly in it.
    files: usize,
    loose: usize,
    /// The names of its files and folders.
    names: BTreeSet<&'a str>,
}

/// The folders of all units.
pub(super) struct Places<'a> {
    units: Vec<Vec<File<'a>>>,
    folders: HashMap<&'a str, Folder<'a>>,
}

impl<'a> Places<'a> {
    pub(super) fn of(units: &[Vec<&'a str>]) -> Self {
        let names: HashSet<&str> = units
            .iter()
            .flatten()
            .flat_map(|path| ancestors(folder_of(path)))
            .collect();
        let units: Vec<Vec<File<'a>>> = units
            .iter()
            .map(|files| files.iter().map(|path| File::of(path, &names)).collect())
            .collect();
        let mut folders: HashMap<&str, Folder<'_>> = HashMap::new();
        for file in units.iter().flatten() {
            let own = folders.entry(file.folder).or_default();
            own.loose += 1;
            own.names.insert(last(file.path));
            for folder in ancestors(file.folder) {
                folders.entry(folder).or_default().files += 1;
                if !folder.is_empty() {
                    let above = folders.entry(folder_of(folder)).or_default();
                    above.names.insert(last(folder));
                }
            }
        }
        Self { units, folders }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = Name> {
        self.units.iter().map(|files| {
            let files: Vec<&File<'_>> = files.iter().collect();
            self.name(&files)
        })
    }

    fn name(&self, files: &[&File<'a>]) -> Name {
        if let [only] = files {
            return Name::folder(only.path);
        }
        let folder = common_folder(files);
        if !folder.is_empty() && self.is_all(folder, files.len()) {
            return Name::folder(folder);
        }
        let (mut loose, folders) = children(folder, files);
        if let Some(stretch) = self.stretch(folder, &loose, &folders) {
            return Name::new(folder, vec![stretch]);
        }
        let mut parts: Vec<Part> = Vec::new();
        for (child, files) in folders {
            parts.extend(self.parts(child, &files, folder));
        }
        loose.sort_by_key(|file| !file.is_namesake());
        let is_all = self.folders.get(folder).map(|it| it.loose) == Some(loose.len());
        let names: Vec<&str> = loose.iter().map(|file| last(file.path)).collect();
        if is_all && names.len() <= FEW {
            parts.extend(names.iter().map(|name| Part::whole(name, 1)));
        } else {
            parts.extend(from_to(&names).map(|text| Part::whole(&text, names.len())));
        }
        Name::new(folder, parts).gathered()
    }

    fn is_all(&self, folder: &str, files: usize) -> bool {
        self.folders.get(folder).is_some_and(|it| it.files == files)
    }

    /// Names many neighbours in a folder by the first and the last, if none between them is missing and all are whole.
    fn stretch(
        &self,
        folder: &str,
        loose: &[&File<'_>],
        folders: &BTreeMap<&str, Vec<&File<'_>>>,
    ) -> Option<Part> {
        let whole = folders
            .iter()
            .all(|(folder, files)| self.is_all(folder, files.len()));
        let names: BTreeSet<&str> = loose
            .iter()
            .map(|file| last(file.path))
            .chain(folders.keys().map(|folder| last(folder)))
            .collect();
        let (first, end) = (*names.first()?, *names.last()?);
        let between = self.folders.get(folder)?.names.range(first..=end).count();
        if names.len() <= FEW || between != names.len() || !whole || folders.is_empty() {
            return None;
        }
        let files = loose.len() + folders.values().map(Vec::len).sum::<usize>();
        from_to(&[first, end]).map(|text| Part::whole(&text, files))
    }

    /// Names a unit's files below a folder, relative to `top`, in as few places as are needed to find them. The unit
    /// with most of a folder has the folder's name.
    fn parts(&self, folder: &str, files: &[&File<'a>], top: &str) -> Vec<Part> {
        let name = below(folder, top).unwrap_or(folder);
        if self.is_all(folder, files.len()) {
            return vec![Part::whole(name, files.len())];
        }
        let is_most = |all: usize| files.len() * 2 > all;
        if self.folders.get(folder).is_some_and(|it| is_most(it.files)) {
            return vec![Part::piece(name, files.len())];
        }
        let (loose, folders) = children(folder, files);
        let mut parts: Vec<Part> = match loose.as_slice() {
            [] => Vec::new(),
            [only] => vec![Part::whole(&format!("{name}/{}", last(only.path)), 1)],
            several => vec![Part::piece(name, several.len())],
        };
        for (child, files) in folders {
            parts.extend(self.parts(child, &files, top));
        }
        parts
    }
}

/// Returns the files directly in a folder, and the others by the subfolder that holds them.
fn children<'f, 'a>(
    folder: &str,
    files: &[&'f File<'a>],
) -> (Vec<&'f File<'a>>, BTreeMap<&'a str, Vec<&'f File<'a>>>) {
    let mut loose = Vec::new();
    let mut folders: BTreeMap<&str, Vec<&File<'_>>> = BTreeMap::new();
    for &file in files {
        let rest = below(file.folder, folder).unwrap_or_default();
        match rest.split('/').next().unwrap_or_default().len() {
            0 => loose.push(file),
            name => {
                let child = &file.folder[..file.folder.len() - rest.len() + name];
                folders.entry(child).or_default().push(file);
            }
        }
    }
    (loose, folders)
}

/// Returns the range from the first name to the last, without extensions if the names stay different.
fn from_to(names: &[&str]) -> Option<String> {
    let bare = |name: &&str| match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
        _ => (*name).to_owned(),
    };
    let (first, last) = (names.first().map(bare)?, names.last().map(bare)?);
    Some(match names {
        [only] => (*only).to_owned(),
        _ if first == last => first,
        _ => format!("{first} … {last}"),
    })
}
