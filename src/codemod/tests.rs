//! Applies recipes to texts through the public functions of this module.

use proptest::prelude::*;

use super::*;

fn pattern(pattern: &str, to: &str, lang: Option<&str>) -> Recipe {
    Recipe::Pattern {
        pattern: pattern.to_owned(),
        to: to.to_owned(),
        lang: lang.map(str::to_owned),
    }
}

fn rule(text: &str) -> Recipe {
    Recipe::Rule {
        text: text.to_owned(),
    }
}

fn regex(regex: &str, to: &str) -> Recipe {
    Recipe::Regex {
        regex: regex.to_owned(),
        to: to.to_owned(),
    }
}

fn apply(recipe: &Recipe, path: &str, text: &str) -> Option<(String, usize)> {
    let codemod = Codemod::compile(recipe).unwrap();
    let done = codemod.rewrite(path, text).unwrap()?;
    Some((done.text, done.edits))
}

fn text_of(recipe: &Recipe, path: &str, text: &str) -> String {
    apply(recipe, path, text)
        .expect("the recipe changes the text")
        .0
}

fn fault(recipe: &Recipe) -> String {
    Codemod::compile(recipe)
        .err()
        .unwrap_or_else(|| panic!("{recipe:?} compiles"))
        .to_string()
}

#[test]
fn every_language_is_rewritten_by_its_structure() {
    let table = [
        ("a.sh", "old $A", "new $A", "old x\n", "new x\n"),
        (
            "a.c",
            "old($A)",
            "new($A)",
            "int f() { return old(1); }\n",
            "int f() { return new(1); }\n",
        ),
        (
            "a.cpp",
            "old($A)",
            "fresh($A)",
            "int f() { return old(1); }\n",
            "int f() { return fresh(1); }\n",
        ),
        (
            "a.cs",
            "Old($A)",
            "New($A)",
            "class C { int F() { return Old(1); } }\n",
            "class C { int F() { return New(1); } }\n",
        ),
        (
            "a.css",
            ".old { color: $A; }",
            ".new { color: $A; }",
            ".old { color: red; }\n",
            ".new { color: red; }\n",
        ),
        (
            "a.go",
            "var $A = $B",
            "const $A = $B",
            "package p\n\nvar x = 1\n",
            "package p\n\nconst x = 1\n",
        ),
        (
            "a.html",
            "<b>$A</b>",
            "<strong>$A</strong>",
            "<p><b>hi</b></p>\n",
            "<p><strong>hi</strong></p>\n",
        ),
        (
            "A.java",
            "old($A)",
            "fresh($A)",
            "class A { int f() { return old(1); } }\n",
            "class A { int f() { return fresh(1); } }\n",
        ),
        (
            "a.js",
            "var $A = $B",
            "const $A = $B",
            "var x = 1;\n",
            "const x = 1;\n",
        ),
        (
            "a.json",
            "\"old\"",
            "\"new\"",
            "{\"a\": [\"old\", true]}\n",
            "{\"a\": [\"new\", true]}\n",
        ),
        (
            "a.kt",
            "old($A)",
            "new($A)",
            "fun f() = old(1)\n",
            "fun f() = new(1)\n",
        ),
        (
            "a.lua",
            "old($A)",
            "new($A)",
            "local x = old(1)\n",
            "local x = new(1)\n",
        ),
        (
            "a.php",
            "old($A)",
            "fresh($A)",
            "<?php\n$x = old(1);\n",
            "<?php\n$x = fresh(1);\n",
        ),
        (
            "a.py",
            "old($A)",
            "new($A)",
            "def f():\n    return old(1)\n",
            "def f():\n    return new(1)\n",
        ),
        (
            "a.rb",
            "old($A)",
            "new($A)",
            "def f\n  old(1)\nend\n",
            "def f\n  new(1)\nend\n",
        ),
        (
            "a.rs",
            "$A.unwrap()",
            "$A?",
            "fn f() { x.unwrap(); }\n",
            "fn f() { x?; }\n",
        ),
        (
            "a.scala",
            "old($A)",
            "fresh($A)",
            "object A { val x = old(1) }\n",
            "object A { val x = fresh(1) }\n",
        ),
        (
            "a.swift",
            "old($A)",
            "fresh($A)",
            "let x = old(1)\n",
            "let x = fresh(1)\n",
        ),
        (
            "a.tsx",
            "<Old>$A</Old>",
            "<New>$A</New>",
            "const x = <Old>{a}</Old>;\n",
            "const x = <New>{a}</New>;\n",
        ),
        (
            "a.ts",
            "$A as any",
            "$A as unknown",
            "const x: T = y as any;\n",
            "const x: T = y as unknown;\n",
        ),
        (
            "a.yaml",
            "old: $A",
            "new: $A",
            "x:\n  old: 1\n",
            "x:\n  new: 1\n",
        ),
    ];
    assert_eq!(table.len(), languages().count());
    for (path, from, to, before, after) in table {
        let lang = language::name(language::of_path(path).unwrap());
        let named = pattern(from, to, Some(lang));
        assert_eq!(
            apply(&named, path, before),
            Some((after.to_owned(), 1)),
            "{path}, {lang} given"
        );
        let own = pattern(from, to, None);
        assert_eq!(
            apply(&own, path, before),
            Some((after.to_owned(), 1)),
            "{path}, by its name"
        );
    }
}

