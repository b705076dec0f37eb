//! Whether this machine can do more at once: its load and its free memory. The disk is [`room`](super::room)'s affair.
//!
//! What is read is a value; what follows from it is a pure decision with some slack, so that nobody is held and let go
//! by turns.

use std::fs;

/// Runnable processes for each processor, above which no further agent is started, and below which again.
const BUSY: f64 = 4.0;
const CALM: f64 = 3.0;
/// The same for free memory: what a coding agent takes with a tool that it runs, and a little more.
const SCARCE: u64 = 768 << 20;
const AMPLE: u64 = 1536 << 20;

/// How the machine does, as far as that can be told.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Machine {
    /// Runnable processes for each processor, over the last minute.
    pub(crate) load: Option<f64>,
    /// Memory that could be had, in bytes.
    pub(crate) free_memory: Option<u64>,
}

/// Why it cannot do more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum MachineOverload {
    Load(f64),
    Memory(u64),
}

impl Machine {
    /// Reads proc(5); where there is none, nothing is told.
    pub(crate) fn read() -> Self {
        #[cfg(debug_assertions)]
        if let Some(told) = told() {
            return told;
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

    /// What keeps it from doing more; `strained` is what did when somebody looked last.
    pub(crate) fn strain(self, strained: Option<MachineOverload>) -> Option<MachineOverload> {
        let (busy, scarce) = match strained {
            None => (BUSY, SCARCE),
            Some(MachineOverload::Load(_)) => (CALM, SCARCE),
            Some(MachineOverload::Memory(_)) => (BUSY, AMPLE),
        };
        let memory = self.free_memory.filter(|free| *free < scarce);
        let load = self.load.filter(|load| *load > busy);
        memory
            .map(MachineOverload::Memory)
            .or(load.map(MachineOverload::Load))
    }
}

fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// Builds for tests are told by the variable `BATCH_MACHINE`, as `LOAD BYTES`, in a file of that name.
#[cfg(debug_assertions)]
fn told() -> Option<Machine> {
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

    fn machine(load: f64, free_memory: u64) -> Machine {
        Machine {
            load: Some(load),
            free_memory: Some(free_memory),
        }
    }

    #[test]
    fn a_calm_machine_does_more_and_a_strained_one_recovers_first() {
        let plenty = 8 << 30;
        assert_eq!(machine(2.0, plenty).strain(None), None);
        assert_eq!(
            machine(4.5, plenty).strain(None),
            Some(MachineOverload::Load(4.5))
        );
        let strained = Some(MachineOverload::Load(4.5));
        assert_eq!(
            machine(3.5, plenty).strain(strained),
            Some(MachineOverload::Load(3.5))
        );
        assert_eq!(machine(3.5, plenty).strain(None), None);
        assert_eq!(machine(2.5, plenty).strain(strained), None);
        let little = 100 << 20;
        assert_eq!(
            machine(9.0, little).strain(None),
            Some(MachineOverload::Memory(little))
        );
        let more = 1 << 30;
        assert_eq!(machine(0.0, more).strain(None), None);
        let strained = Some(MachineOverload::Memory(little));
        assert_eq!(
            machine(0.0, more).strain(strained),
            Some(MachineOverload::Memory(more))
        );
        assert_eq!(Machine::default().strain(strained), None);
    }

    #[test]
    fn what_could_be_had_is_read() {
        let text = "MemTotal:       24684096 kB\nMemFree:  1 kB\nMemAvailable:   22518544 kB\n";
        assert_eq!(available(text), Some(22_518_544 * 1024));
        assert_eq!(available("MemTotal: 1 kB\n"), None);
    }
}
