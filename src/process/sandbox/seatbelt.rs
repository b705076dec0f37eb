//! Sandboxes by a profile that the kernel of macOS enforces (sandbox-exec(1)).
//!
//! The profile follows from the policy alone, so every system can test it; only macOS can start it. The last rule that
//! matches decides, so the rules of a folder come before those of what is in it.

use std::fmt::Write as _;
use std::path::Path;

use super::policy::{Access, Network, Policy};

/// The program that starts another one under a profile, by its full path: no folder of `PATH` may replace it.
#[cfg(target_os = "macos")]
pub(super) const PROGRAM: &str = "/usr/bin/sandbox-exec";

/// What holds for every worker: no app, service or debugger works for it, it reaches no process but its own, and it
/// uses the devices that every program uses. Services that hold keys and what was copied are out of reach.
const ALWAYS: &str = r#"(version 1)
(allow default)
(deny appleevent-send)
(deny job-creation)
(deny lsopen)
(deny user-preference-write)
(deny file-mount)
(deny mach-priv-task-port)
(deny mach-lookup
  (global-name "com.apple.SecurityServer")
  (global-name "com.apple.securityd.xpc")
  (global-name "com.apple.coreservices.appleevents")
  (global-name "com.apple.coreservices.launchservicesd")
  (global-name "com.apple.pasteboard.1"))
