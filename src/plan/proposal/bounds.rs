//! How many units there may be and how large: what is beyond that is joined or cut, as little as it takes.

use std::collections::{BTreeMap, HashMap};

use super::draft::Draft;
use super::repair::Repair;
use super::settle::Files;
use crate::config::{Grouping, UnitRange};
use crate::plan::base_files::BaseFiles;
use crate::plan::partition::{Item, Material, Owners, Tie, cost, partition, shares};

/// So many times the mean a unit may weigh. What somebody proposes may be uneven for good reasons.
const TOO_LARGE: u64 = 2;

pub(super) struct Bounds<'a> {
    files: &'a Files<'a>,
    base: &'a BaseFiles,
    /// What each file weighs.
    weights: Vec<u64>,
    /// Who owns each file, where owners are not to be mixed.
    owners: Vec<Option<u32>>,
    fewest: usize,
    most: usize,
}

impl<'a> Bounds<'a> {
    pub(super) fn new(files: &'a Files<'a>, base: &'a BaseFiles, range: UnitRange) -> Self {
        let paths = (0..files.len()).map(|file| files.path(file));
        let bytes = |path| base.size(path).unwrap_or_default().bytes;
        Self {
            weights: paths.clone().map(|path| cost(bytes(path))).collect(),
            owners: match base.by {
                Some(Grouping::Owner) => base.owners.groups(paths),
                Some(Grouping::Folder) | None => vec![None; files.len()],
            },
            fewest: range.min(),
            most: range.max(),
            files,
            base,
        }
    }

    /// The drafts within the bounds, as far as their files allow it.
    pub(super) fn keep(&self, drafts: Vec<Draft>, repairs: &mut Vec<Repair>) -> Vec<Draft> {
        let drafts = self.by_owner(drafts, repairs);
        let drafts = self.joined(drafts, repairs);
        self.cut(drafts, repairs)
    }

    /// Divides drafts whose files have several owners that are not to be mixed.
    fn by_owner(&self, drafts: Vec<Draft>, repairs: &mut Vec<Repair>) -> Vec<Draft> {
        let mut all = Vec::new();
        for mut draft in drafts {
            // In the order in which the owners come.
            let mut parts: Vec<(Option<u32>, Vec<usize>)> = Vec::new();
            for &file in &draft.files {
                let owner = self.owners[file];
                match parts.iter_mut().find(|(known, _)| *known == owner) {
                    Some((_, part)) => part.push(file),
                    None => parts.push((owner, vec![file])),
                }
            }
            if parts.len() < 2 {
                all.push(draft);
                continue;
            }
            repairs.push(Repair::Owners {
                unit: draft.known_as(),
                parts: parts.len(),
            });
            let others = draft.divide(parts.into_iter().map(|(_, part)| part).collect());
            all.push(draft);
            all.extend(others);
        }
        all
    }

    fn weight(&self, draft: &Draft) -> u64 {
        draft.files.iter().map(|&file| self.weights[file]).sum()
    }

    /// Lets the lightest join the one that it is tied to most, until there are not too many.
    fn joined(&self, mut drafts: Vec<Draft>, repairs: &mut Vec<Repair>) -> Vec<Draft> {
        // What cannot join anybody, because nobody else has its owner.
        let mut alone = vec![false; drafts.len()];
        while drafts.len() > self.most {
            let lightest = (0..drafts.len())
                .filter(|&place| !alone[place])
                .min_by_key(|&place| self.weight(&drafts[place]));
            let Some(lightest) = lightest else { break };
            let Some(into) = self.partner(&drafts, lightest) else {
                alone[lightest] = true;
                continue;
            };
            alone.remove(lightest);
            let draft = drafts.remove(lightest);
            let into = &mut drafts[into - usize::from(into > lightest)];
            repairs.push(Repair::Merged {
                unit: draft.known_as(),
                into: into.known_as(),
            });
            into.absorb(draft);
        }
        drafts
    }

