//! Keeps a worker from everything that is not its own: files, sockets, processes, the network.
//!
//! A [`Policy`] says as data what a worker may reach. A kind of sandbox enforces it: [`bwrap`] by namespaces, through
//! the program bubblewrap, [`landlock`] by rules that the kernel applies to the process itself, or `seatbelt` by a
//! profile for the kernel of macOS. Which kind a machine allows is found out by running a [`canary`], never by
//! versions. How much a worker may use, [`limits`] say; [`control_groups`] hold it where the system lets them. Knows
//! nothing of units, repositories or agents.

mod bwrap;
pub(crate) mod canary;
mod control_groups;
mod enclosure;
#[cfg(target_os = "linux")]
mod landlock;
mod level;
mod limits;
mod policy;
mod probe;
mod restrictions;
#[cfg_attr(
    not(any(test, target_os = "macos")),
    expect(
        dead_code,
        reason = "only macOS starts it; every system tests the profile"
    )
)]
mod seatbelt;
#[cfg(target_os = "linux")]
mod seccomp;

pub(super) use control_groups::{Exceeded, WorkerGroup};
pub use control_groups::{NoGroups, try_groups};
pub use enclosure::Sandbox;
pub(super) use enclosure::Starter;
#[cfg(test)]
pub(crate) use level::Gap;
pub use level::{NoSandbox, SandboxKind, SandboxLevel};
pub use limits::ResourceLimits;
pub use policy::{Access, Network, Policy};
pub use probe::{WantedSandbox, find_level};