(deny signal)
(allow signal (target same-sandbox))
(deny process-info*)
(allow process-info* (target same-sandbox))
(deny sysctl-read (sysctl-name "kern.procargs2"))
(deny file-write* file-link)
(allow file-write*
  (literal "/dev/null")
  (literal "/dev/zero")
  (literal "/dev/tty")
  (literal "/dev/ptmx")
  (literal "/dev/dtracehelper")
  (subpath "/dev/fd")
  (regex #"^/dev/ttys[0-9]+$"))
"#;

/// The sockets of the system through which names are looked up and messages logged.
const OF_THE_SYSTEM: [&str; 2] = ["/private/var/run/mDNSResponder", "/private/var/run/syslog"];

/// Returns the profile that enforces the policy; `None` where a path is no text, which no profile can name. A loopback
/// of the worker's own cannot be had: then there is no network.
pub(super) fn profile(policy: &Policy) -> Option<String> {
    let mut profile = ALWAYS.to_owned();
    let (mut reached, mut own) = (Vec::new(), Vec::new());
    for (path, access) in policy.differences() {
        let place = subpath(path)?;
        let rules = match access {
            Access::Hidden | Access::Scratch => {
                format!("(deny file-read* file-write* file-link {place})\n")
            }
            Access::Read => {
                format!("(allow file-read* {place})\n(deny file-write* file-link {place})\n")
            }
            Access::Write => {
                reached.push(place.clone());
                // The sockets of others are reached, and not made.
                if !policy.sockets.iter().any(|socket| socket == path) {
                    own.push(place.clone());
                }
                format!("(allow file-read* file-write* file-link {place})\n")
            }
        };
        profile.push_str(&rules);
        if matches!(access, Access::Read | Access::Write) {
            // Programs ask for the folders above their own, which may be hidden.
            for above in path.ancestors().skip(1) {
                if matches!(policy.access(above), Access::Hidden | Access::Scratch) {
                    let above = quoted(above)?;
                    writeln!(profile, "(allow file-read-metadata (literal {above}))").ok()?;
                }
            }
        }
    }
    profile.push_str(match policy.network {
        Network::On => "(deny network-outbound (remote unix-socket))\n",
        Network::Loopback | Network::Off => "(deny network*)\n",
    });
    if policy.network == Network::On {
        let literals = OF_THE_SYSTEM.map(|socket| format!("(path-literal \"{socket}\")"));
        reached.extend(literals);
    }
    for place in reached {
        writeln!(
            profile,
            "(allow network-outbound (remote unix-socket {place}))"
        )
        .ok()?;
    }
    for place in own {
        writeln!(
            profile,
            "(allow network-bind network-inbound (local unix-socket {place}))"
        )
        .ok()?;
    }
    Some(profile)
}

/// Names a file, or a folder and everything below it.
fn subpath(path: &Path) -> Option<String> {
    Some(format!("(subpath {})", quoted(path)?))
}

fn quoted(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    // What would end the text, or a line in it, has to be escaped; the system's own tools escape nothing else.
    let has_control = text.chars().any(char::is_control);
    let escaped = text.replace('\\', r"\\").replace('"', r#"\""#);
    (!has_control).then(|| format!("\"{escaped}\""))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    /// The profile for these places of a folder, which is shown as `/x`, without what holds for every worker.
    fn own_rules(places: &[(&str, Access)], settle: impl FnOnce(&Path, &mut Policy)) -> String {
        let tmp = tempfile::tempdir().unwrap();
        let root = tmp.path().canonicalize().unwrap();
        let mut policy = Policy::default();
        for (place, access) in places {
            let path = root.join(place);
            fs::create_dir_all(&path).unwrap();
            policy.set(&path, *access);
        }
        settle(&root, &mut policy);
        let profile = profile(&policy).unwrap();
        let own = profile.strip_prefix(ALWAYS).unwrap();
        own.replace(root.to_str().unwrap(), "/x")
    }

    #[test]
    fn the_profile_follows_from_the_policy() {
        let places = [
            ("home/.ssh", Access::Hidden),
            ("tmp", Access::Scratch),
            ("tmp/repo", Access::Read),
            ("tmp/repo/unit", Access::Write),
        ];
        let rules = own_rules(&places, |root, policy| {
            let socket = root.join("home/.ssh/agent");
            fs::write(&socket, "").unwrap();
            policy.allow_socket(&socket);
        });
        insta::assert_snapshot!(rules, @r#"
        (deny file-read* file-write* file-link (subpath "/x/home/.ssh"))
        (allow file-read* file-write* file-link (subpath "/x/home/.ssh/agent"))
        (allow file-read-metadata (literal "/x/home/.ssh"))
        (deny file-read* file-write* file-link (subpath "/x/tmp"))
        (allow file-read* (subpath "/x/tmp/repo"))
        (deny file-write* file-link (subpath "/x/tmp/repo"))
        (allow file-read-metadata (literal "/x/tmp"))
        (allow file-read* file-write* file-link (subpath "/x/tmp/repo/unit"))
        (allow file-read-metadata (literal "/x/tmp"))
        (deny network-outbound (remote unix-socket))
        (allow network-outbound (remote unix-socket (subpath "/x/home/.ssh/agent")))
        (allow network-outbound (remote unix-socket (subpath "/x/tmp/repo/unit")))
        (allow network-outbound (remote unix-socket (path-literal "/private/var/run/mDNSResponder")))
        (allow network-outbound (remote unix-socket (path-literal "/private/var/run/syslog")))
        (allow network-bind network-inbound (local unix-socket (subpath "/x/tmp/repo/unit")))
        "#);
    }

    #[test]
    fn without_a_network_only_own_sockets_are_left() {
        let rules = own_rules(&[("unit", Access::Write)], |_, policy| {
            policy.network = Network::Off;
        });
        insta::assert_snapshot!(rules, @r#"
        (allow file-read* file-write* file-link (subpath "/x/unit"))
        (deny network*)
        (allow network-outbound (remote unix-socket (subpath "/x/unit")))
        (allow network-bind network-inbound (local unix-socket (subpath "/x/unit")))
        "#);
    }

    #[test]
    fn writing_is_denied_before_anything_is_allowed() {
        let at = |rule: &str| ALWAYS.find(rule).unwrap();
        assert!(at("(deny file-write* file-link)") < at("(allow file-write*\n"));
        assert!(at("(deny signal)") < at("(allow signal (target same-sandbox))"));
    }

    #[test]
    fn a_path_cannot_end_its_text() {
        let rules = own_rules(&[("a\"b\\c", Access::Hidden)], |_, _| {});
        assert!(
            rules.starts_with(r#"(deny file-read* file-write* file-link (subpath "/x/a\"b\\c"))"#)
        );
        assert_eq!(quoted(Path::new("a\nb")), None);
        assert_eq!(quoted(Path::new(OsStr::from_bytes(b"a\xff"))), None);
    }
}
