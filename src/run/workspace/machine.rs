//! The load and the free memory of this machine, where the system reports them.

use std::fs;

/// The load and the free memory of this machine, where the system reports them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Machine {
    /// Runnable processes for each processor, over the last minute.
    pub(crate) load: Option<f64>,
    /// Available memory, in bytes.
    pub(crate) free_memory: Option<u64>,
}

impl Machine {
    /// Reads proc(5); where there is none, nothing is known.
    pub(crate) fn read() -> Self {
        #[cfg(debug_assertions)]
        if let Some(machine) = of_test() {
            return machine;
        }
        let processors = std::thread::available_parallelism().map_or(1.0, |count| {
            #[expect(clippy::cast_precision_loss, reason = "no machine has that many")]
            let count = count.get() as f64;
            count
        });
        let load = fs::read_to_string("/proc/loadavg").ok();
        let memory = fs::read_to_string("/proc/meminfo").ok();
        Self {
            load: load
                .and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok())
                .map(|load| load / processors),
            free_memory: memory.and_then(|text| available(&text)),
        }
    }
}

fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// Reads the machine of a test, as `LOAD BYTES`, from the file that the variable `BATCH_MACHINE` names. Not part of a
/// release.
#[cfg(debug_assertions)]
fn of_test() -> Option<Machine> {
    let path = std::env::var_os("BATCH_MACHINE")?;
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut words = text.split_whitespace();
    Some(Machine {
        load: words.next().and_then(|word| word.parse().ok()),
        free_memory: words.next().and_then(|word| word.parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn available_memory_is_read() {
        let text = "MemTotal:       24684096 kB\nMemFree:  1 kB\nMemAvailable:   22518544 kB\n";
        assert_eq!(available(text), Some(22_518_544 * 1024));
        assert_eq!(available("MemTotal: 1 kB\n"), None);
    }
}
