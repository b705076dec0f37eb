//! Resolves an import to files of the repository: picks the resolver of the importing file's language family.

use std::collections::BTreeMap;

use super::c::CHeaders;
use super::declared_names::DeclaredNames;
use super::family::{Family, FamilyResolver};
use super::go::GoPackages;
use super::node::NodeModules;
use super::outline::Import;
use super::php::PhpDeclarations;
use super::python::PythonModules;
use super::ruby::RubyLoadPath;
use super::rust_crates::RustCrates;
use super::source_file::{FileIndex, SourceFile};
use super::{go, node, paths, python, rust_crates, tsconfig};

/// Checks whether a resolver needs the text of this file.
#[must_use]
pub fn is_manifest(path: &str) -> bool {
    let name = paths::name(path);
    go::is_manifest(name)
        || node::is_manifest(name)
        || python::is_manifest(name)
        || rust_crates::is_manifest(name)
        || tsconfig::is_manifest(name)
}

/// Resolves imports in every known language.
pub struct Resolver(BTreeMap<Family, Box<dyn FamilyResolver>>);

impl Resolver {
    /// `sources` are all tracked files in a known language, sorted by path; `manifests` are the paths and texts of the
    /// files for which [`is_manifest`] holds.
    #[must_use]
    pub fn new(sources: &[SourceFile<'_>], manifests: &[(&str, &str)]) -> Self {
        let mut families: BTreeMap<Family, Vec<(FileIndex, SourceFile<'_>)>> = BTreeMap::new();
        for (index, source) in (0..).zip(sources) {
            families
                .entry(Family::of(source.language))
                .or_default()
                .push((index, *source));
        }
        Self(
            families
                .into_iter()
                .map(|(family, sources)| (family, family_resolver(family, &sources, manifests)))
                .collect(),
        )
    }

    /// Returns the files that an import refers to, as positions in the list of sources, without the importing file
    /// `from` itself, which stands at `index`.
    #[must_use]
    pub fn resolve(&self, index: u32, from: &SourceFile<'_>, import: &Import) -> Vec<u32> {
        let mut found = Vec::new();
        if let Some(resolver) = self.0.get(&Family::of(from.language)) {
            resolver.resolve(from, import, &mut found);
        }
        found.retain(|&file| file != index);
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn family_resolver(
    family: Family,
    sources: &[(FileIndex, SourceFile<'_>)],
    manifests: &[(&str, &str)],
) -> Box<dyn FamilyResolver> {
    match family {
        Family::C => Box::new(CHeaders::new(sources)),
        Family::CSharp | Family::Jvm => Box::new(DeclaredNames::new(sources, ".")),
        Family::Go => Box::new(GoPackages::new(sources, manifests)),
        Family::Node => Box::new(NodeModules::new(sources, manifests)),
        Family::Php => Box::new(PhpDeclarations::new(sources)),
        Family::Python => Box::new(PythonModules::new(sources, manifests)),
        Family::Ruby => Box::new(RubyLoadPath::new(sources)),
        Family::Rust => Box::new(RustCrates::new(sources, manifests)),
    }
}
