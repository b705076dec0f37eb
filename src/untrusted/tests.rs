//! Calls every function with the seeds of its fuzzer, and with variations of the seeds.

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;

/// The texts that the fuzzer of `name` begins with.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = match name {
        "agent_stream" => root.join("src/agent/coding/transcripts"),
        _ => root.join("fuzz/seeds").join(name),
    };
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{name} has no seeds");
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// A change to a text: from a place on, so many bytes make way for others.
type Edit = (Index, usize, Replacement);

#[derive(Debug, Clone)]
enum Replacement {
    Bytes(Vec<u8>),
    /// A part of another seed.
    Part(Index, Index, usize),
    /// The bytes that were there, so many times.
    Repeated(usize),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let by = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..4).prop_map(Replacement::Bytes),
        "[\\PC\\n]{0,6}".prop_map(|text| Replacement::Bytes(text.into_bytes())),
        (any::<Index>(), any::<Index>(), 0..80_usize)
            .prop_map(|(seed, from, length)| Replacement::Part(seed, from, length)),
        (2..40_usize).prop_map(Replacement::Repeated),
    ];
    proptest::collection::vec((any::<Index>(), 0..12_usize, by), 0..6)
}

fn edited(seeds: &[Vec<u8>], first: Index, edits: &[Edit]) -> Vec<u8> {
    let mut text = first.get(seeds).clone();
    for (at, length, by) in edits {
        let at = at.index(text.len() + 1);
        let end = (at + length).min(text.len());
        let new = match by {
            Replacement::Bytes(bytes) => bytes.clone(),
            Replacement::Part(seed, from, length) => {
                let seed = seed.get(seeds);
                let from = from.index(seed.len() + 1);
                seed[from..(from + length).min(seed.len())].to_vec()
            }
            Replacement::Repeated(times) => text[at..end].repeat(*times),
        };
        text.splice(at..end, new);
    }
    text
}

/// Few cases, so that the tests are quick; `PROPTEST_CASES` asks for more.
fn few() -> ProptestConfig {
    let given = std::env::var_os("PROPTEST_CASES").is_some();
    if given {
        ProptestConfig::default()
    } else {
        ProptestConfig::with_cases(24)
    }
}

macro_rules! holds_for_variations {
    ($($name:ident),*) => {$(
        #[test]
        fn $name() {
            for seed in seeds(stringify!($name)) {
                super::$name(&seed);
            }
        }

        mod $name {
            use super::*;

            static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| seeds(stringify!($name)));

            proptest! {
                #![proptest_config(few())]
                #[test]
                fn variations(first: Index, edits in edits()) {
                    crate::untrusted::$name(&edited(&SEEDS, first, &edits));
                }
            }
        }
    )*};
}

holds_for_variations!(
    agent_stream,
    check_output,
    code_owners,
    globs,
    imports,
    plan_file,
    proposal,
    redactor,
    rule_file,
    settings,
    shown_text
);
