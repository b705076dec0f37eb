//! Decides which sets of units a union is checked with, and what the answers mean: a pure function of the answers.
//!
//! The whole is checked first. Where it is red, a bisection over its prefixes finds the last unit that it takes to make
//! it red. Where that unit is green by itself, a further bisection finds the unit that it breaks together with. A set
//! is named only when it was red alone, twice, and all that is left without it was green; nobody calls a set green that
//! no answer called green. What the sets hold and how they are checked is nothing that this file knows.

use std::collections::BTreeSet;

/// Units by their places in the order of needs.
pub(crate) type Set = BTreeSet<usize>;

/// At most so many units are named as breaking together.
const MOST_TOGETHER: usize = 3;
/// At most so many sets are named one after another.
const MOST_SETS: usize = 5;
/// A set whose answers are flaky is asked for so often.
const MOST_ASKED: usize = 3;

/// The answer to the check of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Green,
    Red,
    /// It failed, and passed when it ran again.
    Flaky,
}

/// The units of a union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Members {
    /// The places of the units that each unit needs, all of them before its own.
    needs: Vec<Vec<usize>>,
    /// The units that are published already: they are in every set, and are not named.
    published: Set,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Narrowing {
    /// This set is to be checked.
    Ask(Set),
    End(Finding),
}

/// What the answers mean in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    /// All that is left without the culprits was green; `green` are the units of it.
    Decided { green: Set, culprits: Vec<Set> },
    /// The failure does not come down to a few units: nothing of it may be published.
    Unclear,
}

/// The set that has no answer yet, or too few.
struct Unanswered(Set);

impl Members {
    /// Takes the needs of the units, which stand in an order in which each comes after those that it needs.
    pub(crate) fn new(needs: Vec<Vec<usize>>, published: Set) -> Self {
        let members = Self { needs, published };
        // What a published unit needs is below it on its branch.
        let published = members.with_needs(&members.published);
        Self {
            published,
            ..members
        }
    }

    fn all(&self) -> Set {
        (0..self.needs.len()).collect()
    }

    /// Returns the units with all that they need.
    fn with_needs(&self, units: &Set) -> Set {
        let mut reached = Set::new();
        let mut open: Vec<usize> = units.iter().copied().collect();
        while let Some(unit) = open.pop() {
            if reached.insert(unit) {
                open.extend(self.needs.get(unit).into_iter().flatten());
            }
        }
        reached
    }

    /// Returns the units as they are checked alone: with all that they need, and with what is published.
    pub(crate) fn alone(&self, units: &Set) -> Set {
        &self.with_needs(units) | &self.published
    }

    /// Returns what is left of the units without these and without all that need them.
    fn without(&self, units: &Set, gone: &Set) -> Set {
        let stays = |unit: &usize| self.with_needs(&Set::from([*unit])).is_disjoint(gone);
        units.iter().copied().filter(stays).collect()
    }
}

/// Returns what is to be done after these answers, which came in this order.
pub(crate) fn narrow(members: &Members, answers: &[(Set, Answer)]) -> Narrowing {
    match (Search { members, answers }).find() {
        Ok(finding) => Narrowing::End(finding),
        Err(Unanswered(set)) => Narrowing::Ask(set),
    }
}

/// Returns how many checks it takes at most to find one set of so many units among `units`, where no answer is flaky:
/// one of all, a bisection and one alone for each unit of the set, one alone again, and one of what is left.
pub(crate) fn most_checks(units: usize, together: usize) -> usize {
    let bisection = units.next_power_of_two().ilog2() as usize;
    1 + together * (bisection + 1) + 2
}

struct Search<'a> {
    members: &'a Members,
    answers: &'a [(Set, Answer)],
}

