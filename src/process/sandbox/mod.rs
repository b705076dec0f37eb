//! Keeps a worker from everything that is not its own: files, sockets, processes, the network.
//!
//! A [`Policy`] says as data what a worker may reach. A kind of sandbox enforces it: [`bwrap`] by namespaces, through
//! the program bubblewrap, or [`landlock`] by rules that the kernel applies to the process itself. Which kind a machine
//! allows is found out by running a [`canary`], never by versions. Knows nothing of units, repositories or agents.

mod bwrap;
pub(crate) mod canary;
mod enclosure;
#[cfg(target_os = "linux")]
mod landlock;
mod level;
mod limits;
mod policy;
mod probe;
mod restrictions;
#[cfg(target_os = "linux")]
mod seccomp;

pub use enclosure::Sandbox;
pub(super) use enclosure::Starter;
#[cfg(test)]
pub(crate) use level::Gap;
pub use level::{NoSandbox, SandboxKind, SandboxLevel};
pub use limits::ResourceLimits;
pub use policy::{Access, Network, Policy};
pub use probe::{WantedSandbox, find_level};
