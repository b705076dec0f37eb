//! The form of a patch as a mail, as `git am` reads it back. Knows nothing of commits.

const ENCODING: &str = "Content-Transfer-Encoding: ";

/// Encodes the mail's body where it has a carriage return, which `git am` takes away from every line of a mail that is
/// not encoded (git-mailsplit(1), `--keep-cr`): the patch of a file with CRLF line ends would not apply.
pub(super) fn with_carriage_returns_kept(mail: Vec<u8>) -> Vec<u8> {
    let end = mail.windows(2).position(|two| two == b"\n\n");
    let Some(end) = end.filter(|_| mail.contains(&b'\r')) else {
        return mail;
    };
    let header = String::from_utf8_lossy(&mail[..end]).into_owned();
    let header = if header.contains(ENCODING) {
        header.replace(
            &format!("{ENCODING}8bit"),
            &format!("{ENCODING}quoted-printable"),
        )
    } else {
        format!(
            "{header}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n{ENCODING}quoted-printable"
        )
    };
    let mut encoded = header.into_bytes();
    for byte in &mail[end..] {
        match byte {
            // The two that mean something else in this encoding (RFC 2045, 6.7); a line break stays a line break.
            b'=' => encoded.extend(b"=3D"),
            b'\r' => encoded.extend(b"=0D"),
            other => encoded.push(*other),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_without_carriage_returns_stays() {
        let mail = b"From x\nSubject: [PATCH] a\n\nb=c\n".to_vec();
        assert_eq!(with_carriage_returns_kept(mail.clone()), mail);
    }

    #[test]
    fn carriage_returns_are_encoded_once() {
        let mail = b"S: x\nContent-Transfer-Encoding: 8bit\n\n+a=\r\n".to_vec();
        let kept = with_carriage_returns_kept(mail);
        assert_eq!(
            String::from_utf8_lossy(&kept),
            "S: x\nContent-Transfer-Encoding: quoted-printable\n\n+a=3D=0D\n"
        );
    }
}