#[test]
fn without_a_language_each_file_is_parsed_in_its_own() {
    let recipe = pattern("var $A = $B", "const $A = $B", None);
    for path in ["a.js", "a.ts", "a.tsx", "deep/b.mjs"] {
        assert_eq!(
            text_of(&recipe, path, "if (x) {\n  var a = 1;\n}"),
            "if (x) {\n  const a = 1;\n}",
            "{path}"
        );
    }
    for path in [
        "a.py", "a.css", "a.yaml", "a.html", "a.json", "a.txt", "Makefile",
    ] {
        assert_eq!(apply(&recipe, path, "var a = 1"), None, "{path}");
    }
}

#[test]
fn a_given_language_leaves_other_files_alone() {
    let recipe = pattern("old($A)", "new($A)", Some("ts"));
    assert_eq!(apply(&recipe, "a.js", "old(1)"), None);
    assert_eq!(text_of(&recipe, "a.ts", "old(1)"), "new(1)");
}

#[test]
fn nested_matches_are_all_rewritten_once() {
    let rename = pattern("foo($$$A)", "bar($$$A)", None);
    assert_eq!(
        apply(&rename, "a.js", "foo(1, foo(foo(x)))"),
        Some(("bar(1, bar(bar(x)))".into(), 3))
    );
    let grow = pattern("f($A)", "f(g($A))", None);
    assert_eq!(
        apply(&grow, "a.js", "f(f(x))"),
        Some(("f(g(f(g(x))))".into(), 2))
    );
    let peel = pattern("!!$A", "$A", None);
    assert_eq!(text_of(&peel, "a.js", "y = !!!!x"), "y = x");
}

#[test]
fn bytes_outside_the_edits_are_kept() {
    let recipe = pattern("var $A = $B", "const $A = $B", None);
    let before = "\u{feff}// é 漢 🦀\r\nvar a = '🦀';\r\n\r\n\tvar  b  =  2 // x\r\n  y";
    let after = "\u{feff}// é 漢 🦀\r\nconst a = '🦀';\r\n\r\n\tconst b = 2 // x\r\n  y";
    assert_eq!(apply(&recipe, "a.js", before), Some((after.to_owned(), 2)));
    assert_eq!(text_of(&regex("^a", "b"), "x", "\u{feff}a"), "\u{feff}b");
}

