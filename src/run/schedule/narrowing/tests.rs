use proptest::prelude::*;

use super::*;

/// Asks until the end; returns the finding and all answers.
fn play(members: &Members, mut oracle: impl FnMut(&Set) -> Answer) -> (Finding, Answers) {
    let mut answers = Vec::new();
    loop {
        match narrow(members, &answers) {
            Narrowing::Ask(set) => {
                assert_eq!(set, members.with_needs(&set), "a need is missing");
                assert!(set.is_superset(&members.published));
                let answer = oracle(&set);
                answers.push((set, answer));
            }
            Narrowing::End(finding) => return (finding, answers),
        }
    }
}

type Answers = Vec<(Set, Answer)>;

fn free(units: usize) -> Members {
    Members::new(vec![Vec::new(); units], Set::new())
}

/// Sets that hold one of the culprits are red.
fn breaks(culprits: &[Set]) -> impl Fn(&Set) -> Answer + '_ {
    |set| {
        if culprits.iter().any(|it| it.is_subset(set)) {
            Answer::Red
        } else {
            Answer::Green
        }
    }
}

fn checks(units: usize, culprits: &[&[usize]]) -> usize {
    let culprits: Vec<Set> = culprits
        .iter()
        .map(|it| it.iter().copied().collect())
        .collect();
    let members = free(units);
    let (finding, answers) = play(&members, breaks(&culprits));
    let Finding::Decided {
        culprits: mut found,
        ..
    } = finding
    else {
        panic!("unclear: {culprits:?}");
    };
    found.sort();
    assert_eq!(found, culprits);
    answers.len()
}

#[test]
fn a_green_whole_takes_one_check() {
    assert_eq!(checks(30, &[]), 1);
}

/// The table of docs/checks.md.
#[test]
fn the_number_of_checks_for_thirty_units() {
    let places = || (0..30).step_by(3);
    let pairs = places().flat_map(|one| (one + 1..30).map(move |two| (one, two)));
    let threes = || {
        let pairs =
            places().flat_map(move |one| (one + 1..30).step_by(4).map(move |two| (one, two)));
        pairs.flat_map(|(one, two)| (two + 1..30).step_by(4).map(move |three| (one, two, three)))
    };
    let most = |numbers: &mut dyn Iterator<Item = usize>| numbers.max().unwrap_or_default();
    let one = most(&mut (0..30).map(|one| checks(30, &[&[one]])));
    let two = most(&mut pairs.map(|(one, two)| checks(30, &[&[one, two]])));
    let together = threes().map(|(one, two, three)| checks(30, &[&[one, two, three]]));
    let apart = threes().map(|(one, two, three)| checks(30, &[&[one], &[two], &[three]]));
    let three = (most(&mut { together }), most(&mut { apart }));
    assert_eq!((one, two, three), (9, 15, (21, 25)));
    let told: Vec<usize> = (1..=3).map(|together| most_checks(30, together)).collect();
    assert_eq!(told, [9, 15, 21]);
}

#[test]
fn a_unit_that_breaks_with_its_need_is_named_alone() {
    // 2 needs 0, and breaks with it.
    let members = Members::new(vec![vec![], vec![], vec![0], vec![2]], Set::new());
    let culprit = [Set::from([0, 2])];
    let (finding, _) = play(&members, breaks(&culprit));
    let green = Set::from([0, 1]);
    let culprits = vec![Set::from([2])];
    assert_eq!(finding, Finding::Decided { green, culprits });
}

#[test]
fn what_breaks_with_a_published_unit_is_named_without_it() {
    let members = Members::new(vec![Vec::new(); 5], Set::from([1]));
    let culprit = [Set::from([1, 3])];
    let (finding, _) = play(&members, breaks(&culprit));
    let green = Set::from([0, 1, 2, 4]);
    let culprits = vec![Set::from([3])];
    assert_eq!(finding, Finding::Decided { green, culprits });

    let published = [Set::from([1])];
    let (finding, _) = play(&members, breaks(&published));
    assert_eq!(finding, Finding::Unclear);
}

#[test]
fn what_is_red_only_as_a_whole_is_unclear() {
    let members = free(8);
    let (finding, _) = play(&members, |set| {
        if set.len() == 8 {
            Answer::Red
        } else {
            Answer::Green
        }
    });
    assert_eq!(finding, Finding::Unclear);
}