    /// The one that a draft is tied to most; without any tie the one with most files in the nearest folder; of equals
    /// the lightest.
    fn partner(&self, drafts: &[Draft], place: usize) -> Option<usize> {
        let mut place_of: HashMap<usize, usize> = HashMap::new();
        for (place, draft) in drafts.iter().enumerate() {
            place_of.extend(draft.files.iter().map(|&file| (file, place)));
        }
        let mut ties = vec![0_u64; drafts.len()];
        for &file in &drafts[place].files {
            for (other, weight) in self.files.ties(file) {
                if let Some(&other) = place_of.get(other) {
                    ties[other] += u64::from(*weight);
                }
            }
        }
        let owner = |draft: &Draft| draft.files.first().and_then(|&file| self.owners[file]);
        let own = owner(&drafts[place]);
        let near = self.neighbours(drafts, place);
        (0..drafts.len())
            .filter(|&other| other != place && owner(&drafts[other]) == own)
            .max_by_key(|&other| {
                let light = std::cmp::Reverse(self.weight(&drafts[other]));
                (ties[other], near[other], light, std::cmp::Reverse(other))
            })
    }

    /// For each draft how deep the folder is that it shares with the first file of this one, and how many of its files are
    /// there.
    fn neighbours(&self, drafts: &[Draft], place: usize) -> Vec<(usize, usize)> {
        let Some(&first) = drafts[place].files.first() else {
            return vec![(0, 0); drafts.len()];
        };
        let here = self.files.path(first);
        let shared = |path: &str| {
            let same = here.bytes().zip(path.bytes()).take_while(|(a, b)| a == b);
            here[..]
                .bytes()
                .take(same.count())
                .filter(|byte| *byte == b'/')
                .count()
        };
        drafts
            .iter()
            .map(|draft| {
                let mut depths: BTreeMap<usize, usize> = BTreeMap::new();
                for &file in &draft.files {
                    *depths.entry(shared(self.files.path(file))).or_default() += 1;
                }
                depths.pop_last().unwrap_or((0, 0))
            })
            .collect()
    }

    /// Cuts the heaviest in two, until there are enough and none is far too large.
    fn cut(&self, mut drafts: Vec<Draft>, repairs: &mut Vec<Repair>) -> Vec<Draft> {
        let all: u64 = drafts.iter().map(|draft| self.weight(draft)).sum();
        let bytes = (0..self.files.len())
            .filter_map(|file| self.base.size(self.files.path(file)))
            .fold(0_u64, |sum, size| sum.saturating_add(size.bytes));
        let usual = shares(self.files.len(), bytes).clamp(self.fewest, self.most) as u64;
        let too_large = (all / usual.max(1)).saturating_mul(TOO_LARGE);
        let mut whole = vec![false; drafts.len()];
        // Into how many parts, in the order in which they were first cut.
        let mut cut: Vec<(String, usize)> = Vec::new();
        while drafts.len() < self.most {
            let heaviest = (0..drafts.len())
                .filter(|&place| !whole[place])
                .max_by_key(|&place| (self.weight(&drafts[place]), std::cmp::Reverse(place)));
            let Some(place) = heaviest else { break };
            if drafts.len() >= self.fewest && self.weight(&drafts[place]) <= too_large {
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

    /// The files in two parts, if they can be parted.
    fn halves(&self, files: &[usize]) -> Vec<Vec<usize>> {
        let place_of: HashMap<usize, usize> = files
            .iter()
            .enumerate()
            .map(|(at, file)| (*file, at))
            .collect();
        let items: Vec<Item<'_>> = files
            .iter()
            .map(|&file| {
                let path = self.files.path(file);
                Item {
                    path,
                    bytes: self.base.size(path).unwrap_or_default().bytes,
                    owner: self.owners[file],
                }
            })
            .collect();
        let mut ties = Vec::new();
        for (a, file) in files.iter().enumerate() {
            for (other, weight) in self.files.ties(*file) {
                if let Some(&b) = place_of.get(other).filter(|b| a < **b) {
                    ties.push(Tie {
                        a,
                        b,
                        weight: *weight,
                    });
                }
            }
        }
        let material = Material {
            items: &items,
            ties: &ties,
            packages: &self.base.packages,
            owners: Owners::Preferred,
        };
        partition(&material, UnitRange::exactly(2))
            .into_iter()
            .map(|part| part.into_iter().map(|item| files[item]).collect())
            .collect()
    }
}
