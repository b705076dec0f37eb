//! The languages that the codemod can parse, and the file names that each language has.
//!
//! The list must match the parsers that Cargo.toml enables: ast-grep panics on a language without a parser, so the
//! other files of this module take a `SupportLang` only from here.

use ast_grep_language::{Language, SupportLang};

use super::CodemodError;

/// Each language with its usual name.
const LANGUAGES: [(SupportLang, &str); 21] = [
    (SupportLang::Bash, "Bash"),
    (SupportLang::C, "C"),
    (SupportLang::Cpp, "C++"),
    (SupportLang::CSharp, "C#"),
    (SupportLang::Css, "CSS"),
    (SupportLang::Go, "Go"),
    (SupportLang::Html, "HTML"),
    (SupportLang::Java, "Java"),
    (SupportLang::JavaScript, "JavaScript"),
    (SupportLang::Json, "JSON"),
    (SupportLang::Kotlin, "Kotlin"),
    (SupportLang::Lua, "Lua"),
    (SupportLang::Php, "PHP"),
    (SupportLang::Python, "Python"),
    (SupportLang::Ruby, "Ruby"),
    (SupportLang::Rust, "Rust"),
    (SupportLang::Scala, "Scala"),
    (SupportLang::Swift, "Swift"),
    (SupportLang::Tsx, "TSX"),
    (SupportLang::TypeScript, "TypeScript"),
    (SupportLang::Yaml, "YAML"),
];

/// Lists the names of all languages that a structural recipe can rewrite.
pub fn languages() -> impl Iterator<Item = &'static str> {
    LANGUAGES.iter().map(|(_, name)| *name)
}

pub(super) fn all() -> impl Iterator<Item = SupportLang> {
    LANGUAGES.iter().map(|(lang, _)| *lang)
}

pub(super) fn name(lang: SupportLang) -> &'static str {
    LANGUAGES
        .iter()
        .find(|(known, _)| *known == lang)
        .map_or("an unknown language", |(_, name)| name)
}

/// Returns the language with this name, in any case, or an alias of ast-grep.
pub(super) fn by_name(given: &str) -> Result<SupportLang, CodemodError> {
    let named = LANGUAGES
        .iter()
        .find(|(_, name)| name.eq_ignore_ascii_case(given))
        .map(|(lang, _)| *lang);
    let lang = named.or_else(|| given.parse().ok().filter(|lang| all().any(|l| l == *lang)));
    lang.ok_or_else(|| CodemodError::UnknownLanguage {
        given: given.to_owned(),
        hint: hint(given),
    })
}

fn hint(given: &str) -> String {
    let given = given.to_lowercase();
    let near = languages()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&given, &name.to_lowercase()),
                name,
            )
        })
        .filter(|(distance, name)| *distance <= 2 && *distance < name.len())
        .min();
    match near {
        Some((_, name)) => format!("did you mean {name}?"),
        None => format!("it knows {}", languages().collect::<Vec<_>>().join(", ")),
    }
}

/// Returns the language of a file by its name alone.
pub(super) fn of_path(path: &str) -> Option<SupportLang> {
    let file = path.rsplit('/').next().unwrap_or(path);
    match file {
        "Gemfile" | "Rakefile" => return Some(SupportLang::Ruby),
        ".bashrc" | ".bash_profile" | ".profile" => return Some(SupportLang::Bash),
        _ => {}
    }
    SupportLang::from_path(file).filter(|lang| all().any(|known| known == *lang))
}

/// Checks whether a file may be written in `lang`. A `.h` file counts as C and as C++.
pub(super) fn is_written_in(path: &str, lang: SupportLang) -> bool {
    let of_path = of_path(path);
    let is_header = of_path == Some(SupportLang::C)
        && std::path::Path::new(path)
            .extension()
            .is_some_and(|ext| ext == "h");
    of_path == Some(lang) || (is_header && lang == SupportLang::Cpp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ast_grep_language::LanguageExt;

    #[test]
    fn every_language_has_a_parser_and_finds_itself_by_name() {
        for (lang, name) in LANGUAGES {
            assert!(lang.get_ts_language().node_kind_count() > 0);
            assert_eq!(by_name(name).unwrap(), lang);
            assert_eq!(by_name(&name.to_uppercase()).unwrap(), lang);
        }
    }

    #[test]
    fn a_language_without_a_parser_is_unknown() {
        for given in ["haskell", "dart", "md"] {
            assert!(by_name(given).is_err(), "{given}");
        }
        assert_eq!(of_path("a.hs"), None);
        assert_eq!(of_path("README.md"), None);
    }

    #[test]
    fn an_unknown_language_is_refused_with_a_similar_name_or_the_list() {
        let near = by_name("pyhton").unwrap_err().to_string();
        assert!(near.ends_with("did you mean Python?"), "{near}");
        let far = by_name("cobol-85").unwrap_err().to_string();
        assert!(far.contains("it knows Bash, C, C++"), "{far}");
    }

    #[test]
    fn a_header_is_c_and_cpp() {
        assert_eq!(of_path("include/a.h"), Some(SupportLang::C));
        assert!(is_written_in("include/a.h", SupportLang::Cpp));
        assert!(!is_written_in("src/a.c", SupportLang::Cpp));
    }
}
