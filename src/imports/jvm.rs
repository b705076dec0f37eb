//! Java and Kotlin: reads the package of a file, the names it declares and its imports.

use super::cursor::{Cursor, is_word, text};
use super::outline::{ImportKind, Outline};

/// Stops at the first type declaration: all imports stand before it, and other files import its name.
pub(super) fn extract_java(source: &[u8]) -> Outline {
    let mut found = Outline::default();
    let mut cursor = Cursor::new(source);
    let mut package = String::new();
    while !cursor.is_at_end() {
        cursor.skip_space();
        match cursor.peek() {
            b'"' | b'\'' => {
                cursor.quoted();
            }
            b'(' | b'{' => cursor.skip_group(),
            b'@' => {
                cursor.skip(1);
                // `@interface` declares an annotation type.
                if !cursor.rest().starts_with(b"interface") {
                    qualified(&mut cursor);
                }
            }
            byte if is_word(byte) => match cursor.word() {
                b"package" => package = qualified(&mut cursor),
                b"import" => import(&mut cursor, &mut found),
                b"class" | b"interface" | b"enum" | b"record" => {
                    cursor.skip_space();
                    let name = text(cursor.word());
                    declare(&package, name, &mut found);
                    return found;
                }
                _ => {}
            },
            _ => cursor.skip(1),
        }
    }
    found
}

/// Reads the whole file, because a Kotlin file may declare many names, none of them like its own.
pub(super) fn extract_kotlin(source: &[u8]) -> Outline {
    let mut found = Outline::default();
    let mut cursor = Cursor::new(source);
    let mut package = String::new();
    while !cursor.is_at_end() {
        cursor.skip_nested_space();
        match cursor.peek() {
            b'"' => skip_string(&mut cursor),
            b'\'' | b'`' => {
                cursor.quoted();
            }
            b'(' | b'{' | b'[' => skip_group(&mut cursor),
            byte if is_word(byte) => match cursor.word() {
                b"package" => package = qualified(&mut cursor),
                b"import" => import(&mut cursor, &mut found),
                b"class" | b"interface" | b"object" | b"typealias" => {
                    cursor.skip_nested_space();
                    let name = text(cursor.word());
                    declare(&package, name, &mut found);
                }
                b"fun" | b"val" | b"var" => {
                    let name = callable_name(&mut cursor);
                    declare(&package, &name, &mut found);
                }
                _ => {}
            },
            _ => cursor.skip(1),
        }
    }
    found
}

fn declare(package: &str, name: &str, found: &mut Outline) {
    if !name.is_empty() {
        let dot = if package.is_empty() { "" } else { "." };
        found.declares.push(format!("{package}{dot}{name}"));
    }
}

/// Reads `a.b.c`.
fn qualified(cursor: &mut Cursor<'_>) -> String {
    let mut name = String::new();
    loop {
        let before = cursor.clone();
        // Kotlin ends a statement with its line, so a name does not continue on the next line.
        cursor.skip_blanks();
        if cursor.eat(b"`") {
            let start = cursor.clone();
            cursor.skip_past(b"`");
            name.push_str(text(cursor.since(&start)).trim_end_matches('`'));
        } else {
            name.push_str(text(cursor.word()));
        }
        cursor.skip_blanks();
        if cursor.peek() != b'.' || cursor.peek_at(1) == b'*' {
            if name.is_empty() {
                *cursor = before;
            }
            return name;
        }
        cursor.skip(1);
        name.push('.');
    }
}

fn import(cursor: &mut Cursor<'_>, found: &mut Outline) {
    cursor.skip_blanks();
    let is_static = cursor.eat_word(b"static");
    let name = qualified(cursor);
    if cursor.eat(b".*") {
        // `import static a.B.*` imports the members of a class.
        let kind = if is_static {
            ImportKind::Exact
        } else {
            ImportKind::Wildcard
        };
        found.import(kind, name);
    } else if is_static {
        found.import(ImportKind::Member, name);
    } else {
        found.import(ImportKind::Exact, name);
    }
}

