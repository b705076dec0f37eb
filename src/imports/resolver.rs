//! From an import to the files that it means: each language's own way of looking, behind one small seam.

use std::collections::BTreeMap;

use super::c::C;
use super::crates::Crates;
use super::go::Go;
use super::names::Names;
use super::node::Node;
use super::php::Php;
use super::python::Python;
use super::ruby::Ruby;
use super::{Import, Language, Outline, crates, go, node, paths, python, tsconfig};

/// A file with what its text says.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// From the root of the repository.
    pub path: &'a str,
    pub language: Language,
    pub outline: &'a Outline,
}

/// How a family of languages looks for what is imported.
pub(super) trait Resolve: Send + Sync {
    /// Adds the files that the import means, by their places in the list of all sources.
    fn resolve(&self, from: &Source<'_>, import: &Import, found: &mut Vec<u32>);
}

/// Languages that can import each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    C,
    CSharp,
    Go,
    Jvm,
    Node,
    Php,
    Python,
    Ruby,
    Rust,
}

impl Family {
    fn of(language: Language) -> Self {
        match language {
            Language::C => Self::C,
            Language::CSharp => Self::CSharp,
            Language::Go => Self::Go,
            Language::Java | Language::Kotlin => Self::Jvm,
            Language::JavaScript | Language::Component => Self::Node,
            Language::Php => Self::Php,
            Language::Python => Self::Python,
            Language::Ruby => Self::Ruby,
            Language::Rust => Self::Rust,
        }
    }

    fn resolver(
        self,
        sources: &[(u32, Source<'_>)],
        manifests: &[(&str, &str)],
    ) -> Box<dyn Resolve> {
        match self {
            Self::C => Box::new(C::new(sources)),
            Self::CSharp | Self::Jvm => Box::new(Names::new(sources, ".")),
            Self::Go => Box::new(Go::new(sources, manifests)),
            Self::Node => Box::new(Node::new(sources, manifests)),
            Self::Php => Box::new(Php::new(sources)),
            Self::Python => Box::new(Python::new(sources, manifests)),
            Self::Ruby => Box::new(Ruby::new(sources)),
            Self::Rust => Box::new(Crates::new(sources, manifests)),
        }
    }
}

/// Whether a resolver wants to know the text of this file.
#[must_use]
pub fn is_manifest(path: &str) -> bool {
    let name = paths::name(path);
    go::is_manifest(name)
        || node::is_manifest(name)
        || python::is_manifest(name)
        || crates::is_manifest(name)
        || tsconfig::is_manifest(name)
}

/// Knows which files of a repository an import means.
pub struct Resolver(BTreeMap<Family, Box<dyn Resolve>>);

impl Resolver {
    /// `sources` are all tracked files in a known language, by path; `manifests` the path and text of each file for
    /// which [`is_manifest`] holds.
    #[must_use]
    pub fn new(sources: &[Source<'_>], manifests: &[(&str, &str)]) -> Self {
        let mut families: BTreeMap<Family, Vec<(u32, Source<'_>)>> = BTreeMap::new();
        for (place, source) in (0..).zip(sources) {
            families
                .entry(Family::of(source.language))
                .or_default()
                .push((place, *source));
        }
        Self(
            families
                .into_iter()
                .map(|(family, sources)| (family, family.resolver(&sources, manifests)))
                .collect(),
        )
    }

    /// The files that an import means, by their places in the list of sources; the importer itself is never among
    /// them.
    #[must_use]
    pub fn resolve(&self, place: u32, from: &Source<'_>, import: &Import) -> Vec<u32> {
        let mut found = Vec::new();
        if let Some(resolver) = self.0.get(&Family::of(from.language)) {
            resolver.resolve(from, import, &mut found);
        }
        found.retain(|&file| file != place);
        found.sort_unstable();
        found.dedup();
        found
    }
}
