//! Decides whether this machine can run another agent, by its load and its free memory: a pure function. Another file
//! looks at the disk.
//!
//! The decision has some slack, so that agents are not stopped and started by turns.

use crate::run::workspace::machine::Machine;

/// Runnable processes for each processor: above `BUSY` no further agent starts, and below `CALM` agents start again.
const BUSY: f64 = 4.0;
const CALM: f64 = 3.0;
/// Free memory in bytes: below `SCARCE` no further agent starts, and above `AMPLE` agents start again. A coding agent
/// and a tool that it runs take about that much.
const SCARCE: u64 = 768 << 20;
const AMPLE: u64 = 1536 << 20;

/// Why the machine cannot bear another agent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum MachineOverload {
    Load(f64),
    Memory(u64),
}

/// Says why the machine cannot bear another agent; `before` is what the last look said.
pub(crate) fn overload(
    machine: Machine,
    before: Option<MachineOverload>,
) -> Option<MachineOverload> {
    let (busy, scarce) = match before {
        None => (BUSY, SCARCE),
        Some(MachineOverload::Load(_)) => (CALM, SCARCE),
        Some(MachineOverload::Memory(_)) => (BUSY, AMPLE),
    };
    let memory = machine.free_memory.filter(|free| *free < scarce);
    let load = machine.load.filter(|load| *load > busy);
    memory
        .map(MachineOverload::Memory)
        .or(load.map(MachineOverload::Load))
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
    fn an_overloaded_machine_recovers_before_agents_start() {
        let plenty = 8 << 30;
        assert_eq!(overload(machine(2.0, plenty), None), None);
        assert_eq!(
            overload(machine(4.5, plenty), None),
            Some(MachineOverload::Load(4.5))
        );
        let overloaded = Some(MachineOverload::Load(4.5));
        assert_eq!(
            overload(machine(3.5, plenty), overloaded),
            Some(MachineOverload::Load(3.5))
        );
        assert_eq!(overload(machine(3.5, plenty), None), None);
        assert_eq!(overload(machine(2.5, plenty), overloaded), None);
        let little = 100 << 20;
        assert_eq!(
            overload(machine(9.0, little), None),
            Some(MachineOverload::Memory(little))
        );
        let more = 1 << 30;
        assert_eq!(overload(machine(0.0, more), None), None);
        let overloaded = Some(MachineOverload::Memory(little));
        assert_eq!(
            overload(machine(0.0, more), overloaded),
            Some(MachineOverload::Memory(more))
        );
        assert_eq!(overload(Machine::default(), overloaded), None);
    }
}
