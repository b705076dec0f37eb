//! Keeps secrets out of what is told about settings: passwords in addresses, headers, and values that look like tokens.

/// Parts of the names of settings that hold secrets.
const SECRET_NAMES: [&str; 9] = [
    "apikey",
    "authorization",
    "cookie",
    "extraheader",
    "passphrase",
    "passwd",
    "password",
    "smtppass",
    "secret",
];

/// Parts of values that hold secrets: words before them, and the beginnings of the tokens of forges.
const SECRET_VALUES: [&str; 19] = [
    "-----begin",
    "api-key",
    "api_key",
    "apikey",
    "authorization",
    "basic ",
    "bearer ",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "passphrase",
    "passwd",
    "password",
    "secret",
    "token",
    "x-oauth",
];

/// Returns the text without the users and passwords of the addresses in it; `None` where an address cannot be taken
/// apart.
pub(super) fn without_users(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        out.push_str(before);
        let is_web = before.ends_with("http://") || before.ends_with("https://");
        let is_end = |c: char| c == '/' || c == '?' || c == '#' || c == '"' || c.is_whitespace();
        let (host, path) = after.split_at(after.find(is_end).unwrap_or(after.len()));
        match host.rsplit_once('@') {
            // A user of ssh is no secret.
            Some((user, host)) if is_web || user.contains(':') => {
                out.push_str("…@");
                out.push_str(host);
            }
            Some(_) => out.push_str(host),
            None => {
                // The slash in a password that nobody encoded.
                let port = host.rsplit_once(':').map_or("", |(_, port)| port);
                let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
                if !is_port && !port.ends_with(']') {
                    return None;
                }
                out.push_str(host);
            }
        }
        rest = path;
    }
    out.push_str(rest);
    Some(out)
}

/// Checks whether the setting may hold a secret beside those in addresses.
pub(super) fn is_secret(name: &str, value: &str) -> bool {
    let key = name.rsplit('.').next().unwrap_or_default();
    let (key, value) = (key.to_ascii_lowercase(), value.to_ascii_lowercase());
    key.contains("token")
        || SECRET_NAMES.iter().any(|part| key.contains(part))
        || SECRET_VALUES.iter().any(|part| value.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_users_and_passwords() {
        for (address, shown) in [
            ("https://ghp_x@host/a.git", Some("https://…@host/a.git")),
            ("https://u:p@host:8443/a", Some("https://…@host:8443/a")),
            (
                "https://host:8443/@scope/a",
                Some("https://host:8443/@scope/a"),
            ),
            ("https://[::1]/a", Some("https://[::1]/a")),
            ("ssh://git@host/a", Some("ssh://git@host/a")),
            ("ssh://u:p@host/a", Some("ssh://…@host/a")),
            ("git@host:a.git", Some("git@host:a.git")),
            (
                "url.https://u:p@host/.insteadof",
                Some("url.https://…@host/.insteadof"),
            ),
            (
                "a https://u:p@x https://v:q@y",
                Some("a https://…@x https://…@y"),
            ),
            ("https://u:pa/ss@host/a", None),
        ] {
            assert_eq!(without_users(address).as_deref(), shown, "{address}");
        }
    }

    #[test]
    fn names_and_values_of_secrets_are_known() {
        for (name, value) in [
            ("http.https://h/.extraheader", "X: y"),
            ("sendemail.smtppass", "x"),
            ("credential.helper", "!f() { echo password=x; }; f"),
            ("a.b", "ghp_0123"),
            ("a.b", "Bearer x"),
        ] {
            assert!(is_secret(name, value), "{name}");
        }
        for (name, value) in [
            ("core.hookspath", ".husky/_"),
            ("user.email", "a@b.example"),
        ] {
            assert!(!is_secret(name, value), "{name}");
        }
    }
}
