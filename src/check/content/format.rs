//! The formats in which batch can tell whether a file is valid: every language that the codemod parses, JSON, TOML, XML
//! and YAML.

use serde::de::IgnoredAny;

use crate::codemod::Grammar;

/// Texts beyond this size are not parsed: no person wrote them.
const MAX_BYTES: usize = 1 << 20;

/// JSON files whose readers take comments, by the end of their name.
const WITH_COMMENTS: [&str; 6] = [
    "jsconfig.json",
    "devcontainer.json",
    ".eslintrc.json",
    ".babelrc.json",
    "settings.json",
    "launch.json",
];

/// A format of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Toml,
    Xml,
    Yaml,
    Code(Grammar),
}

impl Format {
    /// Returns the formats that a file of this name may have, the strictest one first.
    fn of_path(path: &str) -> Vec<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let strict = match (name, extension) {
            ("Pipfile" | "Cargo.lock" | "poetry.lock" | "uv.lock", _) | (_, "toml") => {
                Some(Self::Toml)
            }
            (
                _,
                "xml" | "svg" | "csproj" | "fsproj" | "vbproj" | "props" | "targets" | "xsd"
                | "xsl" | "xslt" | "plist" | "pom" | "resx" | "nuspec" | "xhtml",
            ) => Some(Self::Xml),
            (_, "yaml" | "yml") => Some(Self::Yaml),
            (_, "json") if takes_comments(name) => None,
            (_, "json" | "webmanifest" | "geojson" | "jsonld" | "ipynb" | "har" | "avsc")
            | ("composer.lock" | "Pipfile.lock" | "flake.lock" | ".prettierrc", _) => {
                Some(Self::Json)
            }
            _ => None,
        };
        let code = Grammar::of_path(path).into_iter().map(Self::Code);
        strict.into_iter().chain(code).collect()
    }

    /// Returns the format's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Toml => "TOML",
            Self::Xml => "XML",
            Self::Yaml => "YAML",
            Self::Code(grammar) => grammar.name(),
        }
    }

    /// Returns the line, counted from 1, at which the text is no valid text of this format; `None` where it is valid.
    fn fault(self, text: &str) -> Option<usize> {
        match self {
            Self::Json => {
                let read = serde_json::from_str::<IgnoredAny>(text);
                read.err().map(|error| error.line())
            }
            Self::Toml => {
                let read = toml::from_str::<toml::Table>(text);
                read.err().map(|error| {
                    let start = error.span().map_or(0, |span| span.start);
                    let before = text.as_bytes().get(..start).unwrap_or_default();
                    1 + memchr::memchr_iter(b'\n', before).count()
                })
            }
            Self::Xml => {
                let options = roxmltree::ParsingOptions {
                    allow_dtd: true,
                    ..roxmltree::ParsingOptions::default()
                };
                let read = roxmltree::Document::parse_with_options(text, options);
                read.err()
                    .map(|error| usize::try_from(error.pos().row).unwrap_or(1))
            }
            Self::Yaml => {
                let read = ast_grep_config::from_multiple::<IgnoredAny>(text);
                read.err().map(|error| {
                    let line = error.location().map_or(1, |place| place.line());
                    usize::try_from(line).unwrap_or(1)
                })
            }
            Self::Code(grammar) => grammar.fault(text),
        }
    }
}

fn takes_comments(name: &str) -> bool {
    name.starts_with("tsconfig") || WITH_COMMENTS.iter().any(|end| name.ends_with(end))
}

/// Returns the format that `before` has and `after` has not, and the line of `after` that breaks it.
pub(super) fn broken(path: &str, before: &str, after: &str) -> Option<(Format, usize)> {
    if before.len().max(after.len()) > MAX_BYTES {
        return None;
    }
    let formats = Format::of_path(path);
    // A text that is of no such format may be of a dialect that nobody here knows.
    let format = formats.into_iter().find(|it| it.fault(before).is_none())?;
    Some((format, format.fault(after)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(path: &str, before: &str, after: &str) -> Option<(&'static str, usize)> {
        broken(path, before, after).map(|(format, line)| (format.name(), line))
    }

    #[test]
    fn a_text_that_loses_its_format_is_broken_at_a_line() {
        for (path, before, after, expected) in [
            ("a.json", "{\"a\": 1}\n", "{\"a\": 1,\n}\n", ("JSON", 2)),
            ("Cargo.toml", "[a]\nb = 1\n", "[a]\nb = \n", ("TOML", 2)),
            ("pom.xml", "<a><b/></a>", "<a>\n<b></a>", ("XML", 2)),
            ("a.yml", "a:\n  b: 1\n", "a:\n  b: 1\n c: 2\n", ("YAML", 3)),
            (
                "a.py",
                "x = 1\n",
                "x = 1\ndef f(:\n    pass\n",
                ("Python", 2),
            ),
            ("a.js", "f();\n", "f(;\n", ("JavaScript", 1)),
        ] {
            assert_eq!(said(path, before, after), Some(expected), "{path}");
        }
    }

    #[test]
    fn a_text_is_held_to_the_format_that_it_had() {
        // Comments are no JSON, and this file never was without them.
        let with_comments = "// settings\n{\"a\": 1}\n";
        assert_eq!(said("a.json", with_comments, "// b\n{\"a\": 2}\n"), None);
        assert_eq!(said("tsconfig.json", "{}\n", "{ /* new */ }\n"), None);
        assert_eq!(said("chart.yaml", "{{ if }}\n", "{{ if .a }}\n"), None);
        assert_eq!(said("a.unknown", "(", ")"), None);
        assert_eq!(said("a.js", "f(\n", "f((\n"), None);
    }
}