#[test]
fn a_flaky_whole_is_asked_for_again() {
    let members = free(4);
    let mut asked = 0;
    let (finding, _) = play(&members, |_| {
        asked += 1;
        if asked < 3 {
            Answer::Flaky
        } else {
            Answer::Green
        }
    });
    assert!(matches!(finding, Finding::Decided { .. }));
    let (finding, answers) = play(&members, |_| Answer::Flaky);
    assert_eq!((finding, answers.len()), (Finding::Unclear, 3));
}

/// What holds for every oracle.
fn assert_sound(members: &Members, finding: &Finding, answers: &Answers) {
    let units = members.needs.len();
    let of_one_set = most_checks(units, MOST_TOGETHER);
    assert!(
        answers.len() <= MOST_ASKED * (2 + MOST_SETS * of_one_set),
        "{}",
        answers.len()
    );
    let Finding::Decided { green, culprits } = finding else {
        return;
    };
    let seen = |set: &Set, answer| {
        answers
            .iter()
            .filter(|it| **it == (set.clone(), answer))
            .count()
    };
    assert!(
        green.is_empty() || seen(green, Answer::Green) > 0,
        "not seen green"
    );
    for culprit in culprits {
        assert!(
            seen(&members.alone(culprit), Answer::Red) >= 2,
            "not red twice"
        );
        assert!(culprit.is_disjoint(green) && culprit.is_disjoint(&members.published));
    }
}

fn members() -> impl Strategy<Value = Members> {
    (2..24_usize).prop_flat_map(|units| {
        let needs = (0..units).map(|unit| {
            let all: Vec<usize> = (0..unit).collect();
            let most = all.len().min(2);
            proptest::sample::subsequence(all, 0..=most)
        });
        let published = proptest::collection::btree_set(0..units, 0..2);
        (needs.collect::<Vec<_>>(), published)
            .prop_map(|(needs, published)| Members::new(needs, published))
    })
}

fn few(units: usize) -> impl Strategy<Value = Vec<Set>> {
    let most = units.min(9);
    let chosen = proptest::sample::subsequence((0..units).collect::<Vec<_>>(), 1..=most);
    (chosen.prop_shuffle(), 1..=3_usize).prop_map(|(chosen, together)| {
        let sets = chosen.chunks(together).take(3);
        let mut sets: Vec<Set> = sets.map(|it| it.iter().copied().collect()).collect();
        sets.sort();
        sets
    })
}

proptest! {
    #[test]
    fn units_that_break_together_are_found(
        (units, culprits) in (2..40_usize).prop_flat_map(|units| (Just(units), few(units))),
    ) {
        let (finding, answers) = play(&free(units), breaks(&culprits));
        assert_sound(&free(units), &finding, &answers);
        let Finding::Decided { culprits: mut found, green } = finding else {
            return Err(TestCaseError::fail("unclear"));
        };
        found.sort();
        prop_assert_eq!(&found, &culprits);
        prop_assert_eq!(green.len() + culprits.iter().map(Set::len).sum::<usize>(), units);
        let bisection = units.next_power_of_two().ilog2() as usize;
        let most = culprits.iter().map(|it| it.len() * (bisection + 1) + 2).sum::<usize>();
        prop_assert!(answers.len() <= 1 + most);
    }

    #[test]
    fn with_needs_nothing_innocent_is_named(
        (members, culprits) in members().prop_flat_map(|it| {
            let units = it.needs.len();
            (Just(it), few(units))
        }),
    ) {
        let oracle = breaks(&culprits);
        let (finding, answers) = play(&members, &oracle);
        assert_sound(&members, &finding, &answers);
        let guilty: Set = culprits.iter().flatten().copied().collect();
        match finding {
            Finding::Decided { culprits: found, green } => {
                prop_assert_eq!(oracle(&green), Answer::Green);
                for set in found {
                    prop_assert!(set.is_subset(&guilty));
                }
            }
            // What is published is red by itself.
            Finding::Unclear => prop_assert_eq!(oracle(&members.published), Answer::Red),
        }
    }

    #[test]
    fn what_was_not_seen_green_is_never_called_green(members in members(), seed: u64, kind in 0..3_u8) {
        let mut asked = 0_u64;
        let (finding, answers) = play(&members, |set| {
            use std::hash::{DefaultHasher, Hash, Hasher};
            let mut hash = DefaultHasher::new();
            (seed, set).hash(&mut hash);
            if kind > 0 {
                // Another answer each time.
                asked += 1;
                asked.hash(&mut hash);
            }
            match hash.finish() % 8 {
                0..3 => Answer::Green,
                3..6 => Answer::Red,
                _ if kind == 1 => Answer::Flaky,
                // The whole is red more often than not.
                _ => Answer::Red,
            }
        });
        assert_sound(&members, &finding, &answers);
    }
}
