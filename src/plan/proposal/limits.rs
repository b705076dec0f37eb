//! Brings proposed units within the limits on number and size, by as few merges and splits as possible.

use std::collections::HashMap;

use super::draft::Draft;
use super::file_facts::FileFacts;
use super::merge::Merger;
use super::repair::Repair;
use crate::config::UnitRange;
use crate::plan::base_files::BaseFiles;
use crate::plan::partition::{Item, OwnerRule, PartitionInput, Tie, partition, shares};

/// How many times the mean a unit may weigh. A proposal may be uneven for good reasons.
const TOO_LARGE: u64 = 2;

pub(super) struct Limits<'a> {
    facts: &'a FileFacts<'a>,
    base: &'a BaseFiles,
    fewest: usize,
    most: usize,
}

impl<'a> Limits<'a> {
    pub(super) fn new(facts: &'a FileFacts<'a>, base: &'a BaseFiles, range: UnitRange) -> Self {
        Self {
            facts,
            base,
            fewest: range.min(),
            most: range.max(),
        }
    }

    /// Returns the drafts within the limits, as far as their files allow it.
    pub(super) fn apply(&self, drafts: Vec<Draft>, repairs: &mut Vec<Repair>) -> Vec<Draft> {
        let drafts = self.split_by_owner(drafts, repairs);
        let drafts = self.merge_lightest(drafts, repairs);
        self.split_heaviest(drafts, repairs)
    }

    /// Divides drafts whose files have different owners, if owners are kept apart.
    fn split_by_owner(&self, drafts: Vec<Draft>, repairs: &mut Vec<Repair>) -> Vec<Draft> {
        let mut all = Vec::new();
        for mut draft in drafts {
            // In the order in which the owners appear.
            let mut parts: Vec<(Option<u32>, Vec<usize>)> = Vec::new();
            for &file in &draft.files {
                let owner = self.facts.owner(file);
                match parts.iter_mut().find(|(known, _)| *known == owner) {
                    Some((_, part)) => part.push(file),
                    None => parts.push((owner, vec![file])),
                }
            }
            if parts.len() < 2 {
                all.push(draft);
                continue;
            }
            repairs.push(Repair::SplitByOwner {
                unit: draft.known_as(),
                parts: parts.len(),
            });
            let others = draft.divide(parts.into_iter().map(|(_, part)| part).collect());
            all.push(draft);
            all.extend(others);
        }
        all
    }

    /// Merges the lightest draft into the one with the strongest tie, until there are few enough.
    fn merge_lightest(&self, drafts: Vec<Draft>, repairs: &mut Vec<Repair>) -> Vec<Draft> {
        let mut merger = Merger::new(self.facts, drafts);
        while merger.members.len() > self.most {
            let Some(lightest) = merger.lightest() else {
                break;
            };
            let Some(into) = merger.partner(lightest) else {
                merger.members[lightest].has_no_partner = true;
                continue;
            };
            repairs.push(Repair::Merged {
                unit: merger.members[lightest].draft.known_as(),
                into: merger.members[into].draft.known_as(),
            });
            merger.merge(lightest, into);
        }
        merger.members.into_iter().map(|it| it.draft).collect()
    }

    /// Splits the heaviest draft, until there are enough and none is far too large.
    fn split_heaviest(&self, mut drafts: Vec<Draft>, repairs: &mut Vec<Repair>) -> Vec<Draft> {
        let all: u64 = drafts.iter().map(|draft| self.facts.weight(draft)).sum();
        let bytes = (0..self.facts.files.len())
            .filter_map(|file| self.base.size(self.facts.files.path(file)))
            .fold(0_u64, |sum, size| sum.saturating_add(size.bytes));
        let expected = shares(self.facts.files.len(), bytes).clamp(self.fewest, self.most) as u64;
        let too_large = (all / expected.max(1)).saturating_mul(TOO_LARGE);
        let mut whole = vec![false; drafts.len()];
        // Into how many parts each unit is split, in the order of the first split.
        let mut cut: Vec<(String, usize)> = Vec::new();
        while drafts.len() < self.most {
            let heaviest = (0..drafts.len())
                .filter(|&place| !whole[place])
                .max_by_key(|&place| (self.facts.weight(&drafts[place]), std::cmp::Reverse(place)));
            let Some(place) = heaviest else { break };
            if drafts.len() >= self.fewest && self.facts.weight(&drafts[place]) <= too_large {
                break;
            }
            let parts = self.halves(&drafts[place].files);
            if parts.len() < 2 {
                whole[place] = true;
                continue;
            }
            let unit = drafts[place].known_as();
            match cut.iter_mut().find(|(known, _)| *known == unit) {
                Some((_, parts)) => *parts += 1,
                None => cut.push((unit, 2)),
            }
            let others = drafts[place].divide(parts);
            for (after, draft) in others.into_iter().enumerate() {
                whole.insert(place + 1 + after, false);
                drafts.insert(place + 1 + after, draft);
            }
        }
        let cut = cut.into_iter();
        repairs.extend(cut.map(|(unit, parts)| Repair::Split { unit, parts }));
        drafts
    }

    /// Divides the files into two parts, if they can be separated.
    fn halves(&self, files: &[usize]) -> Vec<Vec<usize>> {
        let place_of: HashMap<usize, usize> = files
            .iter()
            .enumerate()
            .map(|(at, file)| (*file, at))
            .collect();
        let items: Vec<Item<'_>> = files
            .iter()
            .map(|&file| {
                let path = self.facts.files.path(file);
                Item {
                    path,
                    bytes: self.base.size(path).unwrap_or_default().bytes,
                    owner: self.facts.owner(file),
                }
            })
            .collect();
        let mut ties = Vec::new();
        for (a, file) in files.iter().enumerate() {
            for (other, weight) in self.facts.files.ties(*file) {
                if let Some(&b) = place_of.get(other).filter(|b| a < **b) {
                    ties.push(Tie {
                        a,
                        b,
                        weight: *weight,
                    });
                }
            }
        }
        let input = PartitionInput {
            items: &items,
            ties: &ties,
            packages: &self.base.packages,
            owners: OwnerRule::Preferred,
        };
        partition(&input, UnitRange::exactly(2))
            .into_iter()
            .map(|part| part.into_iter().map(|item| files[item]).collect())
            .collect()
    }
}
