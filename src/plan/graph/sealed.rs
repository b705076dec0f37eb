//! Files in which answers are kept from one plan to the next.
//!
//! What is read is whole and comes from the very same readers, or there is nothing. Nothing depends on such a file: where
//! it is missing, damaged or of another version, it is made anew, and where it cannot be written, the next plan reads
//! again.

use std::hash::{DefaultHasher, Hasher};
use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Stands before everything else. The name of the readers changes with their text (see `build.rs`).
const MARK: &str = concat!("batch ", env!("BATCH_READERS"), "\n");

pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    open(&std::fs::read(path).ok()?)
}

/// Writes it in one step, so that nobody reads half of it.
pub(super) fn write(path: &Path, content: &impl Serialize) {
    let write = || -> std::io::Result<()> {
        let Some(folder) = path.parent() else {
            return Ok(());
        };
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&seal(content).map_err(std::io::Error::other)?)?;
        file.persist(path)?;
        Ok(())
    };
    if let Err(error) = write() {
        tracing::info!("{} cannot be kept: {error}", path.display());
    }
}

fn seal(content: &impl Serialize) -> postcard::Result<Vec<u8>> {
    let content = postcard::to_stdvec(content)?;
    Ok([MARK.as_bytes(), &sum(&content).to_le_bytes(), &content].concat())
}

fn open<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let rest = bytes.strip_prefix(MARK.as_bytes())?;
    let (known, content) = rest.split_first_chunk()?;
    (u64::from_le_bytes(*known) == sum(content))
        .then(|| postcard::from_bytes(content).ok())
        .flatten()
}

/// Another version of Rust may give another sum; then all is read again.
fn sum(content: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_opened_and_damage_is_seen() {
        let content = vec![("a.js".to_owned(), 1_u32), ("b.js".to_owned(), 700)];
        let bytes = seal(&content).unwrap();
        assert_eq!(open(&bytes), Some(content));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(open::<Vec<(String, u32)>>(&damaged), None, "byte {at}");
            let cut = open::<Vec<(String, u32)>>(&bytes[..at]);
            assert_eq!(cut, None, "cut at {at}");
        }
    }
}
