//! The graph of what requires what: order, cycles, and everything required at any depth.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::bits::Bits;

/// The closures of an acyclic graph whose nodes are numbered in dependency order.
///
/// Both are worked out once, when the catalogue is built; after that a cascade is one union or one difference.
#[derive(Default)]
pub(super) struct Graph {
    /// Row `n`: what `n` requires at any depth, with `n` itself.
    below: Vec<Bits>,
    /// Row `n`: what requires `n` at any depth, with `n` itself.
    above: Vec<Bits>,
}

impl Graph {
    /// INVARIANT: the caller numbered the nodes in dependency order, so `requires` of a node holds lower numbers only.
    pub(super) fn new(requires: &[Vec<usize>]) -> Self {
        let none = vec![Bits::empty(requires.len()); requires.len()];
        let (mut below, mut above) = (none.clone(), none);
        for (node, required) in requires.iter().enumerate() {
            fill(&mut below, node, required);
        }
        for (node, requiring) in turned_around(requires).iter().enumerate().rev() {
            fill(&mut above, node, requiring);
        }
        Self { below, above }
    }

    /// What the node requires at any depth, itself included.
    pub(super) fn below(&self, node: usize) -> Option<&Bits> {
        self.below.get(node)
    }

    /// What requires the node at any depth, itself included.
    pub(super) fn above(&self, node: usize) -> Option<&Bits> {
        self.above.get(node)
    }

    /// The largest part of `set` that holds everything that it requires.
    pub(super) fn closed_part(&self, set: &Bits) -> Bits {
        let mut closed = Bits::empty(self.below.len());
        for node in set.ones() {
            if self.below(node).is_some_and(|required| required.is_subset(set)) {
                closed.insert(node);
            }
        }
        closed
    }
}

/// Makes the row of a node from the rows of its neighbours, which are complete.
fn fill(rows: &mut [Bits], node: usize, neighbours: &[usize]) {
    let mut row = Bits::empty(rows.len());
    row.insert(node);
    for neighbour in neighbours.iter().filter_map(|neighbour| rows.get(*neighbour)) {
        row.union_with(neighbour);
    }
    if let Some(slot) = rows.get_mut(node) {
        *slot = row;
    }
}

/// For each node, those that require it.
fn turned_around(requires: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut required_by = vec![Vec::new(); requires.len()];
    for (node, required) in requires.iter().enumerate() {
        for below in required {
            if let Some(row) = required_by.get_mut(*below) {
                row.push(node);
            }
        }
    }
    required_by
}

/// The nodes in dependency order, as they were added where nothing else decides; without those on a cycle or above one.
pub(super) fn dependency_order(requires: &[Vec<usize>]) -> Vec<usize> {
    let required_by = turned_around(requires);
    let mut waits_for: Vec<usize> = requires.iter().map(Vec::len).collect();
    let free = waits_for.iter().enumerate().filter(|(_, count)| **count == 0);
    let mut ready: BinaryHeap<Reverse<usize>> = free.map(|(node, _)| Reverse(node)).collect();
    let mut order = Vec::with_capacity(requires.len());
    while let Some(Reverse(node)) = ready.pop() {
        order.push(node);
        for above in required_by.get(node).into_iter().flatten() {
            let Some(count) = waits_for.get_mut(*above) else { continue };
            *count -= 1;
            if *count == 0 {
                ready.push(Reverse(*above));
            }
        }
    }
    order
}

/// The shortest cycle, each node requiring the next; of equally short ones that of the node added first, with which it
/// begins. Empty when there is none.
///
/// One search from every node: slow next to everything else here, but only a catalogue that is refused pays for it.
pub(super) fn shortest_cycle(requires: &[Vec<usize>]) -> Vec<usize> {
    let mut shortest = Vec::new();
    for start in 0..requires.len() {
        let cycle = shortest_cycle_through(requires, start);
        if !cycle.is_empty() && (shortest.is_empty() || cycle.len() < shortest.len()) {
            shortest = cycle;
        }
    }
    shortest
}

