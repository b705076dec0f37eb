//! Merges drafts when there are too many: finds the lightest draft, and the draft that it joins.
//!
//! Weights and places are kept between steps, because there may be a thousand steps over a hundred thousand files.

use std::cmp::Reverse;

use super::draft::Draft;
use super::file_facts::FileFacts;

pub(super) struct Merger<'a> {
    facts: &'a FileFacts<'a>,
    pub(super) members: Vec<Member>,
    /// For each file, the name of the member that has it. A name is the member's first place and stays valid when
    /// members are removed.
    member_of: Vec<usize>,
    names: usize,
}

pub(super) struct Member {
    pub(super) draft: Draft,
    /// Whether it cannot join any other, because no other has the same owner.
    pub(super) has_no_partner: bool,
    name: usize,
    weight: u64,
}

/// The depth of the nearest folder in which a draft has files, and the number of files there.
type Nearness = (usize, usize);

impl<'a> Merger<'a> {
    pub(super) fn new(facts: &'a FileFacts<'a>, drafts: Vec<Draft>) -> Self {
        let mut member_of = vec![usize::MAX; facts.files.len()];
        for (name, draft) in drafts.iter().enumerate() {
            for &file in &draft.files {
                member_of[file] = name;
            }
        }
        let names = drafts.len();
        let member = |(name, draft)| Member {
            weight: facts.weight(&draft),
            has_no_partner: false,
            name,
            draft,
        };
        Self {
            members: drafts.into_iter().enumerate().map(member).collect(),
            facts,
            member_of,
            names,
        }
    }

    /// Returns the place of the lightest draft that may join another.
    pub(super) fn lightest(&self) -> Option<usize> {
        (0..self.members.len())
            .filter(|&place| !self.members[place].has_no_partner)
            .min_by_key(|&place| self.members[place].weight)
    }

    /// Returns the draft with the strongest tie to this one; without any tie, the draft with most files in the nearest
    /// folder; of equals, the lightest.
    pub(super) fn partner(&self, place: usize) -> Option<usize> {
        let mut tied = vec![0_u64; self.names];
        let member = &self.members[place];
        for &file in &member.draft.files {
            for &(other, weight) in self.facts.files.ties(file) {
                if let Some(ties) = tied.get_mut(self.member_of[other]) {
                    *ties += u64::from(weight);
                }
            }
        }
        let strength = |other: usize| tied[self.members[other].name];
        let owner = |draft: &Draft| {
            let first = draft.files.first();
            first.and_then(|&file| self.facts.owner(file))
        };
        let own = owner(&member.draft);
        (0..self.members.len())
            .filter(|&other| other != place && owner(&self.members[other].draft) == own)
            .max_by_key(|&other| {
                let near = self.nearness(&member.draft, &self.members[other].draft);
                let light = Reverse(self.members[other].weight);
                (strength(other), near, light, Reverse(other))
            })
    }

    /// Merges one draft into another.
    pub(super) fn merge(&mut self, place: usize, into: usize) {
        let member = self.members.remove(place);
        let into = &mut self.members[into - usize::from(into > place)];
        for &file in &member.draft.files {
            self.member_of[file] = into.name;
        }
        into.weight += member.weight;
        into.draft.absorb(member.draft);
    }

    /// Returns how near another draft is to the first file of this one. Files are numbered by path, so the files that
    /// share most folders with it are next to its place.
    fn nearness(&self, draft: &Draft, other: &Draft) -> Nearness {
        let Some(&first) = draft.files.first() else {
            return (0, 0);
        };
        let (files, here) = (self.facts.files, self.facts.files.path(first));
        let place = other.files.partition_point(|&file| file < first);
        let beside = [place.checked_sub(1), Some(place)].into_iter().flatten();
        let folder = beside
            .filter_map(|place| other.files.get(place))
            .map(|&file| shared_folder(here, files.path(file)))
            .max_by_key(|folder| folder.len())
            .unwrap_or("");
        let before = |&file: &usize| !files.path(file).starts_with(folder) && file < first;
        let within = |&file: &usize| files.path(file).starts_with(folder) || file < first;
        let count = other.files.partition_point(within) - other.files.partition_point(before);
        (folder.matches('/').count(), count)
    }
}

/// Returns the deepest folder that holds both paths, with a closing slash; empty for the root.
fn shared_folder<'p>(one: &'p str, other: &str) -> &'p str {
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b);
    let end = one.as_bytes()[..same.count()]
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |at| at + 1);
    &one[..end]
}
