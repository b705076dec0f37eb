//! Reads a settings file that somebody else may have prepared: a named pipe would hold batch for ever, a link may lead
//! to a file that is none of the repository's business, and a huge file would fill the memory.

use std::io::Read;
use std::path::Path;

use super::error::ConfigError;

/// No settings file is larger.
pub(super) const LARGEST: u64 = 1024 * 1024;

/// Reads a file of the checkout at `root`.
pub(super) fn read_repository_file(path: &Path, root: &Path) -> Result<Vec<u8>, ConfigError> {
    let fault = |source| ConfigError::Read {
        path: path.to_path_buf(),
        source,
    };
    let real = path.canonicalize().map_err(fault)?;
    let root = root.canonicalize().map_err(fault)?;
    let is_file = real.metadata().map_err(fault)?.is_file();
    if !is_file || !real.starts_with(root) {
        return Err(ConfigError::NoFile {
            path: path.to_path_buf(),
        });
    }
    read_bounded(&real)
}

/// Reads a file, but for one that is too large.
pub(super) fn read_bounded(path: &Path) -> Result<Vec<u8>, ConfigError> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|source| ConfigError::Read {
            path: path.to_path_buf(),
            source,
        })?;
    if bytes.len() as u64 > LARGEST {
        return Err(ConfigError::TooLarge {
            path: path.to_path_buf(),
            limit: LARGEST,
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_of_the_repository_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("repo");
        std::fs::create_dir(&root).unwrap();
        let (file, outside) = (root.join("batch.toml"), dir.path().join("secret"));
        std::fs::write(&outside, "key").unwrap();
        std::fs::write(&file, "a").unwrap();
        assert_eq!(read_repository_file(&file, &root).unwrap(), b"a");
        for target in [&*outside, Path::new("/dev/zero"), &root] {
            std::fs::remove_file(&file).unwrap();
            std::os::unix::fs::symlink(target, &file).unwrap();
            let read = read_repository_file(&file, &root);
            assert!(matches!(read, Err(ConfigError::NoFile { .. })), "{read:?}");
        }
        std::fs::remove_file(&file).unwrap();
        nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let read = read_repository_file(&file, &root);
        assert!(matches!(read, Err(ConfigError::NoFile { .. })), "{read:?}");
        let large = root.join("large");
        std::fs::File::create(&large)
            .unwrap()
            .set_len(3 << 30)
            .unwrap();
        let read = read_repository_file(&large, &root);
        assert!(
            matches!(read, Err(ConfigError::TooLarge { .. })),
            "{read:?}"
        );
    }
}
