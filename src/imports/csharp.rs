//! C#: reads `using` directives and the types that a file declares in its namespaces.

use super::cursor::{Cursor, is_word, text};
use super::outline::{ImportKind, Outline};

pub(super) fn extract(source: &[u8]) -> Outline {
    let mut found = Outline::default();
    let mut cursor = Cursor::new(source);
    // The open namespaces, each with the brace depth inside it.
    let mut namespaces: Vec<(String, usize)> = vec![(String::new(), 0)];
    let mut depth = 0_usize;
    while !cursor.is_at_end() {
        let (namespace, level) = &namespaces[namespaces.len() - 1];
        match cursor.peek() {
            b'/' if matches!(cursor.peek_at(1), b'/' | b'*') => cursor.skip_comment(),
            // A preprocessor directive.
            b'#' => cursor.skip_line(),
            b'@' | b'$' | b'"' => skip_string(&mut cursor),
            b'\'' => {
                cursor.quoted();
            }
            b'{' => {
                depth += 1;
                cursor.skip(1);
            }
            b'}' => {
                depth = depth.saturating_sub(1);
                if namespaces.len() > 1 && depth < *level {
                    namespaces.pop();
                }
                cursor.skip(1);
            }
            byte if is_word(byte) => match cursor.word() {
                b"using" => using(&mut cursor, &mut found),
                b"namespace" => {
                    let mut name = qualified(&mut cursor);
                    if !namespace.is_empty() {
                        name = format!("{namespace}.{name}");
                    }
                    cursor.skip_space();
                    if cursor.eat(b"{") {
                        depth += 1;
                    }
                    namespaces.push((name, depth));
                }
                b"class" | b"struct" | b"interface" | b"enum" | b"record" if depth == *level => {
                    cursor.skip_space();
                    let before = cursor.clone();
                    let name = text(cursor.word());
                    match name {
                        // `record struct A`, and constraints: `where T : class`.
                        "" => {}
                        "class" | "struct" => cursor = before,
                        _ if namespace.is_empty() => found.declares.push(name.to_owned()),
                        _ => found.declares.push(format!("{namespace}.{name}")),
                    }
                }
                _ => {}
            },
            _ => cursor.skip(1),
        }
    }
    found
}

/// Reads `using A.B;`, `using static A.B.C;` or `using X = A.B.C;`. Any other `using` is a statement.
fn using(cursor: &mut Cursor<'_>, found: &mut Outline) {
    cursor.skip_space();
    let mut kind = ImportKind::Wildcard;
    if cursor.eat_word(b"static") {
        kind = ImportKind::Exact;
    }
    let mut name = qualified(cursor);
    cursor.skip_space();
    if cursor.peek() == b'=' && !name.contains('.') {
        cursor.skip(1);
        name = qualified(cursor);
        kind = ImportKind::Exact;
        cursor.skip_space();
    }
    if matches!(cursor.peek(), b';' | b'<') && !matches!(name.as_str(), "new" | "await") {
        found.import(kind, name);
    }
}

/// Reads `A.B.C`, also after `global::`.
fn qualified(cursor: &mut Cursor<'_>) -> String {
    let mut name = String::new();
    loop {
        cursor.skip_space();
        cursor.eat(b"@");
        name.push_str(text(cursor.word()));
        cursor.skip_space();
        if cursor.eat(b"::") {
            name.clear();
        } else if cursor.eat(b".") {
            name.push('.');
        } else {
            return name;
        }
    }
}

/// Skips a string with its prefix: `@"…"`, `$"…"`, `"""…"""`. A prefix before a word (`@class`) is skipped with the
/// word.
fn skip_string(cursor: &mut Cursor<'_>) {
    let mut is_verbatim = false;
    while matches!(cursor.peek(), b'@' | b'$') {
        is_verbatim |= cursor.peek() == b'@';
        cursor.skip(1);
    }
    let quotes = cursor
        .rest()
        .iter()
        .take_while(|&&byte| byte == b'"')
        .count();
    match quotes {
        0 => {
            // An identifier that is spelled like a keyword.
            cursor.word();
        }
        3.. => {
            cursor.skip(quotes);
            cursor.skip_past(&vec![b'"'; quotes]);
        }
        _ if is_verbatim => {
            cursor.skip(1);
            while !cursor.is_at_end() {
                if !cursor.eat(b"\"\"") {
                    if cursor.eat(b"\"") {
                        return;
                    }
                    cursor.skip(1);
                }
            }
        }
        _ => {
            cursor.quoted();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usings_and_the_types_of_namespaces_are_read() {
        let source = br#"#region don't
using A.B; using static A.C.D; global using E; using F = G.H<int>;
using global::I.J;
namespace K.L
{
    using M;
    /* class No */
    public partial class N<T> where T : class { class No { } string s = @"\"; using (var x = y) { } using var z = w; }
    namespace O { record struct P(int X); }
    enum Q { R }
}
"#;
        let outline = extract(source);
        let imports: Vec<String> = outline
            .imports
            .iter()
            .map(|it| format!("{:?} {}", it.kind, it.name))
            .collect();
        assert_eq!(
            imports,
            [
                "Wildcard A.B",
                "Exact A.C.D",
                "Wildcard E",
                "Exact G.H",
                "Wildcard I.J",
                "Wildcard M"
            ]
        );
        assert_eq!(outline.declares, ["K.L.N", "K.L.O.P", "K.L.Q"]);
        let scoped = extract(
            b"namespace A.B;\nclass C { }\ninterface D { }\n\
              var s = $\"\"\"class \"No\" \"\"\"; class E;",
        );
        assert_eq!(scoped.declares, ["A.B.C", "A.B.D", "A.B.E"]);
    }
}
