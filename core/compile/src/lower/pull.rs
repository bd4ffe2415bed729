//! Computing one element of a variable inside a kernel: read where it is stored, otherwise computed from
//! elements of the operands of its equation, and so on.

use jaxrs_data::{DType, Error, Result, Scalar, Shape, SmallVec, Type};
use jaxrs_ir::Prim;
use jaxrs_ir::lower::Elements;
use jaxrs_kernel::{BodyBuilder, LoopKind, ValueId};
use rustc_hash::FxHashMap;

use super::graph::{Graph, Lead, Operand, Var, View};

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

/// Loops of at most this many iterations, counted together with those around them, become straight code.
const MAX_UNROLLED: usize = 32;

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
        let prim: &Prim = &graph.eqns[eqn].prim;
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

    /// The counter of a loop, as it selects.
    pub(crate) fn lead(&mut self, lead: Lead) -> ValueId {
        let counter = self.body.index_var(lead.var);
        match lead.reversed {
            None => counter,
            Some(trips) => {
                let last = self.body.index(trips as i64 - 1);
                self.body.op(jaxrs_kernel::ScalarOp::Sub, &[last, counter])
            }
        }
    }

    /// The position of an element in the buffer of a view.
    pub(crate) fn position(&mut self, view: &View, shape: &[usize], index: &[ValueId]) -> ValueId {
        let mut position = self.ravel(shape, index);
        for &lead in &view.leads {
            let (counter, stride) = (self.lead(lead), self.body.index(lead.stride as i64));
            let offset = self.body.mul(counter, stride);
            position = self.body.add(position, offset);
        }
        position
    }

    /// The row-major position, by Horner's rule, so that leading axes that always go together can be
    /// recognised and joined.
    pub(crate) fn ravel(&mut self, shape: &[usize], index: &[ValueId]) -> ValueId {
        let mut position = self.body.index(0);
        for (&dim, &i) in shape.iter().zip(index) {
            let dim = self.body.index(dim as i64);
            let scaled = self.body.mul(position, dim);
            position = self.body.add(scaled, i);
        }
        position
    }

    fn load(&mut self, view: &View, ty: &Type, index: &[ValueId]) -> ValueId {
        let position = self.position(view, &ty.shape, index);
        let value = self.body.load(view.buffer, ty.dtype, position, self.mask);
        if let Some(mask) = self.mask {
            self.masked.insert(value, mask);
        }
        value
    }

    /// Stores an element, unless a mask excludes it.
    pub(crate) fn store(
        &mut self,
        view: &View,
        shape: &[usize],
        index: &[ValueId],
        value: ValueId,
        mask: Option<ValueId>,
    ) {
        let position = self.position(view, shape, index);
        self.body.store(view.buffer, position, value, mask);
    }

    /// Computes what one element needs, operands before results, along chains of pointwise equations.
    /// Only the order changes; but without it, long chains would need a deep stack, and values first
    /// needed in a loop would be computed in it.
    pub(crate) fn pull_chain(&mut self, roots: &[Operand], index: &[ValueId]) -> Result<()> {
        for var in pointwise_ancestors(self.graph, roots, &self.locals) {
            self.pull_var(var, index)?;
        }
        Ok(())
    }

    /// Opens a scope of known values, for loops that are opened in the builder directly.
    pub(crate) fn enter_block(&mut self) {
        self.known.push(FxHashMap::default());
    }

    /// Closes the innermost scope of known values.
    pub(crate) fn leave_block(&mut self) {
        self.known.pop();
    }

    /// A counted loop: straight code if it is short.
    pub(crate) fn looped(
        &mut self,
        kind: LoopKind,
        trips: usize,
        inits: &[ValueId],
        body: LoopBody<'_, Self>,
    ) -> Result<SmallVec<[ValueId; 2]>> {
        if trips <= 1 || (trips <= self.unroll && trips * self.n_copies <= MAX_UNROLLED) {
            return self.unrolled(&kind, trips, inits, body);
        }
        self.n_trips *= trips;
        if self.max_trips.is_some_and(|most| self.n_trips > most) {
            return Err(self.give_up());
        }
        let open = self.body.begin_loop(kind, trips, inits);
        self.enter_block();
        let (index, params) = (open.index, open.params.clone());
        self.loops.push((index, trips));
        let yields = body(self, index, &params);
        self.loops.pop();
        self.leave_block();
        self.n_trips /= trips;
        if self.loops.is_empty() {
            for var in std::mem::take(&mut self.storing) {
                if let Some(Local::Row { done, .. }) = self.locals.get_mut(&var) {
                    *done = true;
                }
            }
        }
        Ok(self.body.end_loop(open, yields?))
    }

    fn unrolled(
        &mut self,
        kind: &LoopKind,
        trips: usize,
        inits: &[ValueId],
        body: LoopBody<'_, Self>,
    ) -> Result<SmallVec<[ValueId; 2]>> {
        self.n_copies *= trips.max(1);
        let mut carried: SmallVec<[ValueId; 2]> = inits.into();
        for i in 0..trips {
            let i = self.body.index(i as i64);
            let next = body(self, i, &carried)?;
            match kind {
                LoopKind::Sequential => carried = next,
                LoopKind::Map => {}
                LoopKind::Reduce(ops) => {
                    for ((carried, next), op) in carried.iter_mut().zip(next).zip(ops) {
                        *carried = self.body.op(op.op(), &[*carried, next]);
                    }
                }
            }
        }
        self.n_copies /= trips.max(1);
        Ok(carried)
    }
}