#[test]
fn inserted_lines_take_the_line_ends_and_indentation_of_the_file() {
    let recipe = pattern("f($A)", "g(\n  $A\n)", None);
    assert_eq!(
        text_of(&recipe, "a.js", "{\r\n    f(1)\r\n}\r\n"),
        "{\r\n    g(\r\n      1\r\n    )\r\n}\r\n"
    );
    assert_eq!(
        text_of(&recipe, "a.js", "{\n\tf(1)\n}"),
        "{\n\tg(\n\t  1\n\t)\n}"
    );
    assert_eq!(
        text_of(&recipe, "a.js", "  f(() => {\n    f(x)\n  })\n"),
        "  g(\n    () => {\n      g(\n        x\n      )\n    }\n  )\n"
    );
}

/// Kept code moves four columns to the left; the lines inside its string stay.
#[test]
fn the_inside_of_a_string_of_several_lines_stays() {
    let table = [
        (
            "a.js",
            "wrap($A)",
            "$A",
            "{\n    wrap(\n        f(`a\n        b`,\n        c))\n}\n",
            "{\n    f(`a\n        b`,\n    c)\n}\n",
        ),
        (
            "a.ts",
            "wrap($A)",
            "$A",
            "{\n    wrap(\n        f(`a\n        ${b}`,\n        c))\n}\n",
            "{\n    f(`a\n        ${b}`,\n    c)\n}\n",
        ),
        (
            "a.py",
            "wrap($A)",
            "$A",
            "if x:\n    wrap(\n        f(\"\"\"a\n        b\"\"\",\n        c))\n",
            "if x:\n    f(\"\"\"a\n        b\"\"\",\n    c)\n",
        ),
        (
            "a.rb",
            "wrap($A)",
            "$A",
            "if x\n    wrap(\n        f(\"a\n        b\",\n        c))\nend\n",
            "if x\n    f(\"a\n        b\",\n    c)\nend\n",
        ),
        (
            "a.go",
            "wrap($A)",
            "$A",
            "package p\n\nfunc g() {\n    wrap(\n        f(`a\n        b`,\n        c))\n}\n",
            "package p\n\nfunc g() {\n    f(`a\n        b`,\n    c)\n}\n",
        ),
        (
            "a.rs",
            "wrap($A)",
            "$A",
            "fn g() {\n    wrap(\n        f(r#\"a\n        b\"#,\n        c));\n}\n",
            "fn g() {\n    f(r#\"a\n        b\"#,\n    c);\n}\n",
        ),
        (
            "A.java",
            "wrap($A)",
            "$A",
            "class A { int g() {\n    return wrap(\n        f(\"\"\"\n        b\"\"\",\n        c));\n} }\n",
            "class A { int g() {\n    return f(\"\"\"\n        b\"\"\",\n    c);\n} }\n",
        ),
        (
            "a.kt",
            "wrap($A)",
            "$A",
            "fun g() {\n    wrap(\n        f(\"\"\"a\n        b\"\"\",\n        c))\n}\n",
            "fun g() {\n    f(\"\"\"a\n        b\"\"\",\n    c)\n}\n",
        ),
        (
            "a.swift",
            "wrap($A)",
            "$A",
            "func g() {\n    wrap(\n        f(\"\"\"\n        b\n        \"\"\",\n        c))\n}\n",
            "func g() {\n    f(\"\"\"\n        b\n        \"\"\",\n    c)\n}\n",
        ),
        (
            "a.cs",
            "Wrap($A)",
            "$A",
            "class A { int G() {\n    return Wrap(\n        F(@\"a\n        b\",\n        c));\n} }\n",
            "class A { int G() {\n    return F(@\"a\n        b\",\n    c);\n} }\n",
        ),
        (
            "a.cpp",
            "wrap($A)",
            "$A",
            "int g() {\n    return wrap(\n        f(R\"(a\n        b)\",\n        c));\n}\n",
            "int g() {\n    return f(R\"(a\n        b)\",\n    c);\n}\n",
        ),
        (
            "a.lua",
            "wrap($A)",
            "$A",
            "if x then\n    wrap(\n        f([[a\n        b]],\n        c))\nend\n",
            "if x then\n    f([[a\n        b]],\n    c)\nend\n",
        ),
        (
            "a.php",
            "wrap($A)",
            "$A",
            "<?php\nif (x) {\n    wrap(\n        f('a\n        b',\n        c));\n}\n",
            "<?php\nif (x) {\n    f('a\n        b',\n    c);\n}\n",
        ),
        (
            "a.scala",
            "wrap($A)",
            "$A",
            "object A {\n    val x = wrap(\n        f(\"\"\"a\n        b\"\"\",\n        c))\n}\n",
            "object A {\n    val x = f(\"\"\"a\n        b\"\"\",\n    c)\n}\n",
        ),
    ];
    for (path, from, to, before, after) in table {
        let done = apply(&pattern(from, to, None), path, before);
        assert_eq!(done.map(|done| done.0).as_deref(), Some(after), "{path}");
    }
    let nested = pattern("wrap($A)", "$A", None);
    let before =
        "{\n    wrap(\n        f(`a\n        ${wrap(b)}\n        c`,\n        wrap(d)))\n}\n";
    let after = "{\n    f(`a\n        ${b}\n        c`,\n    d)\n}\n";
    assert_eq!(text_of(&nested, "a.js", before), after);
}

