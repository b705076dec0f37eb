//! Sizes in words.

/// Formats a number of bytes in the unit that leaves at most three digits before the point: `512 bytes`, `12.5 MB`.
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

/// Formats a large number in few digits, rounded down: `950`, `1.4k`, `12.5k`, `3.1M`.
#[must_use]
pub fn amount(count: u64) -> String {
    let (unit, name) = match count {
        0..1000 => return count.to_string(),
        1000..1_000_000 => (1000, "k"),
        _ => (1_000_000, "M"),
    };
    match count % unit * 10 / unit {
        0 => format!("{}{name}", count / unit),
        tenths => format!("{}.{tenths}{name}", count / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_few_digits() {
        let words = [0, 999, 1_000, 1_430, 999_999, 3_100_000].map(amount);
        assert_eq!(words, ["0", "999", "1k", "1.4k", "999.9k", "3.1M"]);
    }

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
