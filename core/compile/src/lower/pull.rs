//! Computing one element of a variable inside a kernel: read where it is stored, otherwise computed from
//! elements of the operands of its equation, and so on.

mod elements;
mod loops;
mod memory;
mod pointwise;

use jaxrs_data::{Error, Result, Shape, SmallVec};
use jaxrs_kernel::{BodyBuilder, ValueId};
use rustc_hash::FxHashMap;

pub(crate) use self::pointwise::is_pointwise;
use super::graph::{Graph, Operand, Var, View};

/// An element's index: an `i64` for each axis.
pub(crate) type Index = SmallVec<[ValueId; 4]>;

/// What a variable is inside one kernel only.
#[derive(Clone, Debug)]
pub(crate) enum Local {
    /// Computed by this kernel, wherever else it is stored.
    Computed,
    /// Held in registers: the elements of one point, row-major over the trailing axes.
    Registers {
        /// How many leading axes are the kernel's own axes.
        n_lanes: usize,
        /// The elements.
        values: Vec<ValueId>,
    },
    /// Computed by this kernel for a row at a time: each point owns what follows the kernel's axes. What
    /// is computed in a loop over the row is stored there, and read by later loops.
    Row {
        /// Where rows are stored.
        view: View,
        /// Whether the point's row has been stored.
        done: bool,
    },
    /// A slice of another variable along its first axis.
    Slice {
        /// Of what.
        of: Operand,
        /// Which.
        at: ValueId,
    },
}

/// A variable's element at an index, where a mask holds.
type Key = (Var, Index, Option<ValueId>);

/// Builds the body of one kernel by demand.
pub(crate) struct Puller<'g> {
    pub(crate) graph: &'g Graph,
    pub(crate) body: BodyBuilder,
    /// What variables are here and nowhere else.
    pub(crate) locals: FxHashMap<Var, Local>,
    /// The coordinates of the point.
    pub(crate) point: Index,
    /// Whether an element was asked for that this kernel cannot give.
    pub(crate) gave_up: bool,
    /// Loops up to this length are unrolled, if the whole does not get too large.
    pub(crate) unroll: usize,
    /// If set, the total number of iterations that loops inside of a point may have.
    pub(crate) max_trips: Option<usize>,
    /// The variables read from memory, each with the number of leading coordinates that were the point's
    /// own; `usize::MAX` where the index was exactly the point.
    pub(crate) reads: Vec<(Var, usize)>,
    /// Values that are zero where a mask does not hold.
    masked: FxHashMap<ValueId, ValueId>,
    /// The open loops: counters and lengths.
    loops: Vec<(ValueId, usize)>,
    /// Rows that are being stored by the open loop.
    storing: Vec<Var>,
    /// Values known in each open block.
    known: Vec<FxHashMap<Key, ValueId>>,
    /// The equation whose element rule is running.
    eqn: usize,
    mask: Option<ValueId>,
    n_copies: usize,
    n_trips: usize,
}

impl<'g> Puller<'g> {
    /// A body for a kernel over an index space.
    pub(crate) fn new(graph: &'g Graph, domain: &[usize]) -> Puller<'g> {
        let mut body = BodyBuilder::for_domain(domain);
        let coordinate = |(axis, &dim): (usize, &usize)| match dim {
            1 => body.index(0),
            _ => body.point(axis),
        };
        let point = domain.iter().enumerate().map(coordinate).collect();
        Puller {
            graph,
            body,
            locals: FxHashMap::default(),
            point,
            gave_up: false,
            unroll: 8,
            max_trips: None,
            reads: Vec::new(),
            masked: FxHashMap::default(),
            loops: Vec::new(),
            storing: Vec::new(),
            n_trips: 1,
            known: vec![FxHashMap::default()],
            eqn: 0,
            mask: None,
            n_copies: 1,
        }
    }

    /// Runs a part of a body on behalf of an equation, whose operands it may ask for.
    pub(crate) fn within<T>(&mut self, eqn: usize, body: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.eqn, eqn);
        let result = body(self);
        self.eqn = outer;
        result
    }

    /// One element of an operand.
    pub(crate) fn pull(&mut self, operand: &Operand, index: &[ValueId]) -> Result<ValueId> {
        match operand {
            Operand::Literal(literal) => Ok(self.body.constant(literal.ty().dtype, literal.get(0))),
            Operand::Var(var) => self.pull_var(*var, index),
        }
    }