#[test]
fn a_removed_call_takes_its_statement_and_its_line_along() {
    let table = [
        (
            "a.js",
            "console.log($$$)",
            "f();\n\tconsole.log(1,\n\t\t2);\r\ng();\n",
            "f();\ng();\n",
        ),
        (
            "a.js",
            "console.log($$$)",
            "a(); console.log(1); b();\n",
            "a(); b();\n",
        ),
        (
            "a.js",
            "console.log($$$)",
            "a(); console.log(1);\n",
            "a();\n",
        ),
        (
            "a.js",
            "console.log($$$)",
            "{ console.log(1); console.log(2) }\n",
            "{ }\n",
        ),
        (
            "a.js",
            "console.log($$$)",
            "a()\n  console.log(1); console.log(2)\nb()",
            "a()\nb()",
        ),
        (
            "a.js",
            "console.log($$$)",
            "if (x) console.log(1);\nf()\n",
            "if (x) ;\nf()\n",
        ),
        (
            "a.js",
            "console.log($$$)",
            "if (x) console.log(1)\nf()\n",
            "if (x) ;\nf()\n",
        ),
        (
            "a.js",
            "console.log($$$);",
            "if (x) console.log(1);\nf()\n",
            "if (x) ;\nf()\n",
        ),
        (
            "a.js",
            "console.log($$$)",
            "x.map(() => console.log(1));\n",
            "x.map(() => {});\n",
        ),
        (
            "a.js",
            "console.log($$$)",
            "switch (x) {\n  case 1:\n    console.log(1);\n    break;\n}\n",
            "switch (x) {\n  case 1:\n    break;\n}\n",
        ),
        (
            "a.ts",
            "import $A from 'old'",
            "import a from 'old';\nimport b from 'new';\n",
            "import b from 'new';\n",
        ),
        ("a.js", "console.log($$$)", "console.log(1)", ""),
        (
            "a.js",
            "console.log($$$)",
            "f(); // why\nconsole.log(1); // debug\n",
            "f(); // why\n// debug\n",
        ),
        (
            "a.py",
            "print($$$)",
            "def f():\n    x = 1\n    print(x)\n    return x\n",
            "def f():\n    x = 1\n    return x\n",
        ),
        (
            "a.py",
            "print($$$)",
            "def f():\n    print(x)\n    # why\n    print(y)\n",
            "def f():\n    pass\n    # why\n",
        ),
        (
            "a.py",
            "print($$$)",
            "if x: print(1)\ny = 2; print(y); z = 3\n",
            "if x: pass\ny = 2; z = 3\n",
        ),
        (
            "a.go",
            "fmt.Println($$$)",
            "package p\n\nfunc f() {\n\tfmt.Println(1)\n\tg()\n}\n",
            "package p\n\nfunc f() {\n\tg()\n}\n",
        ),
        (
            "a.rs",
            "println!($$$)",
            "fn f() {\n    println!(\"{}\", 1);\n    g();\n}\n",
            "fn f() {\n    g();\n}\n",
        ),
        (
            "A.java",
            "log($$$)",
            "class A {\n  void f() {\n    log(1);\n    g();\n  }\n}\n",
            "class A {\n  void f() {\n    g();\n  }\n}\n",
        ),
        (
            "a.c",
            "log($$$)",
            "int f() {\n  log(1);\n  return 2;\n}\n",
            "int f() {\n  return 2;\n}\n",
        ),
        (
            "a.cpp",
            "log($$$)",
            "int f() {\n  log(1);\n  return 2;\n}\n",
            "int f() {\n  return 2;\n}\n",
        ),
        (
            "a.cs",
            "Log($$$)",
            "class A {\n  void F() {\n    Log(1);\n    G();\n  }\n}\n",
            "class A {\n  void F() {\n    G();\n  }\n}\n",
        ),
        (
            "a.php",
            "var_dump($$$)",
            "<?php\nfunction f() {\n  var_dump(1);\n  g();\n}\n",
            "<?php\nfunction f() {\n  g();\n}\n",
        ),
        (
            "a.rb",
            "puts($$$)",
            "def f\n  puts(1)\n  g\nend\n",
            "def f\n  g\nend\n",
        ),
        (
            "a.kt",
            "println($$$)",
            "fun f() {\n  println(1)\n  g()\n}\n",
            "fun f() {\n  g()\n}\n",
        ),
        (
            "a.swift",
            "print($$$)",
            "func f() {\n  print(1)\n  g()\n}\n",
            "func f() {\n  g()\n}\n",
        ),
        (
            "a.scala",
            "println($$$)",
            "object A {\n  def f() = {\n    println(1)\n    g()\n  }\n}\n",
            "object A {\n  def f() = {\n    g()\n  }\n}\n",
        ),
        (
            "a.lua",
            "print($$$)",
            "if x then\n  print(1)\n  g()\nend\n",
            "if x then\n  g()\nend\n",
        ),
        ("a.sh", "echo $A", "f\necho x\ng\n", "f\ng\n"),
        (
            "a.css",
            "color: red;",
            ".a {\n  color: red;\n  margin: 0;\n}\n",
            ".a {\n  margin: 0;\n}\n",
        ),
    ];
    for (path, from, before, after) in table {
        let lang = language::name(language::of_path(path).unwrap());
        let done = apply(&pattern(from, "", Some(lang)), path, before);
        assert_eq!(
            done.map(|done| done.0).as_deref(),
            Some(after),
            "{path}: {before}"
        );
    }
    let rules = rule(
        "language: js\nrule: {pattern: 'wrap($$$A)'}\nfix: '$$$A'\n---\n\
         language: js\nrule: {pattern: 'log($$$)'}\nfix: ''\n",
    );
    assert_eq!(
        text_of(
            &rules,
            "a.js",
            "wrap(() => {\n  log(1);\n  g();\n})\nlog(2);\nh();\n"
        ),
        "() => {\n  ;\n  g();\n}\nh();\n"
    );
}