/// Reads the name of a function or property, after type parameters and a receiver.
fn callable_name(cursor: &mut Cursor<'_>) -> String {
    cursor.skip_nested_space();
    if cursor.peek() == b'<' {
        skip_angles(cursor);
    }
    loop {
        cursor.skip_nested_space();
        // A receiver may be a type in parentheses.
        if cursor.peek() == b'(' {
            skip_group(cursor);
        }
        let name = match cursor.peek() {
            b'`' => cursor.quoted().map(text).unwrap_or_default(),
            _ => text(cursor.word()),
        };
        let after_name = cursor.clone();
        cursor.skip_nested_space();
        if cursor.peek() == b'<' {
            skip_angles(cursor);
        }
        cursor.eat(b"?");
        if !cursor.eat(b".") {
            *cursor = after_name;
            return name.to_owned();
        }
    }
}

fn skip_angles(cursor: &mut Cursor<'_>) {
    let mut depth = 0_usize;
    while !cursor.is_at_end() {
        match cursor.peek() {
            b'<' => depth += 1,
            b'>' if cursor.previous() != b'-' => depth = depth.saturating_sub(1),
            b'{' | b'}' | b';' => return,
            _ => {}
        }
        cursor.skip(1);
        if depth == 0 {
            return;
        }
    }
}

/// Skips a string with `${ … }` in it, on one line or in triple quotes.
fn skip_string(cursor: &mut Cursor<'_>) {
    let is_raw = cursor.eat(b"\"\"\"");
    if !is_raw {
        cursor.skip(1);
    }
    while !cursor.is_at_end() {
        match cursor.peek() {
            b'\\' if !is_raw => cursor.skip(2),
            b'"' if is_raw => {
                if cursor.eat(b"\"\"\"") {
                    while cursor.eat(b"\"") {}
                    return;
                }
                cursor.skip(1);
            }
            b'"' => return cursor.skip(1),
            b'\n' if !is_raw => return,
            b'$' if cursor.peek_at(1) == b'{' => {
                cursor.skip(1);
                skip_group(cursor);
            }
            _ => cursor.skip(1),
        }
    }
}

fn skip_group(cursor: &mut Cursor<'_>) {
    let mut depth = 0_usize;
    while !cursor.is_at_end() {
        match cursor.peek() {
            b'/' if matches!(cursor.peek_at(1), b'/' | b'*') => {
                cursor.skip_nested_space();
                continue;
            }
            b'"' => {
                skip_string(cursor);
                continue;
            }
            b'\'' | b'`' => {
                cursor.quoted();
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        cursor.skip(1);
        if depth == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(outline: &Outline) -> Vec<String> {
        let imports = outline
            .imports
            .iter()
            .map(|it| format!("{:?} {}", it.kind, it.name));
        let declares = outline.declares.iter().map(|name| format!("is {name}"));
        imports.chain(declares).collect()
    }

    #[test]
    fn java_is_read_up_to_its_first_declaration() {
        let source = br#"/* import no.A; */
@Generated("class No") package a.b; // package c
import x.Y; import static x.Y.z; import x.w.*;
import static x.V.*;
/** class of import no.B; */
@Retention(value = "x") @A.B({1})
public final class C extends D { }
import no.C;
class E {}"#;
        assert_eq!(
            described(&extract_java(source)),
            [
                "Exact x.Y",
                "Member x.Y.z",
                "Wildcard x.w",
                "Exact x.V",
                "is a.b.C"
            ]
        );
        assert_eq!(
            described(&extract_java(b"package a; public @interface B {}")),
            ["is a.B"]
        );
        assert_eq!(described(&extract_java(b"@A\npackage a;")), [""; 0]);
    }

    #[test]
    fn kotlin_declares_its_top_level_names() {
        let source = br#"@file:JvmName("class No")
package a.b
import x.Y
import x.z as w
import x.`in`.*
/* /* class No */ */
private const val A = "fun no() ${ "class No" } \" val no"
fun <T : List<T>> Map<T, out B<T>>.c(d: (Int) -> Unit = { class No }) { val no = 'x' }
data class E(val no: Int) { fun no() {} }
val F.g get() = """ "class No" """
sealed interface H; object I
typealias J = (K) -> L
enum class M { N }
fun String?.`a name`() = 1
val o by lazy { 1 }"#;
        assert_eq!(
            described(&extract_kotlin(source)),
            [
                "Exact x.Y",
                "Exact x.z",
                "Wildcard x.in",
                "is a.b.A",
                "is a.b.c",
                "is a.b.E",
                "is a.b.g",
                "is a.b.H",
                "is a.b.I",
                "is a.b.J",
                "is a.b.M",
                "is a.b.a name",
                "is a.b.o"
            ]
        );
    }
}
