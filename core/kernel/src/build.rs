//! Building kernel bodies. Constants fold on the way, and equal pure instructions of one block are
//! shared, so that index arithmetic costs nothing where it is known.

mod complex;
mod keys;
mod narrow;
mod range;
mod simplify;

use std::collections::HashMap;

use jaxrs_data::{DType, Scalar, SmallVec};

use crate::body::{Block, Carried, Inst, Loop, LoopKind, ValueId, WhileLoop};
use crate::program::{BufferId, IndexVar};
use crate::scalar::{Compare, ReduceOp, ScalarOp};

use complex::CarriedParts;
pub use keys::KeyWords;
use range::Range;

/// What makes two pure instructions the same value.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Const(DType, [u64; 2]),
    Point(usize),
    Index(IndexVar),
    Op(ScalarOp, SmallVec<[ValueId; 3]>),
}

/// An open block: its instructions so far, and the pure values known in it.
#[derive(Default)]
struct Open {
    insts: Vec<Inst>,
    known: HashMap<Key, ValueId>,
}

/// A loop whose body is being built.
pub struct OpenLoop {
    /// The iteration counter.
    pub index: ValueId,
    /// The carried values inside the body.
    pub params: SmallVec<[ValueId; 2]>,
    kind: LoopKind,
    trips: usize,
    carried: CarriedParts,
    /// What combines the yields with the carried values, where that is done in the body.
    combine: Option<SmallVec<[ReduceOp; 2]>>,
}

/// A while loop whose condition is being built.
pub struct OpenCondition {
    /// The carried values, for condition and body.
    pub params: SmallVec<[ValueId; 2]>,
    carried: CarriedParts,
}

/// A while loop whose body is being built.
pub struct OpenWhile {
    /// The carried values, for the body.
    pub params: SmallVec<[ValueId; 2]>,
    carried: CarriedParts,
    condition: Block,
}

/// What is known of a value, for simplification.
#[derive(Clone)]
struct Fact {
    /// The operation that gives it, if one does.
    definition: Option<(ScalarOp, SmallVec<[ValueId; 3]>)>,
    /// Of an `i64`, where it lies.
    range: Range,
}

impl Default for Fact {
    fn default() -> Fact {
        Fact { definition: None, range: Range::ALL }
    }
}

/// Builds the body of one kernel, instruction by instruction; loops open and close blocks.
pub struct BodyBuilder {
    /// The sizes of the index space, as far as they are known.
    domain: Vec<usize>,
    values: Vec<DType>,
    facts: Vec<Fact>,
    constants: HashMap<ValueId, Scalar>,
    key_words: HashMap<ValueId, KeyWords>,
    open: Vec<Open>,
}

impl Default for BodyBuilder {
    fn default() -> BodyBuilder {
        BodyBuilder {
            domain: Vec::new(),
            values: Vec::new(),
            facts: Vec::new(),
            constants: HashMap::new(),
            key_words: HashMap::new(),
            open: vec![Open::default()],
        }
    }
}

impl BodyBuilder {
    /// A builder with an open outermost block.
    pub fn new() -> BodyBuilder {
        BodyBuilder::default()
    }

    /// A builder for an index space: index arithmetic is simpler where coordinates have limits.
    pub fn for_domain(domain: &[usize]) -> BodyBuilder {
        BodyBuilder { domain: domain.to_vec(), ..BodyBuilder::default() }
    }

    /// The value types and the outermost block.
    pub fn finish(mut self) -> (Vec<DType>, Block) {
        debug_assert_eq!(self.open.len(), 1, "a loop was left open");
        let insts = self.open.pop().map(|open| open.insts).unwrap_or_default();
        (self.values, Block { insts, yields: SmallVec::new() })
    }

    /// The element type of a value.
    pub fn dtype(&self, value: ValueId) -> DType {
        self.values[value.0 as usize]
    }

    /// The value, if it is known now.
    pub fn as_constant(&self, value: ValueId) -> Option<Scalar> {
        self.constants.get(&value).copied()
    }

    /// The number of instructions in the innermost open block, as a measure of size.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether nothing was built yet.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// A constant.
    pub fn constant(&mut self, dtype: DType, value: Scalar) -> ValueId {
        let value = value.cast(dtype);
        let key = Key::Const(dtype, bits(value));
        let id = self.pure(key, dtype, |out| Inst::Const { out, value });
        self.constants.insert(id, value);
        if let (DType::I64, Scalar::Int(value)) = (dtype, value) {
            self.facts[id.0 as usize].range = Range { low: value, high: value };
        }
        id
    }

    /// An `i64` constant.
    pub fn index(&mut self, value: i64) -> ValueId {
        self.constant(DType::I64, Scalar::Int(value))
    }

    /// The point's coordinate along a domain axis.
    pub fn point(&mut self, axis: usize) -> ValueId {
        let point = self.pure(Key::Point(axis), DType::I64, |out| Inst::Point { out, axis });
        let size = self.domain.get(axis).copied();
        self.facts[point.0 as usize].range = size.map_or(Range::ALL, Range::below);
        point
    }

