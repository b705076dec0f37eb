//! What a child takes upon itself between fork and exec. Everything is prepared before the fork, because nothing may be
//! allocated after it.

use std::fs::File;
use std::io::{self, Write as _};
#[cfg(target_os = "linux")]
use std::os::fd::{AsRawFd, OwnedFd};

#[cfg(target_os = "linux")]
use nix::libc;

use super::limits::ProcessLimits;

/// What a child takes upon itself.
#[derive(Debug, Default)]
pub(super) struct Restrictions {
    pub(super) limits: ProcessLimits,
    /// The way into a control group.
    pub(super) entrance: Option<File>,
    /// The rules of Landlock.
    #[cfg(target_os = "linux")]
    pub(super) rules: Option<OwnedFd>,
    /// The filter of system calls.
    #[cfg(target_os = "linux")]
    pub(super) filter: Option<seccompiler::BpfProgram>,
    /// What root may do beyond a file's owner.
    #[cfg(target_os = "linux")]
    pub(super) capabilities: Capabilities,
}

/// What becomes of the capabilities of root.
#[cfg(target_os = "linux")]
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Capabilities {
    #[default]
    Kept,
    Dropped,
}

impl Restrictions {
    /// Applies everything to this process. Called between fork and exec: allocates nothing.
    pub(super) fn apply(&self) -> io::Result<()> {
        if let Some(mut entrance) = self.entrance.as_ref() {
            entrance.write_all(b"0")?;
        }
        self.limits.apply()?;
        #[cfg(target_os = "linux")]
        self.apply_linux()?;
        Ok(())
    }

    #[cfg(target_os = "linux")]
    #[expect(unsafe_code, reason = "system calls that may be made after fork")]
    fn apply_linux(&self) -> io::Result<()> {
        if self.rules.is_none() && self.filter.is_none() {
            return Ok(());
        }
        if self.capabilities == Capabilities::Dropped {
            drop_capabilities()?;
        }
        // SAFETY: prctl(2) with numbers only.
        check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }.into())?;
        if let Some(rules) = &self.rules {
            // SAFETY: landlock_restrict_self(2) takes the descriptor, which is open, and no flags.
            check(unsafe {
                libc::syscall(libc::SYS_landlock_restrict_self, rules.as_raw_fd(), 0)
            })?;
        }
        if let Some(filter) = &self.filter {
            let length = filter.len().try_into();
            let program = libc::sock_fprog {
                len: length.map_err(|_| io::Error::from_raw_os_error(libc::E2BIG))?,
                filter: filter.as_ptr().cast_mut().cast(),
            };
            let program = &raw const program;
            // SAFETY: the kernel reads the filter, which lives until exec.
            check(unsafe {
                libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, program)
            })?;
        }
        Ok(())
    }
}

/// The header and the sets of capset(2).
#[cfg(target_os = "linux")]
#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: i32,
}

/// The version of capset(2) with two sets of 32 bits.
#[cfg(target_os = "linux")]
const CAPABILITY_VERSION: u32 = 0x2008_0522;

/// Drops all capabilities for good; a process without any has nothing to drop.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "system calls that may be made after fork")]
fn drop_capabilities() -> io::Result<()> {
    for capability in 0..64 {
        // SAFETY: prctl(2) with numbers only; the kernel refuses numbers that it does not know.
        unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
    }
    let header = CapabilityHeader {
        version: CAPABILITY_VERSION,
        pid: 0,
    };
    let none = [0_u32; 6];
    // SAFETY: both pointers lead to values of the sizes that this version of capset(2) reads.
    check(unsafe { libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) })
}

#[cfg(target_os = "linux")]
fn check(result: libc::c_long) -> io::Result<()> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
