//! In what order things are done, and what is done together.
//!
//! Each stored variable starts as a kernel of its own. Kernels are then merged: into one that reads what
//! they compute, where each point reads only what that point computed; and with one that reads the same
//! arrays over the same domain. Reductions merge with what surrounds them row by row, so that softmax or
//! a layer norm and its gradient become one kernel over rows, with several loops over each.

mod places;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use jaxrs_data::{Result, SmallVec};
use jaxrs_ir::lower::Lowering;
use jaxrs_kernel::{Inst, Kernel};
use rustc_hash::{FxHashMap, FxHashSet};

use self::places::Places;
use super::Lowerer;
use super::decide::Decisions;
use super::graph::{Operand, Region, Var};

/// How large a merged kernel may get, in values.
const MAX_VALUES: usize = 800;
/// How many nodes a search for a path may visit before it gives up.
const MAX_VISITS: usize = 400;
/// Arrays up to this size are computed together even if they have nothing in common.
const TINY: usize = 64;
/// Rows up to this length are worth keeping together even if they are few.
const SHORT_ROW: usize = 4096;
/// With this many rows there is enough to do for all threads.
const MANY_ROWS: usize = 32;

/// Something to be done.
pub(crate) enum Node {
    /// A kernel that computes variables.
    Kernel(Box<Cluster>),
    /// An equation over whole arrays, or with programs of its own.
    Equation(usize),
}

/// Variables that one kernel computes.
pub(crate) struct Cluster {
    /// In the order of the program.
    pub(crate) roots: Vec<Var>,
    /// How many leading axes of all of them are the kernel's domain.
    pub(crate) rank: usize,
    /// Whether a root's own loops forbid any other domain.
    is_fixed: bool,
    /// The kernel, if there is a single root.
    pub(crate) alone: Option<Kernel>,
    /// Variables that nothing outside reads.
    pub(crate) internal: FxHashSet<Var>,
    n_values: usize,
}

/// What a node reads, and how far at its own point.
type Reads = Vec<(Var, usize)>;

struct Scheduler<'l, 'o> {
    lowerer: &'l Lowerer<'o>,
    decisions: &'l Decisions,
    nodes: Vec<Node>,
    reads: Vec<Reads>,
    /// The node that a merged node has become part of.
    merged_into: Vec<usize>,
    /// An order of the nodes that were not merged into others: what comes before a node has a lower place.
    places: Places,
    /// For each node, the nodes that come before it.
    before: Vec<SmallVec<[usize; 4]>>,
    producers: FxHashMap<Var, usize>,
}

impl Lowerer<'_> {
    /// What is to be done for a region, in order.
    pub(crate) fn schedule(&self, region: &Region, decisions: &Decisions) -> Result<Vec<Node>> {
        let mut scheduler = Scheduler {
            lowerer: self,
            decisions,
            nodes: Vec::new(),
            reads: Vec::new(),
            merged_into: Vec::new(),
            places: Places::default(),
            before: Vec::new(),
            producers: FxHashMap::default(),
        };
        scheduler.add_nodes(region)?;
        scheduler.add_order();
        scheduler.merge_all();
        scheduler.find_internal(region);
        Ok(scheduler.in_order())
    }

    /// The stored variables that computing an operand reads.
    fn reads_of(&self, operand: &Operand, found: &mut Reads, seen: &mut FxHashSet<Var>) {
        let mut open = vec![operand];
        while let Some(operand) = open.pop() {
            let Operand::Var(var) = *operand else { continue };
            if !seen.insert(var) {
                continue;
            }
            let info = self.graph.info(var);
            if info.stored.is_some() {
                found.push((var, 0));
            } else if let Some((eqn, _)) = info.eqn {
                open.extend(&self.graph.eqns[eqn].inputs);
            }
        }
    }
}

