//! Which settings of git start a program, or lead what is sent to another place (git-config(1)), as far as a run calls
//! git in ways that read them.
//!
//! Left out are settings whose programs a run never starts: hooks (`core.hooksPath`), of which batch runs only pre-push
//! and that like a check, `core.fsmonitor`, which every call turns off, and programs that show differences, edit, page
//! or merge. Left out are also values that many tools write and that name well-known programs alone.

use regex::Regex;

/// One setting of git.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Setting {
    /// As git prints it: section and key in small letters.
    pub(super) name: String,
    pub(super) value: String,
}

impl Setting {
    /// Reads a setting as `git config --null --list` prints it.
    pub(super) fn read(text: &str) -> Self {
        // A name alone means yes (git-config(1), "Syntax").
        let (name, value) = text.split_once('\n').unwrap_or((text, "true"));
        Self {
            name: name.to_owned(),
            value: value.to_owned(),
        }
    }

    /// Returns section, subsection and key.
    fn parts(&self) -> (&str, Option<&str>, &str) {
        let (section, rest) = self.name.split_once('.').unwrap_or((&self.name, ""));
        match rest.rsplit_once('.') {
            Some((subsection, key)) => (section, Some(subsection), key),
            None => (section, None, rest),
        }
    }

    /// Returns the file that the setting includes.
    pub(super) fn included(&self) -> Option<&str> {
        match self.parts() {
            ("include" | "includeif", _, "path") => Some(&self.value),
            _ => None,
        }
    }
}

/// Keys as people write them.
const KEYS: [&str; 19] = [
    "alternateRefsCommand",
    "askPass",
    "cookieFile",
    "curloptResolve",
    "defaultKeyCommand",
    "gitProxy",
    "insteadOf",
    "protectProtocol",
    "proxySSLCAInfo",
    "pushInsteadOf",
    "pushUrl",
    "receivePack",
    "saveCookies",
    "sshCommand",
    "sslCAInfo",
    "sslCAPath",
    "sslVerify",
    "standaloneTransferAgent",
    "uploadPack",
];

/// Returns the name of a setting as people write it.
pub(super) fn shown_name(name: &str) -> String {
    let (section, key) = name.rsplit_once('.').unwrap_or(("", name));
    let known = KEYS.iter().find(|known| known.eq_ignore_ascii_case(key));
    format!("{section}.{}", known.unwrap_or(&key))
}

/// Checks whether the setting starts a program that is not well known, or leads elsewhere.
pub(super) fn is_deciding(setting: &Setting) -> bool {
    let value = setting.value.trim();
    // An empty value takes away what others have set.
    if value.is_empty() {
        return false;
    }
    match setting.parts() {
        ("core", None, "sshcommand") => !is_plain_ssh(value),
        ("core", None, "askpass" | "gitproxy" | "alternaterefscommand")
        | ("gpg", _, "defaultkeycommand")
        | ("remote", Some(_), "vcs" | "proxy")
        | ("url", Some(_), "insteadof" | "pushinsteadof")
        | ("hook", Some(_), "command")
        | (
            "http",
            _,
            "proxy" | "sslcainfo" | "sslcapath" | "proxysslcainfo" | "curloptresolve"
            | "cookiefile" | "savecookies" | "delegation",
        )
        | ("lfs", _, "standalonetransferagent") => true,
        ("credential", _, "helper") => !is_known(&HELPERS, value),
        ("credential", _, "protectprotocol") | ("http", _, "sslverify") => is_off(value),
        ("gpg", _, "program") => !is_known(&SIGNERS, value),
        ("filter", Some(_), "clean" | "smudge" | "process") => !is_known(&FILTERS, value),
        ("lfs", Some(of), "path" | "clean" | "smudge") => {
            of.starts_with("customtransfer.") || of.starts_with("extension.")
        }
        ("remote", Some(_), "uploadpack" | "receivepack") => !is_known(&PACKERS, value),
        ("remote", Some(_), "url" | "pushurl") => value.starts_with("ext::"),
        ("protocol", protocol, "allow") => {
            value != "never" && !protocol.is_some_and(|it| PROTOCOLS.contains(&it))
        }
        // Git takes an alias for a program that is not installed.
        ("alias", sub, key) => {
            let name = sub.unwrap_or(key);
            name == "lfs" || name.starts_with("credential-") || name.starts_with("remote-")
        }
        // Where such a file lies only git knows.
        ("include" | "includeif", _, "path") => {
            value.starts_with("%(") || (value.starts_with('~') && !value.starts_with("~/"))
        }
        _ => false,
    }
}

/// Protocols that git allows by itself.
const PROTOCOLS: [&str; 5] = ["file", "git", "http", "https", "ssh"];

/// Helpers that come with git or with its usual packages.
const HELPERS: [&str; 9] = [
    r"cache( --timeout[= ]\d+)?",
    "store",
    "libsecret",
    "gnome-keyring",
    "osxkeychain",
    "wincred",
    "manager(-core)?",
    "oauth",
    r"!(/usr/bin/|/usr/local/bin/|/opt/homebrew/bin/)?gh auth git-credential",
];

