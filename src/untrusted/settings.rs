//! The `batch.toml` of a repository.

use crate::config::Config;

/// Reads the settings. Settings that are accepted mean the same when they are written and read again.
pub fn settings(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let Ok(config) = Config::parse(text) else {
        return;
    };
    let written = config.to_toml().expect("settings that were read");
    let again = Config::parse(&written).expect("settings that were written");
    assert_eq!(again.to_toml().as_ref(), Ok(&written));
}
