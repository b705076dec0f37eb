//! The part of a unit's state about what it shares with other units: the paths that it holds beyond its claim, and the
//! units that it stands on because they changed the same paths before.

use std::collections::BTreeSet;

use crate::plan::UnitId;
use crate::run::log::attempt::{Attempt, SentBack};
use crate::run::log::outcome::{Outcome, Step};
use crate::run::log::unit_fact::{Acquired, CandidateEnd, LeftToDo, Regenerated, StandsOn};
use crate::run::log::unit_state::UnitState;

impl UnitState {
    /// Puts the unit back in line to start from the work of further units.
    pub(super) fn start_again_on(&mut self, other: &StandsOn) {
        self.wait();
        for unit in &other.units {
            if !self.header.needs.contains(unit) {
                self.header.needs.push(unit.clone());
                self.stands_on.push(unit.clone());
            }
        }
        self.sharing = Some(other.why);
        self.shared_paths.clone_from(&other.paths);
        self.carried.clone_from(&other.work);
        self.candidates.clear();
        self.attempt = Attempt {
            worktree: self.attempt.worktree.take(),
            branch: self.attempt.branch.take(),
            ..Attempt::default()
        };
    }

    /// Takes in that the carried work is in the new checkout.
    pub(super) fn take_carried(&mut self, left_to_do: Option<&LeftToDo>) {
        let carried = std::mem::take(&mut self.carried);
        if let Some(work) = carried.last().or(self.header.work.last()).cloned() {
            self.attempt.agent_took_ms = Some(work.took_ms);
            self.attempt.summary = work.summary;
            self.attempt.session = work.session;
        }
        if let Some(left) = left_to_do {
            self.attempt.send_back(SentBack {
                step: Step::Scope,
                reason: left.reason.clone(),
                text: left.text.clone(),
                tail: None,
                left: None,
                fresh: false,
                red: None,
            });
        }
    }

    /// Stops standing on `unit`, which came to no good end; stands on what `unit` stood on.
    pub(crate) fn stand_no_more_on(&mut self, unit: &UnitId, instead: &[UnitId]) {
        if !self.stands_on.contains(unit) {
            return;
        }
        self.stands_on.retain(|it| it != unit);
        self.header.needs.retain(|it| it != unit);
        for other in instead {
            if !self.header.needs.contains(other) {
                self.header.needs.push(other.clone());
                self.stands_on.push(other.clone());
            }
        }
    }

    /// Checks whether the unit ended without work on which others could stand, and does not go on by itself.
    pub(crate) fn came_to_nothing(&self) -> bool {
        let is_end = match self.outcome() {
            Some(Outcome::Failed { .. } | Outcome::NoChange { .. } | Outcome::Skipped { .. }) => {
                true
            }
            Some(Outcome::Stopped) => self.stop_requested,
            _ => false,
        };
        is_end && self.attempt.commit.is_none()
    }

    /// Returns the files of the work that commands made again, those of earlier rounds on its pull request included.
    pub(crate) fn regenerated_files(&self) -> BTreeSet<String> {
        let before = self.follow_up.as_ref().map(|open| &open.before.attempt);
        let attempts = [Some(&self.attempt), before].into_iter().flatten();
        let proven = attempts.filter_map(|attempt| attempt.proven.as_ref());
        let files = proven.flat_map(|proven| Regenerated::files_of(&proven.regenerated));
        files.map(str::to_owned).collect()
    }

    /// Returns the paths that the unit holds beyond its claim: no unit that does not stand on it may change them.
    pub(crate) fn acquired(&self) -> Vec<&Acquired> {
        if self.came_to_nothing() {
            return Vec::new();
        }
        let before = self.follow_up.as_ref().map(|open| &open.before.attempt);
        let attempts = [Some(&self.attempt), before].into_iter().flatten();
        let proven = attempts.filter_map(|attempt| Some(&attempt.proven.as_ref()?.acquired));
        let candidates = self.candidates.iter().filter(|_| self.chosen.is_none());
        let candidates = candidates.filter_map(|candidate| match &candidate.end {
            CandidateEnd::Good { acquired, .. } => Some(acquired),
            CandidateEnd::NoChange { .. } | CandidateEnd::Failed { .. } => None,
        });
        proven.chain(candidates).collect()
    }
}