const SIGNERS: [&str; 4] = [
    "gpg2?",
    "gpgsm",
    "ssh-keygen",
    r"/usr/bin/(gpg2?|gpgsm|ssh-keygen)",
];

/// The filters that `git lfs install --local` and `git-crypt init` write.
const FILTERS: [&str; 4] = [
    "git-lfs (clean|smudge|smudge --skip) -- %f",
    "git-lfs filter-process( --skip)?",
    r#""?git-crypt"? (clean|smudge)( --key-name=[A-Za-z0-9_-]+)?"#,
    "cat",
];

const PACKERS: [&str; 1] = ["git[- ](upload|receive)-pack"];

/// A program with options that name a key or a port, and no other program.
const SSH: [&str; 1] = [concat!(
    r"(/usr/bin/)?ssh( -i [\w./~+@-]+| -p \d+| -F (/dev/null|none)| -[46aCqTv]+",
    r"| -o ?(IdentitiesOnly|BatchMode)=(yes|no)| -o ?StrictHostKeyChecking=(yes|accept-new)",
    r"| -o ?IdentityFile=[\w./~+@-]+)*"
)];

fn is_plain_ssh(value: &str) -> bool {
    is_known(&SSH, value)
}

/// Checks whether one of the forms fits the whole value.
fn is_known(forms: &[&str], value: &str) -> bool {
    let all = format!("^(?:{})$", forms.join("|"));
    Regex::new(&all).is_ok_and(|form| form.is_match(value))
}

/// Checks whether git takes the value for no.
fn is_off(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    !matches!(&*lower, "true" | "yes" | "on" | "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decides(text: &str) -> bool {
        let (name, value) = text.split_once(' ').unwrap_or((text, "true"));
        is_deciding(&Setting::read(&format!("{name}\n{value}")))
    }

    #[test]
    fn what_starts_a_program_or_leads_elsewhere_decides() {
        for text in [
            "core.sshcommand ./ssh",
            "core.sshcommand ssh -o ProxyCommand=./evil",
            "core.sshcommand ssh -F ./config",
            "core.sshcommand ssh -i key; ./evil",
            "core.sshcommand ssh -i $(./evil)",
            "core.askpass ./evil",
            "core.gitproxy ./evil",
            "core.alternaterefscommand ./evil",
            "credential.helper ./evil",
            "credential.helper store --file=./stolen",
            "credential.https://github.com.helper !gh auth git-credential; ./evil",
            "credential.protectprotocol false",
            "gpg.program ./gpg",
            "gpg.ssh.program /tmp/ssh-keygen",
            "gpg.ssh.defaultkeycommand ./evil",
            "filter.lfs.clean git-lfs clean -- %f; ./evil",
            "filter.lfs.process ./git-lfs filter-process",
            "filter.a.b.smudge ./evil",
            "hook.any.command ./evil",
            "http.proxy http://evil.example",
            "http.https://a.b/.sslverify false",
            "http.cookiefile ../.bashrc",
            "lfs.customtransfer.any.path ./evil",
            "lfs.extension.any.clean ./evil",
            "lfs.https://a/b.standalonetransferagent any",
            "remote.origin.uploadpack ./evil",
            "remote.origin.receivepack ./evil",
            "remote.origin.vcs ext",
            "remote.origin.url ext::./evil",
            "protocol.allow always",
            "protocol.ext.allow user",
            "url.https://evil.example/.insteadof https://github.com/",
            "url.ext::./evil.pushinsteadof a",
            "alias.lfs !./evil",
            "alias.credential-cache !./evil",
            "include.path ~ada/config",
        ] {
            assert!(decides(text), "{text}");
        }
    }

    #[test]
    fn what_many_tools_write_decides_nothing() {
        for text in [
            "core.sshcommand ssh -i ~/.ssh/id_work -F /dev/null -o IdentitiesOnly=yes",
            "core.hookspath .husky/_",
            "core.fsmonitor true",
            "core.editor vim",
            "credential.helper",
            "credential.helper cache --timeout=3600",
            "credential.helper osxkeychain",
            "credential.https://github.com.helper !gh auth git-credential",
            "credential.usehttppath true",
            "diff.lockb.textconv bun",
            "filter.lfs.clean git-lfs clean -- %f",
            "filter.lfs.smudge git-lfs smudge --skip -- %f",
            "filter.lfs.process git-lfs filter-process",
            "filter.lfs.required true",
            "filter.git-crypt.smudge \"git-crypt\" smudge",
            "gpg.format ssh",
            "gpg.program gpg2",
            "http.https://github.com/.extraheader AUTHORIZATION: basic x",
            "http.sslverify true",
            "lfs.https://a/b.access basic",
            "lfs.repositoryformatversion 0",
            "protocol.file.allow always",
            "protocol.ext.allow never",
            "remote.origin.url git@github.com:a/b.git",
            "remote.origin.receivepack git-receive-pack",
            "alias.co checkout",
            "include.path ../.gitconfig",
            "user.signingkey ~/.ssh/id.pub",
        ] {
            let empty = text == "credential.helper";
            let decides = if empty {
                decides("credential.helper ")
            } else {
                decides(text)
            };
            assert!(!decides, "{text}");
        }
    }
}