    /// The counter of an enclosing program loop.
    pub fn index_var(&mut self, var: IndexVar) -> ValueId {
        self.pure(Key::Index(var), DType::I64, |out| Inst::Index { out, var })
    }

    /// An operation on scalars, simplified where that is exact; one on complex numbers becomes operations
    /// on their parts.
    pub fn op(&mut self, op: ScalarOp, args: &[ValueId]) -> ValueId {
        if let ScalarOp::Cast(to) = op {
            let from = self.dtype(args[0]);
            if from != to && (from.is_narrow() || to.is_narrow()) {
                return narrow::cast(self, args[0], to);
            }
        }
        if let Some(value) = self.simplify(op, args).or_else(|| self.complex_op(op, args)) {
            return value;
        }
        let types: SmallVec<[DType; 3]> = args.iter().map(|&arg| self.dtype(arg)).collect();
        let key = Key::Op(op, args.into());
        let out = self.pure(key, op.result(&types), |out| Inst::Op { out, op, args: args.into() });
        if self.facts[out.0 as usize].definition.is_none() {
            let range = self.range_of(op, args);
            self.facts[out.0 as usize] = Fact { definition: Some((op, args.into())), range };
        }
        out
    }

    /// A sum.
    pub fn add(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.op(ScalarOp::Add, &[a, b])
    }

    /// A product.
    pub fn mul(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.op(ScalarOp::Mul, &[a, b])
    }

    /// A comparison.
    pub fn compare(&mut self, compare: Compare, a: ValueId, b: ValueId) -> ValueId {
        self.op(ScalarOp::Compare(compare), &[a, b])
    }

    /// `if_true` where the condition holds, else `if_false`.
    pub fn select(&mut self, condition: ValueId, if_true: ValueId, if_false: ValueId) -> ValueId {
        self.op(ScalarOp::Select, &[condition, if_true, if_false])
    }

    /// A conversion by value; none where the type is the same.
    pub fn cast(&mut self, value: ValueId, to: DType) -> ValueId {
        if self.dtype(value) == to { value } else { self.op(ScalarOp::Cast(to), &[value]) }
    }

    /// Reads an element. A constant mask disappears, or makes the result zero.
    pub fn load(
        &mut self,
        buffer: BufferId,
        dtype: DType,
        position: ValueId,
        mask: Option<ValueId>,
    ) -> ValueId {
        let mask = match mask.map(|mask| (mask, self.as_constant(mask))) {
            Some((_, Some(Scalar::Bool(false)))) => {
                return self.constant(dtype, Scalar::zero(dtype));
            }
            Some((_, Some(Scalar::Bool(true)))) | None => None,
            Some((mask, _)) => Some(mask),
        };
        let out = self.fresh(dtype);
        self.push(Inst::Load { out, buffer, position, mask });
        out
    }

    /// Writes an element.
    pub fn store(
        &mut self,
        buffer: BufferId,
        position: ValueId,
        value: ValueId,
        mask: Option<ValueId>,
    ) {
        self.push(Inst::Store { buffer, position, value, mask });
    }

    /// A loop of independent iterations. The error, if any, is the body's.
    pub fn map<E>(
        &mut self,
        trips: usize,
        body: impl FnOnce(&mut Self, ValueId) -> Result<(), E>,
    ) -> Result<(), E> {
        self.counted(LoopKind::Map, trips, &[], |b, index, _| {
            body(b, index).map(|()| SmallVec::new())
        })?;
        Ok(())
    }

    /// A reduction: the body yields one value for each operation, combined into the initial ones.
    pub fn reduce<E>(
        &mut self,
        trips: usize,
        ops: &[ReduceOp],
        inits: &[ValueId],
        body: impl FnOnce(&mut Self, ValueId) -> Result<SmallVec<[ValueId; 2]>, E>,
    ) -> Result<SmallVec<[ValueId; 2]>, E> {
        self.counted(LoopKind::Reduce(ops.into()), trips, inits, |b, index, _| body(b, index))
    }

    /// A loop whose iterations follow one another: the body gets the counter and the carried values and
    /// yields their next ones.
    pub fn sequential<E>(
        &mut self,
        trips: usize,
        inits: &[ValueId],
        body: impl FnOnce(&mut Self, ValueId, &[ValueId]) -> Result<SmallVec<[ValueId; 2]>, E>,
    ) -> Result<SmallVec<[ValueId; 2]>, E> {
        self.counted(LoopKind::Sequential, trips, inits, body)
    }

    fn counted<E>(
        &mut self,
        kind: LoopKind,
        trips: usize,
        inits: &[ValueId],
        body: impl FnOnce(&mut Self, ValueId, &[ValueId]) -> Result<SmallVec<[ValueId; 2]>, E>,
    ) -> Result<SmallVec<[ValueId; 2]>, E> {
        let open = self.begin_loop(kind, trips, inits);
        let yields = body(self, open.index, &open.params)?;
        Ok(self.end_loop(open, yields))
    }