impl Search<'_> {
    fn find(&self) -> Result<Finding, Unanswered> {
        let mut left = self.members.all();
        let mut culprits = Vec::new();
        loop {
            match self.steady(&left)? {
                Answer::Green => {
                    let green = left;
                    return Ok(Finding::Decided { green, culprits });
                }
                Answer::Flaky => return Ok(Finding::Unclear),
                Answer::Red => {}
            }
            if culprits.len() == MOST_SETS || !self.published_is_green()? {
                return Ok(Finding::Unclear);
            }
            let Some(culprit) = self.culprit(&left)? else {
                return Ok(Finding::Unclear);
            };
            left = self.members.without(&left, &culprit);
            culprits.push(culprit);
            if left.is_empty() {
                let green = left;
                return Ok(Finding::Decided { green, culprits });
            }
        }
    }

    /// Checks whether what is published is green by itself: otherwise every set would be red.
    fn published_is_green(&self) -> Result<bool, Unanswered> {
        let published = &self.members.published;
        Ok(published.is_empty() || self.steady(published)? == Answer::Green)
    }

    /// Returns a set among `left`, which is red, that is red alone; `None` where there is none of a few units.
    fn culprit(&self, left: &Set) -> Result<Option<Set>, Unanswered> {
        let mut set = Set::new();
        // With so many of the first units and with the set, it is red.
        let mut red = left.len();
        let order: Vec<usize> = left.iter().copied().collect();
        while set.len() < MOST_TOGETHER {
            let fixed = self.members.alone(&set);
            let Some(count) = self.bisect(&order[..red], &fixed)? else {
                return Ok(None);
            };
            set.insert(order[count - 1]);
            red = count - 1;
            let alone = self.members.alone(&set);
            match self.answer(&alone, 0)? {
                Answer::Red => {
                    let again = self.answer(&alone, 1)?;
                    return Ok((again == Answer::Red).then_some(set));
                }
                Answer::Flaky if self.steady(&alone)? != Answer::Green => return Ok(None),
                Answer::Flaky | Answer::Green => {}
            }
        }
        Ok(None)
    }

    /// Returns the smallest number of first units that are red together with the fixed ones; all of them are. Without
    /// any of them, the fixed ones are green. What is part of a green set counts as green, and what holds a red set as
    /// red: a wrong guess costs time, because nothing is named or called green by it.
    fn bisect(&self, order: &[usize], fixed: &Set) -> Result<Option<usize>, Unanswered> {
        let with = |count: usize| &order[..count].iter().copied().collect::<Set>() | fixed;
        let seen = |answer: Answer| self.answers.iter().filter(move |(_, it)| *it == answer);
        let is_green = |count: &usize| {
            let set = with(*count);
            seen(Answer::Green).any(|(green, _)| set.is_subset(green))
        };
        let is_red = |count: &usize| {
            let set = with(*count);
            seen(Answer::Red).any(|(red, _)| set.is_superset(red))
        };
        let mut red = (1..order.len()).find(is_red).unwrap_or(order.len());
        let mut green = (1..order.len()).rev().find(is_green).unwrap_or(0);
        if green >= red || fixed.contains(&order[red - 1]) {
            return Ok(None);
        }
        while red - green > 1 {
            let middle = usize::midpoint(green, red);
            match self.steady(&with(middle))? {
                Answer::Red => red = middle,
                Answer::Green => green = middle,
                Answer::Flaky => return Ok(None),
            }
        }
        Ok((!fixed.contains(&order[red - 1])).then_some(red))
    }

    /// Returns the answer for a set, which is asked for again while it is flaky.
    fn steady(&self, set: &Set) -> Result<Answer, Unanswered> {
        for number in 0..MOST_ASKED {
            match self.answer(set, number)? {
                Answer::Flaky => {}
                steady => return Ok(steady),
            }
        }
        Ok(Answer::Flaky)
    }

    /// Returns the answer of this number for a set.
    fn answer(&self, set: &Set, number: usize) -> Result<Answer, Unanswered> {
        let mut answers = self.answers.iter().filter(|(it, _)| it == set);
        let answer = answers.nth(number).map(|(_, answer)| *answer);
        answer.ok_or_else(|| Unanswered(set.clone()))
    }
}

#[cfg(test)]
mod tests;