fn shortest_cycle_through(requires: &[Vec<usize>], start: usize) -> Vec<usize> {
    let mut came_from: Vec<Option<usize>> = vec![None; requires.len()];
    let mut next = VecDeque::from([start]);
    while let Some(node) = next.pop_front() {
        for required in requires.get(node).into_iter().flatten() {
            if *required == start {
                let step = |node: &usize| came_from.get(*node).copied().flatten();
                let mut cycle: Vec<usize> = std::iter::successors(Some(node), step).collect();
                cycle.reverse();
                return cycle;
            }
            if let Some(unseen @ None) = came_from.get_mut(*required) {
                *unseen = Some(node);
                next.push_back(*required);
            }
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    type Edges = Vec<Vec<usize>>;

    /// Everything reachable from a node, without cleverness.
    fn reachable(edges: &Edges, from: usize) -> BTreeSet<usize> {
        let mut seen = BTreeSet::from([from]);
        let mut stack = vec![from];
        while let Some(node) = stack.pop() {
            stack.extend(edges[node].iter().filter(|next| seen.insert(**next)));
        }
        seen
    }

    /// The length of the shortest way from a node back to itself, by widening rings.
    fn way_back(edges: &Edges, start: usize) -> Option<usize> {
        let mut ring = BTreeSet::from([start]);
        (1..=edges.len()).find(|_| {
            ring = ring.iter().flat_map(|node| edges[*node].iter().copied()).collect();
            ring.contains(&start)
        })
    }

    /// Up to `most` nodes, each requiring only lower ones; above and below 64, where the form of the sets changes.
    fn acyclic(most: usize) -> impl Strategy<Value = Edges> {
        proptest::collection::vec(proptest::collection::vec(any::<usize>(), 0..4), 0..most).prop_map(|rows| {
            let row = |(node, row): (usize, Vec<usize>)| -> BTreeSet<usize> {
                row.into_iter().filter_map(|any| any.checked_rem(node)).collect()
            };
            rows.into_iter().enumerate().map(row).map(|row| row.into_iter().collect()).collect()
        })
    }

    fn any_graph() -> impl Strategy<Value = Edges> {
        (1_usize..12).prop_flat_map(|size| {
            let row = proptest::collection::btree_set(0..size, 0..3);
            proptest::collection::vec(row.prop_map(|row| row.into_iter().collect()), size)
        })
    }

    proptest! {
        #[test]
        fn f3_closures_are_what_naive_reachability_finds(edges in acyclic(100)) {
            let graph = Graph::new(&edges);
            let below: Vec<_> = (0..edges.len()).map(|node| reachable(&edges, node)).collect();
            for node in 0..edges.len() {
                let row: BTreeSet<_> = graph.below(node).unwrap().ones().collect();
                prop_assert_eq!(&row, &below[node]);
                let row: BTreeSet<_> = graph.above(node).unwrap().ones().collect();
                let above = (0..edges.len()).filter(|other| below[*other].contains(&node)).collect();
                prop_assert_eq!(row, above);
            }
        }

        #[test]
        fn f7_the_closed_part_is_the_largest_one(
            edges in acyclic(100),
            chosen in proptest::collection::btree_set(0_usize..100, 0..100),
        ) {
            let mut set = Bits::empty(edges.len());
            chosen.iter().filter(|node| **node < edges.len()).for_each(|node| set.insert(*node));
            let found: BTreeSet<_> = Graph::new(&edges).closed_part(&set).ones().collect();
            // The largest one is what is left when whatever lacks a requirement is thrown out, until nothing is.
            let mut rest: BTreeSet<usize> = set.ones().collect();
            while let Some(lacking) = rest.iter().copied().find(|node| !edges[*node].iter().all(|n| rest.contains(n))) {
                rest.remove(&lacking);
            }
            prop_assert_eq!(found, rest);
        }

        #[test]
        fn f3_dependency_order_puts_requirements_first_and_otherwise_keeps_the_order_given(edges in any_graph()) {
            let order = dependency_order(&edges);
            let mut done = BTreeSet::new();
            for node in &order {
                prop_assert!(edges[*node].iter().all(|required| done.contains(required)));
                let ready = |other: &usize| !done.contains(other) && edges[*other].iter().all(|n| done.contains(n));
                prop_assert_eq!((0..edges.len()).find(ready), Some(*node));
                done.insert(*node);
            }
            prop_assert_eq!(order.len() == edges.len(), shortest_cycle(&edges).is_empty());
        }

        #[test]
        fn f6_the_cycle_named_is_a_cycle_and_none_is_shorter(edges in any_graph()) {
            let cycle = shortest_cycle(&edges);
            for (node, next) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
                prop_assert!(edges[*node].contains(next));
            }
            let shortest = (0..edges.len()).filter_map(|node| way_back(&edges, node)).min();
            prop_assert_eq!((!cycle.is_empty()).then_some(cycle.len()), shortest);
            prop_assert_eq!(cycle.first(), cycle.iter().min());
        }
    }
}
