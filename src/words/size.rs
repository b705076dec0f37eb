//! Sizes in words.

/// A number of bytes, in the unit that leaves at most three digits before the point: `512 bytes`, `12.5 MB`, `3.1 GB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    let mut unit = 1_u64;
    for name in ["bytes", "kB", "MB", "GB", "TB"] {
        if count / unit < 1000 || name == "TB" {
            let tenths = count % unit * 10 / unit;
            return match tenths {
                0 => format!("{} {name}", count / unit),
                _ => format!("{}.{tenths} {name}", count / unit),
            };
        }
        unit *= 1000;
    }
    format!("{count} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_few_digits() {
        let words = [0, 999, 1_000, 12_590_000, 3_100_000_000, u64::MAX].map(bytes);
        assert_eq!(
            words,
            [
                "0 bytes",
                "999 bytes",
                "1 kB",
                "12.5 MB",
                "3.1 GB",
                "18446744 TB"
            ]
        );
    }
}