impl Scheduler<'_, '_> {
    fn add_nodes(&mut self, region: &Region) -> Result<()> {
        let decisions = self.decisions;
        for eqn in region.eqns.clone() {
            let outputs = &self.lowerer.graph.eqns[eqn].outputs;
            match decisions.lowering(eqn) {
                Lowering::Elements | Lowering::Reduction => {
                    for &out in outputs.iter().filter(|&&out| decisions.is_stored(out)) {
                        self.add_kernel(out)?;
                    }
                }
                _ => {
                    let (mut reads, mut seen) = (Reads::new(), FxHashSet::default());
                    for operand in &self.lowerer.graph.eqns[eqn].inputs {
                        self.lowerer.reads_of(operand, &mut reads, &mut seen);
                    }
                    self.add(Node::Equation(eqn), reads, outputs);
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, node: Node, reads: Reads, outputs: &[Var]) {
        let number = self.nodes.len();
        self.nodes.push(node);
        self.reads.push(reads);
        self.merged_into.push(number);
        self.places.push(number);
        self.producers.extend(outputs.iter().map(|&out| (out, number)));
    }

    fn add_kernel(&mut self, root: Var) -> Result<()> {
        let rank = self.lowerer.graph.info(root).ty.rank();
        if self.lowerer.graph.info(root).ty.shape.numel() == 0 {
            return Ok(());
        }
        let (kernel, reads) = self.lowerer.root_kernel(root)?;
        let has_loop = |inst: &Inst| matches!(inst, Inst::Loop(_) | Inst::While(_));
        let cluster = Cluster {
            roots: vec![root],
            rank,
            is_fixed: kernel.body.insts.iter().any(has_loop),
            n_values: kernel.values.len(),
            alone: Some(kernel),
            internal: FxHashSet::default(),
        };
        self.add(Node::Kernel(Box::new(cluster)), reads, &[root]);
        Ok(())
    }

    /// Puts producers before readers, readers of an array before what may update it in place, and what
    /// has an effect in the program's order.
    fn add_order(&mut self) {
        let mut readers: FxHashMap<Var, Vec<usize>> = FxHashMap::default();
        let mut last_effect: Option<usize> = None;
        for number in 0..self.nodes.len() {
            let mut before: SmallVec<[usize; 4]> = SmallVec::new();
            for (var, _) in &self.reads[number] {
                before.extend(self.producers.get(var).copied().filter(|&p| p != number));
                if let Node::Equation(eqn) = self.nodes[number]
                    && self.decisions.lowering(eqn) == Lowering::Update
                    && let Some(Operand::Var(first)) = self.lowerer.graph.eqns[eqn].inputs.first()
                    && first == var
                {
                    before.extend(readers.get(var).into_iter().flatten().copied());
                }
            }
            for (var, _) in &self.reads[number] {
                readers.entry(*var).or_default().push(number);
            }
            if let Node::Equation(eqn) = self.nodes[number]
                && self.lowerer.graph.eqns[eqn].prim.effect().is_some()
            {
                before.extend(last_effect.replace(number));
            }
            before.sort_unstable();
            before.dedup();
            self.before.push(before);
        }
    }

    fn find(&self, mut number: usize) -> usize {
        while self.merged_into[number] != number {
            number = self.merged_into[number];
        }
        number
    }

    fn merge_all(&mut self) {
        let mut readers: FxHashMap<Var, Vec<usize>> = FxHashMap::default();
        let mut tiny: FxHashMap<Vec<usize>, usize> = FxHashMap::default();
        for number in 0..self.nodes.len() {
            let Node::Kernel(cluster) = &self.nodes[number] else { continue };
            let shape = self.lowerer.graph.info(cluster.roots[0]).ty.shape.clone();
            let mut candidates: Vec<usize> = Vec::new();
            for (var, _) in &self.reads[number] {
                candidates.extend(self.producers.get(var));
            }
            candidates.sort_unstable_by_key(|&c| Reverse(c));
            for (var, _) in &self.reads[number] {
                let same = readers.get(var).into_iter().flatten().rev().take(4);
                candidates.extend(same);
            }
            if shape.numel() <= TINY {
                candidates.extend(tiny.insert(shape.to_vec(), number));
            }
            for candidate in candidates {
                self.try_merge(self.find(candidate), self.find(number));
            }
            for (var, _) in &self.reads[number] {
                readers.entry(*var).or_default().push(number);
            }
        }
    }

    /// Merges an earlier kernel into a later one, if that is possible.
    fn try_merge(&mut self, early: usize, late: usize) {
        if early == late {
            return;
        }
        let (early, late) = (early.min(late), early.max(late));
        let (Node::Kernel(a), Node::Kernel(b)) = (&self.nodes[early], &self.nodes[late]) else {
            return;
        };
        let Some(rank) = self.common_rank(a, b) else { return };
        if !self.is_aligned(early, late, rank) {
            return;
        }
        let [first, second] = self.places.sorted([early, late]);
        let Some(between) = self.needed_between(first, second) else { return };
        let is_fixed = a.is_fixed || b.is_fixed;
        let n_values = a.n_values + b.n_values;
        let mut roots: Vec<Var> = a.roots.iter().chain(&b.roots).copied().collect();
        roots.sort_by_key(|&root| self.lowerer.graph.info(root).eqn);
        let internal = FxHashSet::default();
        self.nodes[late] = Node::Kernel(Box::new(Cluster {
            roots,
            rank,
            is_fixed,
            alone: None,
            internal,
            n_values,
        }));
        self.merged_into[early] = late;
        self.places.merge([first, second], late, &between);
        let reads = std::mem::take(&mut self.reads[early]);
        self.reads[late].extend(reads);
        let before = std::mem::take(&mut self.before[early]);
        self.before[late].extend(before);
        let (find, late_before) = (|n| self.find(n), &self.before[late]);
        let mut before: SmallVec<[usize; 4]> =
            late_before.iter().map(|&n| find(n)).filter(|&n| n != late).collect();
        before.sort_unstable();
        before.dedup();
        self.before[late] = before;
    }

    /// The domain's rank if two clusters may share one.
    fn common_rank(&self, a: &Cluster, b: &Cluster) -> Option<usize> {
        let shape = |var: &Var| &self.lowerer.graph.info(*var).ty.shape;
        let rank = match (a.is_fixed, b.is_fixed) {
            (true, true) if a.rank != b.rank => return None,
            (true, _) => a.rank,
            (false, true) => b.rank,
            (false, false) if shape(&a.roots[0]) != shape(&b.roots[0]) => return None,
            (false, false) => a.rank,
        };
        let domain = shape(&a.roots[0]).get(..rank)?;
        let mut roots = a.roots.iter().chain(&b.roots);
        if a.n_values + b.n_values > MAX_VALUES || !roots.all(|v| shape(v).starts_with(domain)) {
            return None;
        }
        let n_rows: usize = domain.iter().product();
        let row = |v: &Var| shape(v)[rank..].iter().product::<usize>();
        let longest = a.roots.iter().chain(&b.roots).map(row).max()?;
        (longest == 1 || n_rows >= MANY_ROWS || longest <= SHORT_ROW).then_some(rank)
    }

    /// Whether each of two clusters reads what the other computes at its own rows only.
    fn is_aligned(&self, early: usize, late: usize, rank: usize) -> bool {
        let mut own = self.reads[early].iter().chain(&self.reads[late]);
        own.all(|&(var, aligned)| match self.producers.get(&var).map(|&p| self.find(p)) {
            Some(p) if p == early || p == late => {
                let full = self.lowerer.graph.info(var).ty.rank() == rank;
                aligned >= rank && (!full || aligned == usize::MAX || aligned == rank)
            }
            _ => true,
        })
    }

    /// What has to be done before the second node and may be done after the first one; nothing if some of it
    /// needs the first one, so that the two cannot be one.
    fn needed_between(&self, first: usize, second: usize) -> Option<FxHashSet<usize>> {
        let mut seen: FxHashSet<usize> = FxHashSet::default();
        let mut open: Vec<usize> =
            self.before[second].iter().map(|&n| self.find(n)).filter(|&n| n != first).collect();
        while let Some(number) = open.pop() {
            if number == first || seen.len() > MAX_VISITS {
                return None;
            }
            if self.places.is_before(number, first) || !seen.insert(number) {
                continue;
            }
            open.extend(self.before[number].iter().map(|&n| self.find(n)));
        }
        Some(seen)
    }

    /// Finds out which variables are read by their own kernel alone.
    fn find_internal(&mut self, region: &Region) {
        let mut outside: FxHashSet<Var> = FxHashSet::default();
        for operand in &region.outputs {
            let mut reads = Reads::new();
            self.lowerer.reads_of(operand, &mut reads, &mut FxHashSet::default());
            outside.extend(reads.iter().map(|(var, _)| *var));
        }
        for number in 0..self.nodes.len() {
            for (var, _) in &self.reads[number] {
                if self.producers.get(var).is_some_and(|&p| self.find(p) != number) {
                    outside.insert(*var);
                }
            }
        }
        for node in &mut self.nodes {
            if let Node::Kernel(cluster) = node {
                let inside = cluster.roots.iter().copied().filter(|v| !outside.contains(v));
                cluster.internal = inside.collect();
            }
        }
    }

    /// The nodes in an order that respects what needs what, and otherwise the program's.
    fn in_order(self) -> Vec<Node> {
        let n_nodes = self.nodes.len();
        let mut n_waits = vec![0usize; n_nodes];
        let mut after: Vec<Vec<usize>> = vec![Vec::new(); n_nodes];
        for number in (0..n_nodes).filter(|&n| self.find(n) == n) {
            let mut before: Vec<usize> =
                self.before[number].iter().map(|&n| self.find(n)).collect();
            before.sort_unstable();
            before.dedup();
            before.retain(|&n| n != number);
            n_waits[number] = before.len();
            before.iter().for_each(|&n| after[n].push(number));
        }
        let is_ready = |&n: &usize| self.find(n) == n && n_waits[n] == 0;
        let mut ready: BinaryHeap<Reverse<usize>> =
            (0..n_nodes).filter(is_ready).map(Reverse).collect();
        let mut order = Vec::with_capacity(n_nodes);
        while let Some(Reverse(number)) = ready.pop() {
            order.push(number);
            for &next in &after[number] {
                n_waits[next] -= 1;
                if n_waits[next] == 0 {
                    ready.push(Reverse(next));
                }
            }
        }
        let mut nodes: Vec<Option<Node>> = self.nodes.into_iter().map(Some).collect();
        order.into_iter().filter_map(|number| nodes[number].take()).collect()
    }
}
