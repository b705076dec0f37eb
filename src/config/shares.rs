//! The shares of several agents in the work: `claude:3,codex:2`.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use super::as_text::as_text;

/// The largest share. A plan has at most 500 units, so larger numbers would not be more precise.
const MAX_SHARE: u32 = 1000;

/// Names of agents, each once, with their shares of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shares(Vec<(String, NonZeroU32)>);

impl Shares {
    /// Returns the name and the share of each agent.
    pub(super) fn by_agent(&self) -> &[(String, NonZeroU32)] {
        &self.0
    }
}

impl FromStr for Shares {
    type Err = String;

    /// Reads `claude:3,codex:2`; a name alone has one share.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut shares: Vec<(String, NonZeroU32)> = Vec::new();
        for part in text.split(',') {
            let fault = || {
                format!(
                    "{part:?} in {text:?} is not an agent with a share: write claude:3,codex:2, with shares of 1 to \
                     {MAX_SHARE}"
                )
            };
            let (name, share) = match part.rsplit_once(':') {
                Some((name, share)) => (name, share.trim().parse().map_err(|_| fault())?),
                None => (part, NonZeroU32::MIN),
            };
            let name = name.trim();
            if name.is_empty() || share.get() > MAX_SHARE {
                return Err(fault());
            }
            if shares.iter().any(|(known, _)| known == name) {
                return Err(format!(
                    "{text:?} names {name:?} twice: give each agent one share"
                ));
            }
            shares.push((name.to_owned(), share));
        }
        Ok(Self(shares))
    }
}

impl fmt::Display for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, share)) in self.0.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            write!(f, "{comma}{name}:{share}")?;
        }
        Ok(())
    }
}

as_text!(Shares);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_and_written() {
        let written = |text: &str| text.parse::<Shares>().map(|shares| shares.to_string());
        assert_eq!(
            written(" claude:3, codex").as_deref(),
            Ok("claude:3,codex:1")
        );
        for wrong in ["", "claude:", "claude:0", "claude:1001", ":2", "a,,b"] {
            let error = written(wrong).unwrap_err();
            assert!(error.contains("is not an agent with a share"), "{error}");
        }
        assert!(written("a:1,a:2").unwrap_err().contains("twice"));
    }
}
