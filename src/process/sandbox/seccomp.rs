//! Filters of system calls (seccomp(2)): what neither namespaces nor Landlock keep a worker from.

use std::collections::BTreeMap;
use std::io;

use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use super::policy::{Network, Policy};

/// The keys of the kernel's keyrings, which belong to the whole session of the user.
const KEYS: [i64; 3] = [libc::SYS_add_key, libc::SYS_keyctl, libc::SYS_request_key];

/// What changes the system for all, and `io_uring`, whose operations no filter sees.
const SYSTEM: [i64; 24] = [
    libc::SYS_acct,
    libc::SYS_bpf,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_init_module,
    libc::SYS_io_uring_setup,
    libc::SYS_kexec_load,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pivot_root,
    libc::SYS_quotactl,
    libc::SYS_reboot,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapon,
    libc::SYS_umount2,
];

/// Returns the filter for a worker in namespaces, which hide paths of sockets and other processes already.
pub(super) fn beside_namespaces(policy: &Policy) -> io::Result<BpfProgram> {
    let mut families = vec![libc::AF_VSOCK];
    let mut calls = KEYS.to_vec();
    if policy.network == Network::Off {
        families.extend([libc::AF_INET, libc::AF_INET6]);
        calls.push(libc::SYS_io_uring_setup);
    }
    compile(&calls, &families)
}

/// Returns the filter for a worker under the rules of Landlock, which do not know the paths of sockets.
pub(super) fn beside_landlock(policy: &Policy) -> io::Result<BpfProgram> {
    let mut families = vec![libc::AF_VSOCK, libc::AF_PACKET];
    if policy.sockets.is_empty() {
        families.push(libc::AF_UNIX);
    }
    if policy.network != Network::On {
        families.extend([libc::AF_INET, libc::AF_INET6]);
    }
    compile(&[&KEYS[..], &SYSTEM].concat(), &families)
}

/// Refuses these calls, and sockets of these families.
fn compile(calls: &[i64], families: &[i32]) -> io::Result<BpfProgram> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        calls.iter().map(|call| (*call, Vec::new())).collect();
    let of_family = |family: &i32| {
        let family = u64::from(family.unsigned_abs());
        let is = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, family)?;
        SeccompRule::new(vec![is])
    };
    let sockets: Result<Vec<_>, _> = families.iter().map(of_family).collect();
    rules.insert(libc::SYS_socket, sockets.map_err(io::Error::other)?);
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let machine = std::env::consts::ARCH
        .try_into()
        .map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, machine);
    filter.and_then(TryInto::try_into).map_err(io::Error::other)
}
