//! Resolves imports in small repositories of every language.

use proptest::strategy::Strategy;

use super::*;

/// Returns `importer > imported` for each import in a repository of these files.
fn edges(files: &[(&str, &str)]) -> Vec<String> {
    let mut files = files.to_vec();
    files.sort_unstable();
    let outlines: Vec<(&str, Language, Outline)> = files
        .iter()
        .filter_map(|(path, text)| {
            let language = Language::of_path(path)?;
            Some((*path, language, extract(language, text.as_bytes())))
        })
        .collect();
    let sources: Vec<SourceFile<'_>> = outlines
        .iter()
        .map(|(path, language, outline)| SourceFile {
            path,
            language: *language,
            outline,
        })
        .collect();
    let manifests: Vec<(&str, &str)> = files
        .iter()
        .filter(|(path, _)| is_manifest(path))
        .copied()
        .collect();
    let resolver = Resolver::new(&sources, &manifests);
    let mut edges = Vec::new();
    for (index, source) in (0..).zip(&sources) {
        for import in &source.outline.imports {
            for file in resolver.resolve(index, source, import) {
                let edge = format!("{} > {}", source.path, sources[file as usize].path);
                if !edges.contains(&edge) {
                    edges.push(edge);
                }
            }
        }
    }
    edges
}

#[test]
fn javascript_resolves_files_folders_packages_and_aliases() {
    let found = edges(&[
        (
            "apps/web/src/main.ts",
            "import './a'; import './b.js'; import './c'; import '../lib'; import '@acorn/ui'; \
             import '@acorn/ui/button';\n\
             import '@acorn/core/deep'; import '~lib/x'; import '#own'; import 'react'; import './none'; \
             import '@/a'; import './s.svelte';",
        ),
        ("apps/web/src/a.tsx", ""),
        (
            "apps/web/src/a.test.tsx",
            "import * as a from './a'; import '.'",
        ),
        ("apps/web/src/b.ts", ""),
        (
            "apps/web/src/c/index.ts",
            "export * from './d'; import '..'",
        ),
        ("apps/web/src/c/d.d.ts", ""),
        ("apps/web/src/index.ts", ""),
        ("apps/web/src/own.ts", ""),
        (
            "apps/web/src/s.svelte",
            "<script>import a from './a'</script>",
        ),
        ("apps/web/lib/package.json", r#"{"main": "./entry.js"}"#),
        ("apps/web/lib/entry.js", "require('./x/')"),
        ("apps/web/lib/x.js", ""),
        ("apps/web/lib/x/index.js", ""),
        (
            "apps/web/package.json",
            r##"{"name": "web", "imports": {"#own": "./src/own.ts"}}"##,
        ),
        (
            "apps/web/tsconfig.json",
            r#"{"compilerOptions": {"paths": {"~lib/*": ["./lib/*"]}}}"#,
        ),
        (
            "packages/ui/package.json",
            r#"{"name": "@acorn/ui", "exports": {".": {"import": "./dist/index.mjs",
                "types": "./dist/index.d.ts"}, "./*": "./src/parts/*.tsx"}}"#,
        ),
        ("packages/ui/src/index.ts", ""),
        ("packages/ui/src/parts/button.tsx", "import '@acorn/core'"),
        (
            "packages/core/package.json",
            r#"{"name": "@acorn/core", "main": "lib/core.js"}"#,
        ),
        ("packages/core/src/core.ts", ""),
        ("packages/core/src/deep.ts", ""),
    ]);
    insta::assert_snapshot!(found.join("\n"), @r"
    apps/web/lib/entry.js > apps/web/lib/x/index.js
    apps/web/src/a.test.tsx > apps/web/src/a.tsx
    apps/web/src/a.test.tsx > apps/web/src/index.ts
    apps/web/src/c/index.ts > apps/web/src/c/d.d.ts
    apps/web/src/c/index.ts > apps/web/src/index.ts
    apps/web/src/main.ts > apps/web/src/a.tsx
    apps/web/src/main.ts > apps/web/src/b.ts
    apps/web/src/main.ts > apps/web/src/c/index.ts
    apps/web/src/main.ts > apps/web/lib/entry.js
    apps/web/src/main.ts > packages/ui/src/index.ts
    apps/web/src/main.ts > packages/ui/src/parts/button.tsx
    apps/web/src/main.ts > packages/core/src/deep.ts
    apps/web/src/main.ts > apps/web/lib/x.js
    apps/web/src/main.ts > apps/web/src/own.ts
    apps/web/src/main.ts > apps/web/src/s.svelte
    apps/web/src/s.svelte > apps/web/src/a.tsx
    packages/ui/src/parts/button.tsx > packages/core/src/core.ts
    ");
}

