//! Finds the script parts of Vue and Svelte files, which are written in a language of their own.
//!
//! Reads only as much of the markup as it takes: comments, and the tags of scripts with their attributes.

use std::ops::Range;

use ast_grep_language::SupportLang;

/// A script inside another file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) lang: SupportLang,
    /// The place of the code in the text of the file.
    pub(super) range: Range<usize>,
}

/// Checks whether the file may contain scripts.
pub(super) fn has_scripts(path: &str) -> bool {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension);
    matches!(extension, Some("vue" | "svelte"))
}

/// Returns the scripts in the text of a Vue or Svelte file. A script in an unknown language is left out.
pub(super) fn scripts(text: &str) -> Vec<Script> {
    let mut scripts = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find('<').map(|found| at + found) {
        let tag = &text[start..];
        if tag.starts_with("<!--") {
            let Some(end) = tag.find("-->") else { break };
            at = start + end + "-->".len();
        } else if is_tag(tag, "<script") {
            let Some(length) = tag_length(tag) else { break };
            let code = start + length;
            if text[..code].ends_with("/>") {
                at = code;
                continue;
            }
            let Some(end) = find_closing(&text[code..]).map(|end| code + end) else {
                break;
            };
            if let Some(lang) = language(&tag[..length]) {
                let range = code..end;
                scripts.push(Script { lang, range });
            }
            at = end;
        } else {
            at = start + 1;
        }
    }
    scripts
}

/// Checks whether the text begins with this tag, and not with a longer name.
fn is_tag(text: &str, tag: &str) -> bool {
    let Some(begin) = text.get(..tag.len()) else {
        return false;
    };
    begin.eq_ignore_ascii_case(tag)
        && !text[tag.len()..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_'))
}

/// Returns the length of the tag that the text begins with; a `>` in quotes does not end it.
fn tag_length(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c == '>' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn find_closing(text: &str) -> Option<usize> {
    let mut tags = text.match_indices("</");
    tags.find(|(at, _)| is_tag(&text[*at..], "</script"))
        .map(|(at, _)| at)
}

/// Returns the language that the attributes of a tag name.
fn language(tag: &str) -> Option<SupportLang> {
    match attribute(tag, "lang").or_else(|| attribute(tag, "type")) {
        None | Some("js" | "javascript" | "jsx" | "module" | "text/javascript") => {
            Some(SupportLang::JavaScript)
        }
        Some("ts" | "typescript" | "text/typescript") => Some(SupportLang::TypeScript),
        Some("tsx") => Some(SupportLang::Tsx),
        Some(_) => None,
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut from = 0;
    while let Some(at) = tag[from..].find(name).map(|found| from + found) {
        from = at + name.len();
        let is_word = tag[..at].ends_with(|c: char| c.is_whitespace());
        let Some(value) = tag[from..].trim_start().strip_prefix('=') else {
            continue;
        };
        if is_word {
            let value = value.trim_start();
            let quoted = ['"', '\''].iter().find_map(|quote| {
                let rest = value.strip_prefix(*quote)?;
                rest.split(*quote).next()
            });
            let bare = value.split(|c: char| c.is_whitespace() || c == '>').next();
            return quoted.or(bare);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(SupportLang, &str)> {
        let scripts = scripts(text);
        let shown = |script: Script| (script.lang, &text[script.range]);
        scripts.into_iter().map(shown).collect()
    }

    #[test]
    fn scripts_are_found_with_their_languages() {
        let text = "<!-- <script>no</script> -->\n<template><p :a=\"b > c\"/></template>\n\
                    <script context=\"module\">\nvar a;\n</script>\n\
                    <SCRIPT setup lang='ts' generic=\"T extends Record<string, X>\">b</SCRIPT>\n\
                    <script lang=tsx>c</script><script src=\"x.js\"/>\n<script lang=\"coffee\">d</script>\n\
                    <scripts>e</scripts><style>f</style><script>open";
        assert_eq!(
            found(text),
            [
                (SupportLang::JavaScript, "\nvar a;\n"),
                (SupportLang::TypeScript, "b"),
                (SupportLang::Tsx, "c"),
            ]
        );
        assert!(has_scripts("a/b.vue") && has_scripts("c.svelte") && !has_scripts("vue"));
    }
}
