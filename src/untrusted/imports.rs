//! The text of a source file or of a manifest, in whatever language it is.

use crate::imports::{Language, Outline, Resolver, SourceFile, exports, extract};

/// A file of each language; the text stands in each of them.
const SOURCES: [&str; 11] = [
    "a.c", "a.cs", "a.go", "a.java", "a.js", "a.kt", "a.php", "a.py", "a.rb", "a.rs", "a.vue",
];

/// Manifests; the text stands in each of them.
const MANIFESTS: [&str; 7] = [
    "Cargo.toml",
    "go.mod",
    "jsconfig.json",
    "package.json",
    "pyproject.toml",
    "setup.cfg",
    "tsconfig.json",
];

/// Reads the text as a file of every language and as every manifest, and resolves what it imports.
pub fn imports(text: &[u8]) {
    let lossy = String::from_utf8_lossy(text);
    let outlines: Vec<(&str, Language, Outline)> = SOURCES
        .into_iter()
        .filter_map(|path| {
            let language = Language::of_path(path)?;
            Some((path, language, extract(language, text)))
        })
        .collect();
    for (path, language, outline) in &outlines {
        let names = outline.imports.iter().map(|import| import.name.len());
        let all: usize = names.chain(outline.declares.iter().map(String::len)).sum();
        // Several names of one import repeat what is before them.
        assert!(
            all <= 100 * text.len() + text.len().pow(2),
            "{path}: {all} bytes"
        );
        let offered = exports(*language, &lossy);
        assert!(offered.iter().all(|name| lossy.contains(*name)));
    }
    let sources: Vec<SourceFile<'_>> = outlines
        .iter()
        .map(|(path, language, outline)| SourceFile {
            path,
            language: *language,
            outline,
        })
        .collect();
    let manifests: Vec<(&str, &str)> = MANIFESTS.iter().map(|path| (*path, &*lossy)).collect();
    let resolver = Resolver::new(&sources, &manifests);
    for (index, source) in (0..).zip(&sources) {
        for import in &source.outline.imports {
            for file in resolver.resolve(index, source, import) {
                assert!((file as usize) < sources.len() && file != index);
            }
        }
    }
}
