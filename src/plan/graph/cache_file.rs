//! Files that keep results from one plan to the next.
//!
//! Reading returns a whole result from the very same readers, or nothing. No plan depends on such a file: if it is
//! missing, damaged or of another version, the result is computed again; if it cannot be written, the next plan
//! computes it again.

use std::hash::{DefaultHasher, Hasher};
use std::io::{BufWriter, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The first bytes of every file. The name of the readers changes with their source text (see `build.rs`).
const MARK: &str = concat!("batch ", env!("BATCH_READERS"), "\n");

pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    decode(&std::fs::read(path).ok()?)
}

/// Writes the file in one step, so that nobody reads half of it.
pub(super) fn write(path: &Path, content: &impl Serialize) {
    let write = || -> std::io::Result<()> {
        let Some(folder) = path.parent() else {
            return Ok(());
        };
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        encode(content, &mut file)?;
        file.persist(path)?;
        Ok(())
    };
    if let Err(error) = write() {
        tracing::info!("{} cannot be written: {error}", path.display());
    }
}

/// Writes piece by piece, because the cache of a large repository is large.
fn encode(content: &impl Serialize, out: &mut impl Write) -> std::io::Result<()> {
    out.write_all(MARK.as_bytes())?;
    let mut writer = BufWriter::new(ChecksumWriter {
        out,
        checksum: DefaultHasher::new(),
    });
    postcard::to_io(content, &mut writer).map_err(std::io::Error::other)?;
    let ChecksumWriter { out, checksum } = writer
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)?;
    out.write_all(&checksum.finish().to_le_bytes())
}

/// Passes bytes on and computes their checksum.
struct ChecksumWriter<'a, W> {
    out: &'a mut W,
    checksum: DefaultHasher,
}

impl<W: Write> Write for ChecksumWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.out.write_all(bytes)?;
        self.checksum.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (content, known) = bytes.strip_prefix(MARK.as_bytes())?.split_last_chunk()?;
    (u64::from_le_bytes(*known) == checksum(content))
        .then(|| postcard::from_bytes(content).ok())
        .flatten()
}

/// Another version of Rust may compute another checksum; then the cache is read as missing.
fn checksum(content: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_file_is_read_back_and_damage_is_detected() {
        let content = vec![("a.js".to_owned(), 1_u32), ("b.js".to_owned(), 700)];
        let mut bytes = Vec::new();
        encode(&content, &mut bytes).unwrap();
        assert_eq!(decode(&bytes), Some(content));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(decode::<Vec<(String, u32)>>(&damaged), None, "byte {at}");
            let cut = decode::<Vec<(String, u32)>>(&bytes[..at]);
            assert_eq!(cut, None, "cut at {at}");
        }
    }

    #[test]
    fn a_cache_file_may_be_large() {
        let content: Vec<u64> = (0..20_000).collect();
        let mut bytes = Vec::new();
        encode(&content, &mut bytes).unwrap();
        assert_eq!(decode(&bytes), Some(content));
    }
}