/// ast-grep's own `--update-all` drops the semicolon of a declaration, and rewrites only the outer of nested matches.
#[test]
fn semicolons_and_nested_matches_differ_from_ast_grep_on_purpose() {
    let recipe = pattern("var $A = $B", "let $A = $B", None);
    assert_eq!(
        text_of(&recipe, "a.js", "var a = 1;\nvar b = 2\n"),
        "let a = 1;\nlet b = 2\n"
    );
    let nested = pattern("old($A)", "new($A)", None);
    assert_eq!(text_of(&nested, "a.py", "old(old(x))\n"), "new(new(x))\n");
}

#[test]
fn the_scripts_of_vue_and_svelte_files_are_rewritten() {
    let recipe = pattern("var $A = $B", "const $A = $B", None);
    let before = "<template>var x = 1</template>\n<script>\nvar x = 1;\n</script>\n\
                  <script setup lang=\"ts\">\r\n  var y: T = 2;\r\n  var z = 3;\r\n</script>\n";
    let after = before
        .replace("\nvar x", "\nconst x")
        .replace("var z", "const z");
    assert_eq!(apply(&recipe, "a.vue", before), Some((after.clone(), 2)));
    assert_eq!(apply(&recipe, "a.svelte", before), Some((after, 2)));
    let ts = pattern("var $A = $B", "const $A = $B", Some("ts"));
    assert_eq!(
        text_of(&ts, "a.vue", before),
        before.replace("var z", "const z")
    );
    let rules =
        rule("language: ts\nfiles: ['src/**']\nrule: {pattern: var $A = $B}\nfix: const $A = $B\n");
    assert_eq!(
        text_of(&rules, "src/a.vue", before),
        before.replace("var z", "const z")
    );
    assert_eq!(apply(&rules, "lib/a.vue", before), None);
}

