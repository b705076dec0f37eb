//! Measures an import graph and the selection of files by a glob, compared with git listing the same repository and
//! with a full parse of the same files.
//!
//!     cargo bench --bench graph -- FOLDER…    # git repositories; the caches of batch in them are removed
//!
//! All measurements take turns, so that other load on the machine affects them equally. Only the ratios can be compared
//! with another machine.

#![expect(clippy::print_stdout, reason = "the figures are the output")]

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ast_grep_language::{Language as _, LanguageExt, SupportLang};
use batch::git::{CommitId, EntryKind, Repo};
use batch::imports::Language;
use batch::plan::graph::ImportGraph;
use batch::plan::select::Selection;
use rayon::prelude::*;

const ROUNDS: usize = 9;

fn main() -> Result<(), Box<dyn Error>> {
    for folder in std::env::args().skip(1).filter(|it| !it.starts_with("--")) {
        measure(Path::new(&folder))?;
    }
    Ok(())
}

fn measure(folder: &Path) -> Result<(), Box<dyn Error>> {
    let repo = Repo::discover(folder)?;
    let base = repo.base(Some("HEAD"), None)?.id;
    let texts = Texts::of(&repo, &base)?;
    let ending = &texts.ending;
    let selection = Selection::parse(&[format!("**/*.{ending}")], "")?;
    let cache = repo.state_dir().join("cache");
    let forget = |what: &str| {
        // A cache that was never written need not be removed.
        let _ = std::fs::remove_dir_all(cache.join(what));
    };
    let mut graph = || -> Result<(), Box<dyn Error>> {
        black_box(ImportGraph::of_base(&repo, &base)?);
        Ok(())
    };

    let mut took: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        let mut clock = |what, work: &mut dyn FnMut() -> Result<(), Box<dyn Error>>| {
            let start = Instant::now();
            work()?;
            took.entry(what).or_default().push(start.elapsed());
            Ok::<(), Box<dyn Error>>(())
        };
        clock("git ls-files", &mut || listed(folder, &[]))?;
        forget("");
        clock("cold", &mut graph)?;
        clock("warm", &mut graph)?;
        forget("graphs");
        clock("another tree", &mut graph)?;
        clock("git's glob", &mut || {
            listed(folder, &[&format!(":(glob)**/*.{ending}")])
        })?;
        clock("glob", &mut || {
            let entries = repo.entries(&base)?;
            let paths = entries
                .iter()
                .map(|entry| String::from_utf8_lossy(&entry.path));
            black_box(paths.filter(|path| selection.matches(path)).count());
            Ok(())
        })?;
    }
    let start = Instant::now();
    texts.parse();
    let parse = start.elapsed();

    let median = |what: &str| {
        let mut took = took[what].clone();
        took.sort();
        took[took.len() / 2]
    };
    let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
    let (git, cold, warm) = (median("git ls-files"), median("cold"), median("warm"));
    let (glob, of_git) = (median("glob"), median("git's glob"));
    println!(
        "{}: {} files with imports, {:.1} MB",
        folder.display(),
        texts.texts.len(),
        texts.megabytes(),
    );
    println!("  graph, nothing kept         {cold:>8.0?}");
    println!(
        "  whole parse of these files  {parse:>8.0?} = {:.1} × the graph",
        ratio(parse, cold)
    );
    println!("  git ls-files                {git:>8.1?}");
    println!(
        "  graph, kept                 {warm:>8.1?} = {:.2} × git ls-files",
        ratio(warm, git)
    );
    let another = median("another tree");
    println!(
        "  graph, texts kept           {another:>8.1?} = {:.2} × git ls-files",
        ratio(another, git)
    );
    println!(
        "  files of **/*.{ending:<12}  {glob:>8.1?} = {:.2} × git ls-files with the same pattern",
        ratio(glob, of_git)
    );
    Ok(())
}

/// Lets git list the files of its index.
fn listed(folder: &Path, patterns: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).args(["ls-files", "-z", "--"]);
    let done = git.args(patterns).stdout(Stdio::null()).status()?;
    if done.success() {
        Ok(())
    } else {
        Err("git ls-files failed".into())
    }
}

/// The files whose imports are understood, each with the grammar for a full parse.
struct Texts {
    texts: Vec<(SupportLang, String)>,
    /// The most frequent file extension.
    ending: String,
}

impl Texts {
    fn of(repo: &Repo, base: &CommitId) -> Result<Self, Box<dyn Error>> {
        let (objects, mut buffer) = (repo.objects()?, Vec::new());
        let mut texts = Vec::new();
        let mut endings: BTreeMap<String, usize> = BTreeMap::new();
        for entry in repo.entries(base)? {
            let path = String::from_utf8_lossy(&entry.path);
            let lang = SupportLang::from_path(&*path);
            if let Some(lang) = lang.filter(|_| Language::of_path(&path).is_some())
                && entry.kind == EntryKind::File
                && let Ok(text) = String::from_utf8(objects.blob(entry.blob, &mut buffer)?.to_vec())
            {
                texts.push((lang, text));
                let ending = path.rsplit('.').next().unwrap_or_default();
                *endings.entry(ending.to_owned()).or_default() += 1;
            }
        }
        let most = endings.into_iter().max_by_key(|(_, count)| *count);
        let (ending, _) = most.ok_or("no file is in a language whose imports are understood")?;
        Ok(Self { texts, ending })
    }

    fn megabytes(&self) -> f64 {
        let bytes: usize = self.texts.iter().map(|(_, text)| text.len()).sum();
        #[expect(
            clippy::cast_precision_loss,
            reason = "it is shown with one decimal place"
        )]
        let bytes = bytes as f64;
        bytes / 1e6
    }

    /// Parses on all cores, as the graph does.
    fn parse(&self) {
        self.texts.par_iter().for_each(|(lang, text)| {
            black_box(lang.ast_grep(text));
        });
    }
}