/// What a loop runs: the counter and the carried values come in, the next ones go out.
type LoopBody<'a, P> =
    &'a mut dyn FnMut(&mut P, ValueId, &[ValueId]) -> Result<SmallVec<[ValueId; 2]>>;

impl Elements for Puller<'_> {
    fn builder(&mut self) -> &mut BodyBuilder {
        &mut self.body
    }

    fn n_inputs(&self) -> usize {
        self.graph.eqns[self.eqn].inputs.len()
    }

    fn input_type(&self, operand: usize) -> &Type {
        self.graph.input_type(self.eqn, operand)
    }

    fn output_type(&self, output: usize) -> &Type {
        &self.graph.info(self.graph.eqns[self.eqn].outputs[output]).ty
    }

    fn operand(&mut self, operand: usize, index: &[ValueId]) -> Result<ValueId> {
        let graph = self.graph;
        self.pull(&graph.eqns[self.eqn].inputs[operand], index)
    }

    fn operand_where(
        &mut self,
        operand: usize,
        index: &[ValueId],
        mask: ValueId,
    ) -> Result<ValueId> {
        let graph = self.graph;
        let operand = &graph.eqns[self.eqn].inputs[operand];
        let dtype: DType = graph.ty(operand).dtype;
        let zero = Scalar::zero(dtype);
        match self.body.as_constant(mask) {
            Some(Scalar::Bool(true)) => return self.pull(operand, index),
            Some(_) => return Ok(self.body.constant(dtype, zero)),
            None => {}
        }
        let inner = match self.mask {
            None => mask,
            Some(outer) => self.body.op(jaxrs_kernel::ScalarOp::And, &[outer, mask]),
        };
        let outer = self.mask.replace(inner);
        let value = self.pull(operand, index);
        self.mask = outer;
        let value = value?;
        if self.masked.get(&value) == Some(&inner) {
            return Ok(value);
        }
        // Kernels only load, store and convert 16-bit floats.
        let wide = match dtype {
            DType::F16 | DType::BF16 => DType::F32,
            other => other,
        };
        let (value, zero) = (self.body.cast(value, wide), self.body.constant(wide, zero));
        let chosen = self.body.select(mask, value, zero);
        Ok(self.body.cast(chosen, dtype))
    }

    fn counted(
        &mut self,
        kind: LoopKind,
        trips: usize,
        inits: &[ValueId],
        body: &mut dyn FnMut(
            &mut dyn Elements,
            ValueId,
            &[ValueId],
        ) -> Result<SmallVec<[ValueId; 2]>>,
    ) -> Result<SmallVec<[ValueId; 2]>> {
        self.looped(kind, trips, inits, &mut |puller, i, carried| body(puller, i, carried))
    }
}

/// Whether each element of the results depends on the operands' elements at the same index only, or on
/// scalars.
pub(crate) fn is_pointwise(prim: &Prim) -> bool {
    matches!(
        prim,
        Prim::Unary(_)
            | Prim::Binary(_)
            | Prim::Compare(_)
            | Prim::SelectN(_)
            | Prim::Clamp(_)
            | Prim::ConvertElementType(_)
            | Prim::Complex(_)
            | Prim::ComplexPart(_)
            | Prim::Conj(_)
            | Prim::IntegerPow(_)
            | Prim::Cipher(_)
            | Prim::RandomSeed(_)
            | Prim::RandomClone(_)
    )
}

/// The variables of the same shape that given ones are computed from by pointwise equations, without
/// those that are read from memory, operands before results.
fn pointwise_ancestors(
    graph: &Graph,
    roots: &[Operand],
    locals: &FxHashMap<Var, Local>,
) -> Vec<Var> {
    let is_computed = |var: Var| match locals.get(&var) {
        Some(Local::Computed | Local::Row { done: false, .. }) => true,
        Some(_) => false,
        None => graph.info(var).stored.is_none() && graph.info(var).eqn.is_some(),
    };
    let mut found: FxHashMap<Var, (usize, usize)> = FxHashMap::default();
    let mut open: Vec<&Operand> = roots.iter().collect();
    while let Some(operand) = open.pop() {
        let Operand::Var(var) = *operand else { continue };
        let Some(eqn) = graph.info(var).eqn.filter(|_| is_computed(var)) else { continue };
        if !is_pointwise(&graph.eqns[eqn.0].prim) || found.insert(var, eqn).is_some() {
            continue;
        }
        let shape = &graph.info(var).ty.shape;
        open.extend(graph.eqns[eqn.0].inputs.iter().filter(|&i| graph.ty(i).shape == *shape));
    }
    let mut vars: Vec<Var> = found.keys().copied().collect();
    vars.sort_by_key(|var| found[var]);
    vars
}