#[test]
fn the_reason_why_nothing_changes_is_told() {
    let why = |recipe: &Recipe, path: &str, text: &str| match Codemod::compile(recipe)
        .unwrap()
        .apply(path, text)
        .unwrap()
    {
        Applied::Unchanged(reason) => reason,
        Applied::Rewritten(done) => panic!("{}", done.text),
    };
    let vars = pattern("var $A = $B", "const $A = $B", None);
    assert_eq!(why(&vars, "a.js", "let a = 1"), Unchanged::NoMatch);
    assert_eq!(why(&vars, "a.txt", "var a = 1"), Unchanged::NoLanguage);
    assert_eq!(why(&vars, "run", "#!/bin/sh\n"), Unchanged::NoLanguage);
    assert_eq!(why(&vars, "a.py", "a = 1"), Unchanged::OtherLanguage);
    assert_eq!(why(&vars, "a.js", "{ var a, b = ("), Unchanged::Unparsed);
    let ts = pattern("var $A = $B", "const $A = $B", Some("ts"));
    assert_eq!(why(&ts, "a.tsx", "var a = 1"), Unchanged::OtherLanguage);
    let yaml = rule("language: yaml\nrule: {pattern: 'old: $A'}\nfix: 'new: $A'\n");
    assert_eq!(why(&yaml, "a.js", "old"), Unchanged::OtherLanguage);
    assert_eq!(
        why(&yaml, "a.yaml", "{{- if x }}\nfoo: bar\n  - {{ end"),
        Unchanged::Unparsed
    );
    assert_eq!(
        why(&pattern("$A.old", "$A.new", None), "a.vue", "<p>x.old</p>"),
        Unchanged::NoLanguage
    );
    let both = Recipe::Sequence(vec![ts, regex("^z", "y")]);
    assert_eq!(why(&both, "a.tsx", "x\nz"), Unchanged::PerLine);
    assert!(Codemod::compile(&vars).unwrap().fault_in("a.js").is_none());
    let half = Codemod::compile(&pattern("console.log(", "", None)).unwrap();
    let said = half.fault_in("a.js").unwrap().to_string();
    assert!(
        said.contains("'console.log(' is not JavaScript: it does not parse"),
        "{said}"
    );
}

#[test]
fn several_recipes_work_one_after_another() {
    let both = Recipe::Sequence(vec![
        pattern("var $A = $B", "let $A = $B", None),
        pattern("let $A = $B", "const $A = $B", None),
        regex("a", "b"),
    ]);
    assert_eq!(
        apply(&both, "x.js", "var a = 1"),
        Some(("const b = 1".into(), 3))
    );
    assert_eq!(apply(&both, "x.js", "f()"), None);
    assert_eq!(
        Codemod::compile(&both).unwrap().describe(),
        "codemod: rewrite 'var $A = $B' → 'let $A = $B', then rewrite 'let $A = $B' → 'const $A = $B', \
         then replace /a/ with 'b'"
    );
}