#[test]
fn python_resolves_modules_members_and_packages() {
    let found = edges(&[
        ("pyproject.toml", ""),
        (
            "src/shop/__init__.py",
            "from .cart import Cart\nfrom . import models",
        ),
        (
            "src/shop/cart.py",
            "import shop.models\nfrom shop import prices, models as m\nfrom shop.tax import *",
        ),
        (
            "src/shop/models.py",
            "def f():\n    from .cart import (\n        Cart, # x\n    )\nimport json, os.path",
        ),
        (
            "src/shop/prices/__init__.py",
            "from ..models import A\nfrom ... import b",
        ),
        (
            "src/shop/prices/eu.py",
            "from . import us, nothing\nfrom .. import cart",
        ),
        ("src/shop/prices/us.pyi", ""),
        ("src/shop/tax.py", ""),
        ("src/shop/tax.pyi", ""),
        ("tests/helper.py", ""),
        (
            "tests/test_cart.py",
            "import helper\nfrom shop.cart import Cart\nimport tools.run",
        ),
        ("tools/run.py", "import helper2"),
        (
            "tools/helper2.py",
            "yield_from = 1\nx = [y for y in z]; import run",
        ),
        ("helper2.py", ""),
    ]);
    insta::assert_snapshot!(found.join("\n"), @r"
    src/shop/__init__.py > src/shop/cart.py
    src/shop/__init__.py > src/shop/models.py
    src/shop/cart.py > src/shop/models.py
    src/shop/cart.py > src/shop/prices/__init__.py
    src/shop/cart.py > src/shop/tax.py
    src/shop/models.py > src/shop/cart.py
    src/shop/prices/__init__.py > src/shop/models.py
    src/shop/prices/eu.py > src/shop/prices/us.pyi
    src/shop/prices/eu.py > src/shop/prices/__init__.py
    src/shop/prices/eu.py > src/shop/cart.py
    tests/test_cart.py > tests/helper.py
    tests/test_cart.py > src/shop/cart.py
    tests/test_cart.py > tools/run.py
    tools/helper2.py > tools/run.py
    tools/run.py > tools/helper2.py
    ");
}

#[test]
fn rust_resolves_modules_in_the_root_of_a_repository() {
    let found = edges(&[
        ("build.rs", "mod a; use crate::a::b;"),
        ("a.rs", ""),
        ("lib.rs", "use super::a;"),
    ]);
    assert_eq!(found, ["build.rs > a.rs", "lib.rs > a.rs"]);
}

#[test]
fn rust_resolves_modules_across_crates() {
    let found = edges(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"crates/*\"]\n[workspace.dependencies]\n\
             kernel = { path = \"crates/core\", package = \"acorn-core\" }",
        ),
        (
            "crates/core/Cargo.toml",
            "[package]\nname = \"acorn-core\"\nedition = \"2021\"",
        ),
        (
            "crates/core/src/lib.rs",
            "mod a; pub mod b; pub use b::c::D; #[cfg(test)] mod tests;",
        ),
        (
            "crates/core/src/a.rs",
            "use crate::b::{c::D, e}; use super::X; mod inner { use super::super::b; mod f; }",
        ),
        (
            "crates/core/src/a/inner/f.rs",
            "use super::super::Y; use self::z;",
        ),
        (
            "crates/core/src/b/mod.rs",
            "pub mod c; mod e; fn f() { crate::a::g() }",
        ),
        ("crates/core/src/b/c.rs", "use super::e::H;"),
        ("crates/core/src/b/e.rs", "use std::fmt; use b::c;"),
        (
            "crates/core/src/tests.rs",
            "use super::*; #[path = \"odd/name.rs\"] mod odd;",
        ),
        ("crates/core/src/odd/name.rs", ""),
        (
            "crates/core/src/bin/tool.rs",
            "use acorn_core::b::c::D; use crate::nothing;",
        ),
        (
            "crates/core/tests/all.rs",
            "mod common; use acorn_core::D; use common::x;",
        ),
        ("crates/core/tests/common/mod.rs", "use crate::local;"),
        (
            "crates/app/Cargo.toml",
            "[package]\nname = \"app\"\n[lib]\npath = \"lib.rs\"\n[dependencies]\nkernel = { workspace = true }",
        ),
        (
            "crates/app/lib.rs",
            "extern crate kernel; mod old; mod new;",
        ),
        ("crates/app/old.rs", "use new::N; use kernel::a::g;"),
        ("crates/app/new.rs", ""),
    ]);
    insta::assert_snapshot!(found.join("\n"), @r"
    crates/app/lib.rs > crates/core/src/lib.rs
    crates/app/lib.rs > crates/app/old.rs
    crates/app/lib.rs > crates/app/new.rs
    crates/app/old.rs > crates/app/new.rs
    crates/app/old.rs > crates/core/src/a.rs
    crates/core/src/a.rs > crates/core/src/b/c.rs
    crates/core/src/a.rs > crates/core/src/b/e.rs
    crates/core/src/a.rs > crates/core/src/lib.rs
    crates/core/src/a.rs > crates/core/src/b/mod.rs
    crates/core/src/a.rs > crates/core/src/a/inner/f.rs
    crates/core/src/a/inner/f.rs > crates/core/src/a.rs
    crates/core/src/b/c.rs > crates/core/src/b/e.rs
    crates/core/src/b/mod.rs > crates/core/src/b/c.rs
    crates/core/src/b/mod.rs > crates/core/src/b/e.rs
    crates/core/src/b/mod.rs > crates/core/src/a.rs
    crates/core/src/bin/tool.rs > crates/core/src/b/c.rs
    crates/core/src/lib.rs > crates/core/src/a.rs
    crates/core/src/lib.rs > crates/core/src/b/mod.rs
    crates/core/src/lib.rs > crates/core/src/b/c.rs
    crates/core/src/lib.rs > crates/core/src/tests.rs
    crates/core/src/tests.rs > crates/core/src/lib.rs
    crates/core/src/tests.rs > crates/core/src/odd/name.rs
    crates/core/tests/all.rs > crates/core/tests/common/mod.rs
    crates/core/tests/all.rs > crates/core/src/lib.rs
    ");
}

