//! Which variables are stored, and which are computed again wherever they are read.

use jaxrs_data::{Result, SmallVec};
use jaxrs_ir::Prim;
use jaxrs_ir::lower::Lowering;
use rustc_hash::{FxHashMap, FxHashSet};

use super::graph::{Graph, Operand, Region, Var};
use super::probe::{self, Demand, Use};
use super::pull::is_pointwise;

/// What computing an element again may cost, in additions, before storing it pays: a store and a load
/// that stream through memory take about as long.
const WORTH_STORING: f64 = 8.0;
/// What is always computed again, however often: index arithmetic and the like.
const FREE: f64 = 4.0;
/// How many instructions one kernel may be given.
const MAX_INSTS: usize = 400;
/// How deep rules may call one another.
const MAX_DEPTH: usize = 60;

/// What was decided for the equations of a region.
pub(crate) struct Decisions {
    first: usize,
    /// How each is lowered.
    lowerings: Vec<Lowering>,
    /// The variables that are stored.
    stored: FxHashSet<Var>,
}

impl Decisions {
    /// How an equation is lowered.
    pub(crate) fn lowering(&self, eqn: usize) -> Lowering {
        self.lowerings[eqn - self.first]
    }

    /// Whether a variable is stored.
    pub(crate) fn is_stored(&self, var: Var) -> bool {
        self.stored.contains(&var)
    }
}

/// How often the elements of a variable would be computed by one kernel.
#[derive(Clone, Copy, Debug)]
struct Reader {
    /// The equation whose kernel it is.
    root: usize,
    /// Along paths that keep the index: these are shared.
    same: f64,
    /// Along other paths.
    moved: f64,
    /// Whether inside a loop of the kernel.
    in_loop: bool,
    /// How many equations lie between.
    depth: usize,
}

type Readers = SmallVec<[Reader; 2]>;

/// Decides for all variables of a region. Those in `needed` are stored in any case.
pub(crate) fn decide(
    graph: &Graph,
    region: &Region,
    needed: impl IntoIterator<Item = Var>,
) -> Result<Decisions> {
    let first = region.eqns.start;
    let lowerings: Vec<Lowering> =
        region.eqns.clone().map(|eqn| probe::lowering(graph, eqn)).collect();
    let mut demands = Vec::with_capacity(lowerings.len());
    for (k, &lowering) in lowerings.iter().enumerate() {
        demands.push(demand(graph, first + k, lowering)?);
    }
    let mut decider = Decider {
        graph,
        first,
        chain_costs: chain_costs(graph, first, &lowerings, &demands),
        demands,
        readers: FxHashMap::default(),
        n_insts: FxHashMap::default(),
        decisions: Decisions { first, lowerings, stored: needed.into_iter().collect() },
    };
    for eqn in region.eqns.clone().rev() {
        decider.visit(eqn);
    }
    Ok(decider.decisions)
}

struct Decider<'g> {
    graph: &'g Graph,
    first: usize,
    demands: Vec<Demand>,
    chain_costs: Vec<f64>,
    readers: FxHashMap<Var, Readers>,
    n_insts: FxHashMap<usize, usize>,
    decisions: Decisions,
}

impl Decider<'_> {
    fn visit(&mut self, eqn: usize) {
        let lowering = self.decisions.lowering(eqn);
        let outputs = self.graph.eqns[eqn].outputs.clone();
        let mut readers = Readers::new();
        let is_elementwise = matches!(lowering, Lowering::Elements | Lowering::Reduction);
        for &out in &outputs {
            if !is_elementwise || self.is_worth_storing(eqn, out, lowering) {
                self.decisions.stored.insert(out);
            }
            if self.decisions.is_stored(out) {
                let numel = self.graph.info(out).ty.shape.numel() as f64;
                let in_loop = lowering == Lowering::Control;
                let own = Reader { root: eqn, same: numel, moved: 0.0, in_loop, depth: 0 };
                merge(&mut readers, own);
            } else {
                for reader in self.readers.remove(&out).unwrap_or_default() {
                    merge(&mut readers, reader);
                }
            }
        }
        if outputs.is_empty() {
            let in_loop = lowering == Lowering::Control;
            merge(&mut readers, Reader { root: eqn, same: 1.0, moved: 0.0, in_loop, depth: 0 });
        }
        let n_insts = self.demands[eqn - self.first].n_insts;
        for reader in &readers {
            *self.n_insts.entry(reader.root).or_default() += n_insts;
        }
        self.hand_on(eqn, lowering, &readers);
    }

    fn is_worth_storing(&self, eqn: usize, var: Var, lowering: Lowering) -> bool {
        let Some(readers) = self.readers.get(&var) else { return false };
        let numel = (self.graph.info(var).ty.shape.numel() as f64).max(1.0);
        let n_evals: f64 = readers.iter().map(|r| r.same + r.moved).sum();
        let again = n_evals / numel - 1.0;
        if lowering == Lowering::Reduction {
            return again > 0.01 || readers.iter().any(|reader| reader.in_loop);
        }
        let n_insts = self.demands[eqn - self.first].n_insts;
        let too_large = |r: &Reader| {
            self.n_insts.get(&r.root).copied().unwrap_or(0) + n_insts > MAX_INSTS
                || r.depth > MAX_DEPTH
        };
        let cost = self.chain_costs[eqn - self.first];
        readers.iter().any(too_large) || (cost > FREE && again * cost > WORTH_STORING)
    }

    /// Tells the operands of an equation who reads them through it.
    fn hand_on(&mut self, eqn: usize, lowering: Lowering, readers: &Readers) {
        let graph = self.graph;
        let equation = &graph.eqns[eqn];
        let numel = equation.outputs.first().map_or(1, |&out| graph.info(out).ty.shape.numel());
        let numel = (numel as f64).max(1.0);
        let step = usize::from(!is_pointwise(&equation.prim));
        for (k, operand) in equation.inputs.iter().enumerate() {
            let Operand::Var(var) = *operand else { continue };
            let asked: Use = self.demands[eqn - self.first].uses[k];
            let aliases = lowering == Lowering::Update && k > 0 && self.reads(var, eqn);
            if asked.as_buffer || aliases {
                self.decisions.stored.insert(var);
                continue;
            }
            let (same, moved) = (asked.same / numel, asked.moved / numel);
            let entry = self.readers.entry(var).or_default();
            for r in readers {
                let reader = Reader {
                    root: r.root,
                    same: r.same * same,
                    moved: r.same * moved + r.moved * (same + moved),
                    in_loop: r.in_loop || lowering == Lowering::Reduction,
                    depth: r.depth + step,
                };
                merge(entry, reader);
            }
        }
    }

    /// Whether a variable is computed from the array that an equation updates: it must then be stored
    /// before, as the update may run in place.
    fn reads(&self, var: Var, update: usize) -> bool {
        let Operand::Var(updated) = self.graph.eqns[update].inputs[0] else { return false };
        let mut open = vec![var];
        let mut seen = FxHashSet::default();
        while let Some(var) = open.pop() {
            if var == updated {
                return true;
            }
            let Some((eqn, _)) = self.graph.info(var).eqn else { continue };
            if eqn < self.first || !seen.insert(eqn) {
                continue;
            }
            open.extend(self.graph.eqns[eqn].inputs.iter().filter_map(|operand| match operand {
                Operand::Var(var) => Some(*var),
                Operand::Literal(_) => None,
            }));
        }
        false
    }
}

