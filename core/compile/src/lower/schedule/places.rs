//! A topological order that is kept while nodes become one (after Pearce and Kelly, "A dynamic topological
//! sort algorithm for directed acyclic graphs", 2006: only what lies between the two changes its place).

use rustc_hash::FxHashSet;

/// The places of nodes, which are numbered in an order that is good to begin with.
#[derive(Default)]
pub(super) struct Places {
    of: Vec<usize>,
    /// The node at each place; merging leaves a place empty.
    at: Vec<Option<usize>>,
}

impl Places {
    /// Adds a node at the end.
    pub(super) fn push(&mut self, node: usize) {
        debug_assert_eq!(node, self.of.len(), "nodes are numbered in order");
        self.of.push(self.at.len());
        self.at.push(Some(node));
    }

    pub(super) fn is_before(&self, a: usize, b: usize) -> bool {
        self.of[a] < self.of[b]
    }

    pub(super) fn sorted(&self, [a, b]: [usize; 2]) -> [usize; 2] {
        if self.is_before(b, a) { [b, a] } else { [a, b] }
    }

    /// Two nodes, in order, become `merged`, which is one of them; `needed` are those between them that have
    /// to come before the second.
    pub(super) fn merge(
        &mut self,
        [first, second]: [usize; 2],
        merged: usize,
        needed: &FxHashSet<usize>,
    ) {
        let span = self.of[first]..self.of[second] + 1;
        let nodes: Vec<usize> = self.at[span.clone()].iter().copied().flatten().collect();
        let inner = || nodes.iter().copied().filter(|&n| n != first && n != second);
        let before = inner().filter(|n| needed.contains(n));
        let after = inner().filter(|n| !needed.contains(n));
        let order: Vec<usize> = before.chain([merged]).chain(after).collect();
        self.at[span.clone()].fill(None);
        for (place, node) in span.zip(order) {
            self.at[place] = Some(node);
            self.of[node] = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_second_needs_comes_first_and_the_rest_after() {
        let mut places = Places::default();
        (0..6).for_each(|node| places.push(node));
        // 1 and 4 become 4, which needs 3, while 2 needs 1.
        places.merge([1, 4], 4, &FxHashSet::from_iter([3]));
        let at: Vec<usize> = places.at.iter().copied().flatten().collect();
        assert_eq!(at, [0, 3, 4, 2, 5]);
        assert!(places.is_before(3, 4) && places.is_before(4, 2));
        assert_eq!(places.sorted([2, 4]), [4, 2]);
        // And once more, over the empty place.
        places.merge([3, 5], 5, &FxHashSet::default());
        let at: Vec<usize> = places.at.iter().copied().flatten().collect();
        assert_eq!(at, [0, 5, 4, 2]);
    }
}