#[test]
fn a_replacement_equal_to_the_original_changes_nothing() {
    assert_eq!(
        apply(&pattern("f($A)", "f($A)", None), "a.js", "f(1)"),
        None
    );
    assert_eq!(
        apply(&pattern("f($A)", "g($A)", None), "a.js", "h(1)"),
        None
    );
}

#[test]
fn rules_may_constrain_and_transform_in_several_documents() {
    let rules = rule(
        "id: upper\nlanguage: JavaScript\nrule: {pattern: log($A)}\nconstraints: {A: {kind: string}}\n\
         transform: {B: {convert: {source: $A, toCase: upperCase}}}\nfix: warn($B)\n---\n\
         id: names\nlanguage: js\nrule: {matches: old}\nutils: {old: {pattern: $F.old}}\nfix: $F.new\n---\n\
         language: Python\nrule: {pattern: 'log($A)'}\nfix: warn($A)\n",
    );
    let before = "log('a'); log(a.old); log(1)";
    assert_eq!(
        apply(&rules, "a.js", before),
        Some(("warn('A'); log(a.new); log(1)".into(), 2))
    );
    assert_eq!(text_of(&rules, "a.py", "log(1)\n"), "warn(1)\n");
    assert_eq!(apply(&rules, "a.rs", "fn f() { log(1) }"), None);
    assert_eq!(
        Codemod::compile(&rules).unwrap().describe(),
        "codemod: apply rules 'upper', 'names', 3"
    );
}

#[test]
fn a_rule_keeps_code_that_its_pattern_does_not_match() {
    let rules = rule("language: js\nrule: {pattern: var $A = $B}\nfix: const $A = $B\n");
    assert_eq!(
        text_of(&rules, "a.js", "var a = 1, b = 2;\nvar c = 3;\nvar d = 4\n"),
        "const a = 1, b = 2;\nconst c = 3;\nconst d = 4\n"
    );
}

#[test]
fn a_rule_respects_its_files_and_its_expanded_range() {
    let rules = rule(
        "id: drop\nlanguage: js\nfiles: ['src/**']\nrule: {pattern: x, inside: {kind: array}}\n\
         fix: {template: '', expandEnd: {regex: ','}}\n",
    );
    assert_eq!(text_of(&rules, "src/a.js", "[x,y]"), "[y]");
    assert_eq!(apply(&rules, "lib/a.js", "[x,y]"), None);
}

