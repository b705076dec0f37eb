//! Which files of a repository a coding agent would obey: they start programs, or send its key to another address.
//!
//! Texts that a model reads, such as `CLAUDE.md` and `AGENTS.md`, are not among them.

/// The files of a repository that decide what a coding agent starts and whom it talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProjectSettings {
    /// Files and folders, from the root of a checkout.
    pub(crate) places: &'static [&'static str],
    /// What is only text for the model although it lies there.
    pub(crate) texts: &'static [&'static str],
}

impl ProjectSettings {
    /// An agent that obeys no file of a repository.
    pub(crate) const NONE: Self = Self {
        places: &[],
        texts: &[],
    };

    /// Checks whether the file is one of them. Some file systems take names that differ only in case for the same.
    #[must_use]
    pub(crate) fn has(&self, path: &str) -> bool {
        let lies_in = |place: &str| {
            let start = path.get(..place.len());
            let rest = path.get(place.len()..);
            start.is_some_and(|start| start.eq_ignore_ascii_case(place))
                && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.places.iter().any(|place| lies_in(place)) && !self.texts.iter().any(|it| lies_in(it))
    }
}