fn merge(readers: &mut Readers, new: Reader) {
    match readers.iter_mut().find(|r| r.root == new.root) {
        Some(r) => {
            r.same = r.same.max(new.same);
            r.moved += new.moved;
            r.in_loop |= new.in_loop;
            r.depth = r.depth.max(new.depth);
        }
        None => readers.push(new),
    }
}

fn demand(graph: &Graph, eqn: usize, lowering: Lowering) -> Result<Demand> {
    match lowering {
        Lowering::Control | Lowering::Inline | Lowering::Composed => Ok(control(graph, eqn)),
        _ => probe::demand(graph, eqn, lowering),
    }
}

/// Control flow reads what its first iteration starts from once, the rest many times.
fn control(graph: &Graph, eqn: usize) -> Demand {
    let equation = &graph.eqns[eqn];
    let size = |operand: &Operand| graph.ty(operand).shape.numel() as f64;
    let use_of = |(k, operand): (usize, &Operand)| {
        let numel = size(operand);
        match &equation.prim {
            Prim::Cond(_) => Use { same: 0.0, moved: numel, as_buffer: k == 0 },
            Prim::Scan(scan) if k < scan.num_consts => {
                Use { moved: numel * scan.length as f64, ..Use::default() }
            }
            // Where points run through the loop by themselves, each reads what all have in common.
            Prim::Scan(scan) if k >= scan.num_consts + scan.num_carry => {
                let carry = &equation.inputs[scan.num_consts..][..scan.num_carry];
                let n_points = carry.iter().map(size).fold(1.0, f64::max);
                let slice = (numel / scan.length.max(1) as f64).max(1.0);
                Use { moved: numel * (n_points / slice).max(1.0), ..Use::default() }
            }
            Prim::While(w) if k < w.cond_nconsts + w.body_nconsts => {
                Use { moved: numel * 16.0, ..Use::default() }
            }
            _ => Use { moved: numel, ..Use::default() },
        }
    };
    let numel = equation.outputs.first().map_or(1, |&out| graph.info(out).ty.shape.numel());
    let mut uses: SmallVec<[Use; 4]> = equation.inputs.iter().enumerate().map(use_of).collect();
    // Readers are counted by the element of the first result.
    let scale = if numel == 0 { 0.0 } else { 1.0 };
    uses.iter_mut().for_each(|u| u.moved *= scale);
    Demand { uses, cost: 0.0, n_insts: 0 }
}

/// For each equation, what computing one element costs from stored variables on, where everything but
/// loops and whole-array operations is computed again.
fn chain_costs(
    graph: &Graph,
    first: usize,
    lowerings: &[Lowering],
    demands: &[Demand],
) -> Vec<f64> {
    let mut costs: Vec<f64> = Vec::with_capacity(demands.len());
    for (k, demand) in demands.iter().enumerate() {
        let equation = &graph.eqns[first + k];
        let numel = equation.outputs.first().map_or(1, |&v| graph.info(v).ty.shape.numel());
        let mut cost = demand.cost;
        for (operand, asked) in equation.inputs.iter().zip(&demand.uses) {
            let Operand::Var(var) = operand else { continue };
            let Some((eqn, _)) = graph.info(*var).eqn.filter(|(eqn, _)| *eqn >= first) else {
                continue;
            };
            // What is read many times over is stored itself if that is worth it.
            let is_repeated = graph.info(*var).ty.shape.numel() * 2 <= numel;
            if lowerings[eqn - first] == Lowering::Elements && !is_repeated {
                cost += costs[eqn - first] * (asked.same + asked.moved) / (numel.max(1) as f64);
            }
        }
        costs.push(cost.min(1e12));
    }
    costs
}