#[test]
fn faults_of_a_recipe_are_errors_of_compile() {
    let table = [
        (
            pattern("f($A)", "g($B)", None),
            "uses $B, which the pattern 'f($A)' does not bind; it binds $A",
        ),
        (pattern("f(1)", "$B", Some("js")), "it binds none"),
        (
            pattern("f(", "g", Some("js")),
            "'f(' is not JavaScript: it does not parse from character",
        ),
        (pattern("a; b", "c", Some("js")), "several pieces of code"),
        (
            pattern("", "x", None),
            "not one complete piece of code in any language",
        ),
        (pattern("", "x", Some("js")), "it is empty"),
        (pattern("$$$A", "x", Some("js")), "cannot stand alone"),
        (
            pattern("f($A", "g", None),
            "not one complete piece of code in any language",
        ),
        (
            pattern("f()", "g()", Some("javscript")),
            "did you mean JavaScript?",
        ),
        (rule(""), "there is no rule"),
        (rule("id: [\n"), "cannot be read as ast-grep YAML"),
        (
            rule("id: a\nrule: {pattern: a}\nfix: b\n"),
            "'a' is invalid: it names no `language`",
        ),
        (
            rule("id: a\nlanguage: Dart\nrule: {pattern: a}\nfix: b\n"),
            "'Dart' is not a language",
        ),
        (
            rule("id: a\nlanguage: js\nrule: {pattern: a}\n"),
            "'a' has no `fix`",
        ),
        (
            rule("language: js\nrule: {pattern: f($A)}\nfix: $B\n"),
            "rule 1 is invalid",
        ),
        (
            rule("language: js\nrule: {pattern: f($A)}\nfix: $A\nfixx: 1\n"),
            "fixx",
        ),
        (
            rule("id: a\nlanguage: js\nrule: {kind: nonsense}\nfix: b\n"),
            "nonsense",
        ),
        (regex("a{2,1}", ""), "at character 2"),
        (regex("a", "$1"), "${1}"),
    ];
    for (recipe, words) in table {
        let said = fault(&recipe);
        assert!(said.contains(words), "{recipe:?}\n{said}");
        assert!(!said.contains('\n') && !said.ends_with('.'), "{said}");
    }
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    let depth = 2_000;
    let recipe = pattern("f($A)", "g($A)", None);
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{a:", "}"),
        ("f(", ")"),
        ("!", ""),
        ("() => ", ""),
    ] {
        let text = format!("x = {}f(1){}", open.repeat(depth), close.repeat(depth));
        let done = text_of(&recipe, "a.js", &text);
        assert_eq!(done, text.replace("f(", "g("), "{open}");
    }
    let deep = format!("{}f($A){}", "[".repeat(depth), "]".repeat(depth));
    let said = fault(&pattern(&deep, "g($A)", Some("js")));
    assert!(said.contains("nested more than 200 deep"), "{said}");
    let text = format!("x = {}f(1){}", "[".repeat(25_000), "]".repeat(25_000));
    let recipe = Codemod::compile(&recipe).unwrap();
    let said = recipe.rewrite("a.js", &text).unwrap_err().to_string();
    assert!(
        said.contains("a.js is nested more than 20000 deep"),
        "{said}"
    );
}

#[test]
fn a_replacement_that_grows_without_bound_is_refused() {
    let recipe = Codemod::compile(&pattern("f($A)", "f($A, $A)", None)).unwrap();
    let text = format!("{}x{}", "f(".repeat(60), ")".repeat(60));
    let said = recipe.rewrite("a.js", &text).unwrap_err().to_string();
    assert!(
        said.contains("a.js would make it larger than 64 MiB"),
        "{said}"
    );
}

#[test]
fn a_codemod_is_described_in_one_line_and_shared_by_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    let codemod = Codemod::compile(&pattern("var $A = $B", "const $A = $B", None)).unwrap();
    shared(&codemod);
    assert_eq!(
        codemod.describe(),
        "codemod: rewrite 'var $A = $B' → 'const $A = $B'"
    );
    let lines = Codemod::compile(&regex("a\nb", "c")).unwrap();
    assert_eq!(lines.describe(), "codemod: replace /a\\nb/ with 'c'");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_regex_that_matches_nothing_changes_nothing(text in "\\PC*[\r\n]{0,2}\\PC*") {
        prop_assert_eq!(apply(&regex(r"[^\s\S]", "x"), "a.txt", &text), None);
    }

    #[test]
    fn a_rename_is_complete_and_deterministic(text in "([a-c(){};=, \r\n\té🦀]|old\\()*") {
        let codemod = Codemod::compile(&pattern("old($$$A)", "young($$$A)", Some("js"))).unwrap();
        let first = codemod.rewrite("a.js", &text).unwrap();
        prop_assert_eq!(&first, &codemod.rewrite("a.js", &text).unwrap());
        if let Some(done) = first {
            prop_assert!(done.edits > 0 && done.text != text);
        }
        let calls = "young(old(a), [old(é)])";
        let once = codemod.rewrite("a.js", calls).unwrap().map(|done| done.text).unwrap_or_default();
        prop_assert_eq!(codemod.rewrite("a.js", &once).unwrap(), None);
    }
}
