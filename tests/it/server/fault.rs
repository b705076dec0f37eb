//! What can go wrong on demand, once each.

use std::time::Duration;

use super::{Answer, Asked};

/// How a request fails.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It is answered so, and nothing is done.
    Instead {
        status: u16,
        message: &'static str,
        headers: Vec<(&'static str, String)>,
    },
    /// It is done, and then a gateway says that it does not know.
    BadGatewayAfter,
    /// A gateway fails before anything is done.
    BadGateway,
    /// It is done, and the connection is cut before the answer.
    CutAfter,
    /// It is done, and the answer comes late.
    Late(Duration),
}

impl Fault {
    pub fn refusal(status: u16, message: &'static str) -> Self {
        Self::Instead {
            status,
            message,
            headers: Vec::new(),
        }
    }

    /// What the limit on new content answers.
    pub fn secondary(seconds: u64) -> Self {
        Self::Instead {
            status: 403,
            message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
            headers: vec![("retry-after", seconds.to_string())],
        }
    }

    /// The answer, where nothing is done.
    pub(super) fn instead(&self) -> Option<Answer> {
        match self {
            Self::Instead {
                status,
                message,
                headers,
            } => {
                let mut answer = Answer::message(*status, message);
                answer.headers.clone_from(headers);
                Some(answer)
            }
            Self::BadGateway => Some(gateway()),
            _ => None,
        }
    }
}

pub(super) fn gateway() -> Answer {
    Answer::new(502, "<html>Bad Gateway</html>".into())
}

/// Faults that wait for their request.
#[derive(Debug, Default)]
pub struct Faults(Vec<(String, String, Fault)>);

impl Faults {
    pub fn push(&mut self, method: &str, route: &str, fault: Fault) {
        self.0.push((method.to_owned(), route.to_owned(), fault));
    }

    pub(super) fn meet(&mut self, asked: &Asked) -> Option<Fault> {
        let route = asked.path.strip_prefix("/repos/acme/shop");
        let route = route.unwrap_or(&asked.path);
        let at = self
            .0
            .iter()
            .position(|(method, wanted, _)| *method == asked.method && wanted == route)?;
        Some(self.0.remove(at).2)
    }
}