#[test]
fn go_resolves_packages_of_the_repositorys_modules() {
    let found = edges(&[
        ("go.mod", "module example.org/shop\n"),
        (
            "main.go",
            "package main\nimport (\n\t\"fmt\"\n\t\"example.org/shop/cart\"\n\t\"example.org/tax/eu\"\n\
             \t\"other.org/v\"\n)",
        ),
        ("cart/cart.go", "package cart"),
        ("cart/price.go", "package cart\nimport \"example.org/shop\""),
        (
            "cart/cart_test.go",
            "package cart_test\nimport . \"example.org/shop/cart\"",
        ),
        ("tax/go.mod", "module example.org/tax"),
        ("tax/eu/eu.go", "package eu"),
        ("vendor/other.org/v/v.go", "package v"),
    ]);
    insta::assert_snapshot!(found.join("\n"), @r"
    cart/cart_test.go > cart/cart.go
    cart/cart_test.go > cart/price.go
    cart/price.go > main.go
    main.go > cart/cart.go
    main.go > cart/price.go
    main.go > tax/eu/eu.go
    main.go > vendor/other.org/v/v.go
    ");
}

#[test]
fn java_and_kotlin_resolve_to_the_declaring_file() {
    let found = edges(&[
        (
            "app/src/a/Main.java",
            "package a;\nimport b.Thing;\nimport b.Thing.Inner;\nimport static b.Other.run;\nimport b.c.*;\n\
             import b.topKt;\nclass Main {}",
        ),
        ("app/src/b/Thing.java", "package b;\npublic class Thing {}"),
        (
            "app/src/b/Other.java",
            "package b;\nimport java.util.List;\nfinal class Other {}",
        ),
        (
            "app/src/b/c/One.kt",
            "package b.c\nimport b.helper\nclass One",
        ),
        ("app/src/b/c/Two.java", "package b.c; @interface Two {}"),
        (
            "app/src/b/Utils.kt",
            "package b\nimport a.Main as M\nfun String.helper() = 1\nval topKt = 2",
        ),
    ]);
    insta::assert_snapshot!(found.join("\n"), @r"
    app/src/a/Main.java > app/src/b/Thing.java
    app/src/a/Main.java > app/src/b/Other.java
    app/src/a/Main.java > app/src/b/c/One.kt
    app/src/a/Main.java > app/src/b/c/Two.java
    app/src/a/Main.java > app/src/b/Utils.kt
    app/src/b/Utils.kt > app/src/a/Main.java
    app/src/b/c/One.kt > app/src/b/Utils.kt
    ");
}

#[test]
fn c_resolves_headers_beside_the_includer_and_in_usual_folders() {
    let found = edges(&[
        (
            "src/main.c",
            "#include \"util.h\"\n#include \"net/sock.h\"\n#include <acorn/api.h>\n#include <string.h>\n\
             #include \"../src/util.h\"\n#include \"only.h\"",
        ),
        ("src/util.h", ""),
        ("src/net/sock.h", "#include \"util.h\""),
        ("include/acorn/api.h", "#include \"acorn/types.h\""),
        ("include/acorn/types.h", ""),
        ("compat/string.h", ""),
        ("third/deep/only.h", ""),
        ("other/util.h", ""),
        ("tests/check.c", "#include \"mem.h\"\n#include \"twin.h\""),
        ("core/common/mem.h", ""),
        ("core/common/bits.h", ""),
        ("port/kernel/mem.h", ""),
        ("core/one/twin.h", ""),
        ("core/two/twin.h", ""),
    ]);
    insta::assert_snapshot!(found.join("\n"), @r"
    include/acorn/api.h > include/acorn/types.h
    src/main.c > src/util.h
    src/main.c > src/net/sock.h
    src/main.c > include/acorn/api.h
    src/main.c > third/deep/only.h
    src/net/sock.h > src/util.h
    tests/check.c > core/common/mem.h
    ");
}

#[test]
fn csharp_resolves_to_the_types_of_a_namespace() {
    let found = edges(&[
        (
            "App.cs",
            "using Acorn.Core; using static Acorn.Util.Text; using X = Acorn.Core.Deep.Leaf; using System;\n\
             namespace Acorn { class App {} }",
        ),
        ("Core/Root.cs", "namespace Acorn.Core;\nclass Root {}"),
        (
            "Core/Leaf.cs",
            "namespace Acorn.Core.Deep { class Leaf {} }",
        ),
        (
            "Util/Text.cs",
            "namespace Acorn.Util;\nstatic class Text {}",
        ),
    ]);
    insta::assert_snapshot!(found.join("\n"), @r"
    App.cs > Core/Root.cs
    App.cs > Util/Text.cs
    App.cs > Core/Leaf.cs
    ");
}

#[test]
fn ruby_resolves_requires_over_its_load_path() {
    let found = edges(&[
        (
            "lib/shop.rb",
            "require 'shop/cart'\nrequire_relative 'shop/tax'\nautoload :Price, 'shop/price'\nrequire 'json'",
        ),
        ("lib/shop/cart.rb", "require 'shop'"),
        ("lib/shop/tax.rb", ""),
        ("lib/shop/price.rb", ""),
        (
            "test/cart_test.rb",
            "require 'test_helper'\nrequire File.expand_path('../../lib/shop', __FILE__)",
        ),
        ("test/test_helper.rb", "require_relative '../lib/shop.rb'"),
    ]);
    insta::assert_snapshot!(found.join("\n"), @r"
    lib/shop.rb > lib/shop/cart.rb
    lib/shop.rb > lib/shop/tax.rb
    lib/shop.rb > lib/shop/price.rb
    lib/shop/cart.rb > lib/shop.rb
    test/cart_test.rb > test/test_helper.rb
    test/cart_test.rb > lib/shop.rb
    test/test_helper.rb > lib/shop.rb
    ");
}

#[test]
fn php_resolves_classes_functions_and_files() {
    let found = edges(&[
        (
            "src/Model/Cart.php",
            "<?php namespace Shop\\Model; use Shop\\Tax\\{Rate, Zone as Z}; use function Shop\\round_up; \
             use Other\\Thing; class Cart { use Audited; }",
        ),
        (
            "src/Model/Audited.php",
            "<?php namespace Shop\\Model; trait Audited {}",
        ),
        (
            "src/Tax/Rate.php",
            "<?php namespace Shop\\Tax; class Rate {}",
        ),
        (
            "src/Tax/Zone.php",
            "<?php namespace Shop\\Tax; enum Zone {}",
        ),
        (
            "src/functions.php",
            "<?php namespace Shop; function round_up() {}",
        ),
        (
            "index.php",
            "<?php require __DIR__ . '/src/functions.php'; require_once('src/Tax/Rate.php');",
        ),
        (
            "tests/fixtures/Rate.php",
            "<?php namespace Shop\\Tax; class Rate {}",
        ),
    ]);
    insta::assert_snapshot!(found.join("\n"), @r"
    index.php > src/functions.php
    index.php > src/Tax/Rate.php
    src/Model/Cart.php > src/Tax/Rate.php
    src/Model/Cart.php > src/Tax/Zone.php
    src/Model/Cart.php > src/functions.php
    src/Model/Cart.php > src/Model/Audited.php
    ");
}

const LANGUAGES: [Language; 11] = [
    Language::C,
    Language::CSharp,
    Language::Go,
    Language::Java,
    Language::JavaScript,
    Language::Component,
    Language::Kotlin,
    Language::Php,
    Language::Python,
    Language::Ruby,
    Language::Rust,
];

proptest::proptest! {
    #[test]
    fn any_bytes_can_be_read_in_any_language(
        pieces in proptest::collection::vec(
            proptest::prop_oneof![
                proptest::sample::select(vec![
                    "import ", "from ", "use ", "mod ", "require", "#include ", "export ", "using ", "namespace ",
                    "package ", "class ", "fun ", "<?php ", "<script>", "/*", "*/", "//", "#", "'", "\"", "`", "${",
                    "\"\"\"", "r#\"", "@\"", "R\"x(", "<<~A\n", "{", "}", "(", ")", "<", ">", "::", ".", "..", "\\",
                    "\\\n", "\n", ";", ",", "*", "/", "a", "é", "$", "=", " as ", "self", "super::", "crate::", "[",
                    "dirname(", "__DIR__", "File.expand_path(",
                ]).prop_map(|text| text.as_bytes().to_vec()),
                proptest::collection::vec(proptest::prelude::any::<u8>(), 0..4),
            ],
            0..40,
        )
    ) {
        let text = pieces.concat();
        for language in LANGUAGES {
            let outline = extract(language, &text);
            let source = SourceFile { path: "a/b/c", language, outline: &outline };
            let resolver = Resolver::new(&[source], &[]);
            for import in &outline.imports {
                proptest::prop_assert!(resolver.resolve(0, &source, import).is_empty());
            }
        }
    }
}
