//! Reads where the configurations of TypeScript projects put modules: `baseUrl`, `paths`, `extends`.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::cursor::Cursor;
use super::paths;

/// The longest chain of `extends` that is followed.
const MAX_CHAIN: usize = 16;

pub(super) fn is_manifest(name: &str) -> bool {
    name.strip_suffix(".json")
        .is_some_and(|name| name.contains("tsconfig") || name.starts_with("jsconfig"))
}

/// The module settings for the files in a folder and below.
#[derive(Debug, Default, Clone)]
pub(super) struct Project {
    /// The folder in which bare names are looked up.
    base: Option<String>,
    /// Aliases with at most one star each, and their targets from the root of the repository.
    patterns: Vec<(String, Vec<String>)>,
}

impl Project {
    /// Returns the paths that the name may resolve to, the best first.
    pub(super) fn candidates(&self, name: &str) -> Vec<String> {
        // The pattern with the longest prefix wins.
        let matching = self.patterns.iter().filter_map(|(pattern, targets)| {
            let (start, end) = pattern.split_once('*').unwrap_or((pattern, ""));
            let is_exact = !pattern.contains('*');
            let rest = name.strip_prefix(start)?.strip_suffix(end)?;
            (!is_exact || rest.is_empty()).then_some((start.len(), rest, targets))
        });
        let best = matching.max_by_key(|(len, _, _)| *len);
        let from_patterns = best.into_iter().flat_map(|(_, rest, targets)| {
            targets
                .iter()
                .filter_map(move |target| paths::join("", &target.replacen('*', rest, 1)))
        });
        let from_base = self.base.as_ref().and_then(|base| paths::join(base, name));
        from_patterns.chain(from_base).collect()
    }
}

/// The projects of a repository, by folder.
pub(super) struct Projects(HashMap<String, Vec<Project>>);

impl Projects {
    pub(super) fn new(manifests: &[(&str, &str)]) -> Self {
        let configs: BTreeMap<&str, Value> = manifests
            .iter()
            .filter(|(path, _)| is_manifest(paths::name(path)))
            .filter_map(|(path, text)| {
                Some((*path, serde_json::from_slice(&plain_json(text)).ok()?))
            })
            .collect();
        let mut projects: HashMap<String, Vec<Project>> = HashMap::new();
        for path in configs.keys() {
            let project = read(&configs, path, MAX_CHAIN);
            let in_folder = projects.entry(paths::folder(path).to_owned()).or_default();
            match paths::name(path) {
                // Editors and compilers read this name first.
                "tsconfig.json" | "jsconfig.json" => in_folder.insert(0, project),
                _ => in_folder.push(project),
            }
        }
        for in_folder in projects.values_mut() {
            in_folder.retain(|project| project.base.is_some() || !project.patterns.is_empty());
        }
        Self(projects)
    }

    /// Returns the paths that a name may resolve to in a file of this folder.
    pub(super) fn candidates(&self, folder: &str, name: &str) -> Vec<String> {
        let nearest = paths::ancestors(folder)
            .find_map(|folder| self.0.get(folder).filter(|projects| !projects.is_empty()));
        nearest
            .into_iter()
            .flatten()
            .flat_map(|project| project.candidates(name))
            .collect()
    }
}

fn read(configs: &BTreeMap<&str, Value>, path: &str, max_chain: usize) -> Project {
    let Some(config) = configs.get(path).filter(|_| max_chain > 0) else {
        return Project::default();
    };
    let folder = paths::folder(path);
    let mut project = Project::default();
    let extended: Vec<&str> = match config.get("extends") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    for name in extended {
        let Some(path) = paths::join(folder, name) else {
            continue;
        };
        let found = [
            path.clone(),
            format!("{path}.json"),
            format!("{path}/tsconfig.json"),
        ]
        .into_iter()
        .find(|path| configs.contains_key(path.as_str()));
        if let Some(path) = found {
            let inherited = read(configs, &path, max_chain - 1);
            project.base = inherited.base.or(project.base);
            if !inherited.patterns.is_empty() {
                project.patterns = inherited.patterns;
            }
        }
    }
    let options = config.get("compilerOptions");
    let option = |name: &str| options.and_then(|options| options.get(name));
    if let Some(base) = option("baseUrl").and_then(Value::as_str) {
        project.base = paths::join(folder, base);
    }
    if let Some(patterns) = option("paths").and_then(Value::as_object) {
        let from = project.base.clone().unwrap_or_else(|| folder.to_owned());
        project.patterns = patterns
            .iter()
            .map(|(pattern, targets)| {
                let targets = targets.as_array().into_iter().flatten();
                let targets = targets.filter_map(|target| paths::join(&from, target.as_str()?));
                (pattern.clone(), targets.collect())
            })
            .collect();
    }
    project
}

/// Turns JSON with comments and trailing commas into plain JSON.
fn plain_json(text: &str) -> Vec<u8> {
    let text = text.trim_start_matches('\u{feff}');
    let mut plain = Vec::with_capacity(text.len());
    let mut cursor = Cursor::new(text.as_bytes());
    while !cursor.is_at_end() {
        match cursor.peek() {
            b'"' => {
                let start = cursor.clone();
                cursor.quoted();
                plain.extend_from_slice(cursor.since(&start));
            }
            b'/' if matches!(cursor.peek_at(1), b'/' | b'*') => cursor.skip_comment(),
            b',' => {
                cursor.skip(1);
                cursor.skip_space();
                if !matches!(cursor.peek(), b'}' | b']') {
                    plain.push(b',');
                }
            }
            byte => {
                plain.push(byte);
                cursor.skip(1);
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_inherited_and_the_longest_wins() {
        let projects = Projects::new(&[
            (
                "tsconfig.base.json",
                "{ // base\n \"compilerOptions\": { \"paths\": { \"@a/*\": [\"./libs/a/*\"], \
                 \"@a/b/*\": [\"libs/b/*\"], \"one\": [\"libs/one.ts\"], }, }, }",
            ),
            (
                "apps/x/tsconfig.json",
                "{ \"extends\": \"../../tsconfig.base\" }",
            ),
            (
                "apps/y/tsconfig.json",
                "{ \"compilerOptions\": { \"baseUrl\": \"./src\" } }",
            ),
        ]);
        assert_eq!(projects.candidates("apps/x/src", "@a/c"), ["libs/a/c"]);
        assert_eq!(projects.candidates("apps/x/src", "@a/b/c"), ["libs/b/c"]);
        assert_eq!(projects.candidates("apps/x", "one"), ["libs/one.ts"]);
        assert_eq!(projects.candidates("apps/x", "one/two"), [""; 0]);
        assert_eq!(projects.candidates("apps/y/src/z", "w"), ["apps/y/src/w"]);
    }

    #[test]
    fn a_circle_of_extends_ends() {
        let projects = Projects::new(&[
            ("a/tsconfig.json", r#"{"extends": "../b/tsconfig.json"}"#),
            ("b/tsconfig.json", r#"{"extends": "../a/tsconfig.json"}"#),
        ]);
        assert_eq!(projects.candidates("a", "x"), [""; 0]);
    }
}
