//! Hashes the source of everything that reads imports into `BATCH_READERS`, so that a cache written by other readers is
//! not used.

use std::error::Error;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const READERS: [&str; 2] = ["src/imports", "src/plan/graph"];

fn main() -> Result<(), Box<dyn Error>> {
    let mut hasher = DefaultHasher::new();
    // Another version of this crate may depend on other versions of the crates that parse manifests.
    hasher.write(env::var("CARGO_PKG_VERSION")?.as_bytes());
    for folder in READERS {
        println!("cargo::rerun-if-changed={folder}");
        let mut files = Vec::new();
        add_files(Path::new(folder), &mut files)?;
        files.sort();
        for file in files {
            hasher.write(file.to_string_lossy().as_bytes());
            hasher.write(&fs::read(file)?);
        }
    }
    println!("cargo::rustc-env=BATCH_READERS={:016x}", hasher.finish());
    Ok(())
}

/// Adds the files in a folder and below.
fn add_files(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            add_files(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