    /// One element of a variable.
    pub(crate) fn pull_var(&mut self, var: Var, index: &[ValueId]) -> Result<ValueId> {
        let key = (var, Index::from_slice(index), self.mask);
        if let Some(&value) = self.known.iter().rev().find_map(|known| known.get(&key)) {
            return Ok(value);
        }
        let value = self.compute(var, index)?;
        if let Some(known) = self.known.last_mut() {
            known.insert(key, value);
        }
        Ok(value)
    }

    fn compute(&mut self, var: Var, index: &[ValueId]) -> Result<ValueId> {
        let graph = self.graph;
        let info = graph.info(var);
        let is_computed = match self.locals.get(&var) {
            Some(Local::Registers { n_lanes, values }) => {
                let (n_lanes, values) = (*n_lanes, values.clone());
                return self.register(&info.ty.shape, n_lanes, &values, index);
            }
            Some(Local::Slice { of, at }) => {
                let (of, mut outer) = (of.clone(), Index::from_slice(&[*at]));
                outer.extend_from_slice(index);
                return self.pull(&of, &outer);
            }
            Some(Local::Row { view, done: true }) => {
                let view = view.clone();
                return Ok(self.load(&view, &info.ty, index));
            }
            Some(Local::Row { view, done: false }) => {
                let view = view.clone();
                return self.compute_row(var, &view, index);
            }
            Some(Local::Computed) => true,
            None => false,
        };
        if let (Some(view), false) = (&info.stored, is_computed) {
            self.note_read(var, index);
            return Ok(self.load(view, &info.ty, index));
        }
        self.compute_by_rule(var, index)
    }

    /// The element of a row; if the open loop runs over just that row, it is stored on the way.
    fn compute_row(&mut self, var: Var, view: &View, index: &[ValueId]) -> Result<ValueId> {
        let value = self.compute_by_rule(var, index)?;
        let graph = self.graph;
        let shape = &graph.info(var).ty.shape;
        let n_lanes = self.point.len();
        let runs_over_row = index.len() == n_lanes + 1
            && index[..n_lanes] == self.point[..]
            && self.loops[..] == [(index[n_lanes], shape[n_lanes])]
            && self.mask.is_none()
            && !self.storing.contains(&var);
        if runs_over_row {
            self.store(view, shape, index, value, None);
            self.storing.push(var);
        }
        Ok(value)
    }

    /// Whether the open loop stores, or an earlier one has stored, the point's row of a variable.
    pub(crate) fn is_row_stored(&self, var: Var) -> bool {
        self.storing.contains(&var)
            || matches!(self.locals.get(&var), Some(Local::Row { done: true, .. }))
    }

    fn note_read(&mut self, var: Var, index: &[ValueId]) {
        let own = index.iter().zip(&self.point).take_while(|(i, p)| i == p).count();
        let is_point = index == &self.point[..];
        self.reads.push((var, if is_point { usize::MAX } else { own }));
    }

    fn compute_by_rule(&mut self, var: Var, index: &[ValueId]) -> Result<ValueId> {
        let graph = self.graph;
        let info = graph.info(var);
        if let Some((of, lead)) = info.slice {
            let mut outer = Index::from_slice(&[self.lead(lead)]);
            outer.extend_from_slice(index);
            return self.pull_var(of, &outer);
        }
        let Some((eqn, output)) = info.eqn else {
            return Err(Error::internal("a kernel reads an input that has no buffer"));
        };
        let prim = &graph.eqns[eqn].prim;
        self.within(eqn, |puller| prim.element(puller, output, index))
    }

    /// An element that is held in a register, if the index is the point's own and otherwise constant.
    fn register(
        &mut self,
        shape: &Shape,
        n_lanes: usize,
        values: &[ValueId],
        index: &[ValueId],
    ) -> Result<ValueId> {
        let mut position = Some(0);
        for (axis, &i) in index.iter().enumerate().skip(n_lanes) {
            let known = self.body.as_constant(i).map(|i| i.as_i64() as usize);
            position = position.zip(known).map(|(p, i)| p * shape[axis] + i);
        }
        // A slot that is empty holds no element at all.
        let value = position.and_then(|position| values.get(position));
        match value {
            Some(&value) if index[..n_lanes] == self.point[..n_lanes] => Ok(value),
            _ => Err(self.give_up()),
        }
    }

    /// Records that the kernel cannot be built, and gives the error to unwind with.
    pub(crate) fn give_up(&mut self) -> Error {
        self.gave_up = true;
        Error::internal("an element of a loop's carry that belongs to another point is needed")
    }
}