    /// Opens a counted loop, for callers that cannot give its body as a function. Builders whose
    /// construction failed half-way inside are to be thrown away.
    pub fn begin_loop(&mut self, kind: LoopKind, trips: usize, inits: &[ValueId]) -> OpenLoop {
        let index = self.fresh(DType::I64);
        self.facts[index.0 as usize].range = Range::below(trips);
        let carried = self.carried(inits);
        let (kind, combine) = BodyBuilder::kind_of_parts(kind, &carried.is_complex);
        self.open.push(Open::default());
        let params = self.joined(&carried.params(), &carried.is_complex);
        OpenLoop { index, params, kind, trips, carried, combine }
    }

    /// Closes a loop with what its body yields; gives the values after the loop.
    pub fn end_loop(
        &mut self,
        open: OpenLoop,
        mut yields: SmallVec<[ValueId; 2]>,
    ) -> SmallVec<[ValueId; 2]> {
        let OpenLoop { index, params, kind, trips, carried, combine } = open;
        for (k, op) in combine.into_iter().flatten().enumerate() {
            yields[k] = self.op(op.op(), &[params[k], yields[k]]);
        }
        let body = self.close(&yields);
        let results = carried.results();
        self.push(Inst::Loop(Loop { kind, trips, index, carried: carried.parts, body }));
        self.joined(&results, &carried.is_complex)
    }

    /// A loop that runs while its condition, a function of the carried values, holds.
    pub fn while_loop<E>(
        &mut self,
        inits: &[ValueId],
        condition: impl FnOnce(&mut Self, &[ValueId]) -> Result<ValueId, E>,
        body: impl FnOnce(&mut Self, &[ValueId]) -> Result<SmallVec<[ValueId; 2]>, E>,
    ) -> Result<SmallVec<[ValueId; 2]>, E> {
        let open = self.begin_while(inits);
        let holds = condition(self, &open.params)?;
        let open = self.begin_while_body(open, holds);
        let yields = body(self, &open.params)?;
        Ok(self.end_while(open, yields))
    }

    /// Opens a while loop at its condition, for callers that cannot give its parts as functions.
    pub fn begin_while(&mut self, inits: &[ValueId]) -> OpenCondition {
        let carried = self.carried(inits);
        self.open.push(Open::default());
        let params = self.joined(&carried.params(), &carried.is_complex);
        OpenCondition { params, carried }
    }

    /// Goes on from a while loop's condition, whose value is given, to its body.
    pub fn begin_while_body(&mut self, open: OpenCondition, condition: ValueId) -> OpenWhile {
        let condition = self.close(&[condition]);
        self.open.push(Open::default());
        let params = self.joined(&open.carried.params(), &open.carried.is_complex);
        OpenWhile { params, carried: open.carried, condition }
    }

    /// Closes a while loop with the next carried values; gives the values after the loop.
    pub fn end_while(
        &mut self,
        open: OpenWhile,
        yields: SmallVec<[ValueId; 2]>,
    ) -> SmallVec<[ValueId; 2]> {
        let OpenWhile { carried, condition, .. } = open;
        let body = self.close(&yields);
        let results = carried.results();
        self.push(Inst::While(WhileLoop { carried: carried.parts, condition, body }));
        self.joined(&results, &carried.is_complex)
    }

    /// Closes the innermost block with what it yields.
    fn close(&mut self, yields: &[ValueId]) -> Block {
        let yields = self.apart(yields);
        let insts = self.open.pop().map(|open| open.insts).unwrap_or_default();
        Block { insts, yields }
    }

    fn carried(&mut self, inits: &[ValueId]) -> CarriedParts {
        let is_complex = inits.iter().map(|&init| self.dtype(init).is_complex()).collect();
        let mut parts = SmallVec::new();
        for init in self.apart(inits) {
            let dtype = self.dtype(init);
            parts.push(Carried { param: self.fresh(dtype), init, result: self.fresh(dtype) });
        }
        CarriedParts { parts, is_complex }
    }

    fn fresh(&mut self, dtype: DType) -> ValueId {
        self.values.push(dtype);
        self.facts.push(Fact::default());
        ValueId(self.values.len() as u32 - 1)
    }

    fn push(&mut self, inst: Inst) {
        if let Some(open) = self.open.last_mut() {
            open.insts.push(inst);
        }
    }

    /// A pure value: the one that an enclosing block has already, or a new one.
    fn pure(&mut self, key: Key, dtype: DType, inst: impl FnOnce(ValueId) -> Inst) -> ValueId {
        if let Some(&known) = self.open.iter().rev().find_map(|open| open.known.get(&key)) {
            return known;
        }
        let out = self.fresh(dtype);
        self.push(inst(out));
        if let Some(open) = self.open.last_mut() {
            open.known.insert(key, out);
        }
        out
    }
}

fn bits(value: Scalar) -> [u64; 2] {
    match value {
        Scalar::Bool(v) => [v.into(), 0],
        Scalar::Int(v) => [v as u64, 0],
        Scalar::Uint(v) => [v, 0],
        Scalar::Float(v) => [v.to_bits(), 0],
        Scalar::Complex(re, im) => [re.to_bits(), im.to_bits()],
        Scalar::Key(words) => [words as u64, (words >> 64) as u64],
    }
}
