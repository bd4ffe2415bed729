//! Primitives by their element rule: the scalar code of one element, done for whole arrays at once.
//!
//! Each value of the code becomes an array of the result's shape; reading an element of an operand becomes the operand
//! itself, a part of it, or a gather; loops go on while any element's does, and elements that are through keep their
//! values.

use jaxrs_data::{DType, Error, Literal, Result, Scalar, Shape, SmallVec, Type};
use jaxrs_ir::lower::{Elements, LoopBody};
use jaxrs_ir::prims::{Gather, IndexMode};
use jaxrs_ir::{Prim, Value, ops};
use jaxrs_kernel::{Block, BodyBuilder, BufferId, Inst, Loop, LoopKind, ValueId, WhileLoop};
use rustc_hash::FxHashMap;

use super::elementwise::rounded;
use super::emitter::Emitter;
use super::{Outputs, control, scalar};

/// The results of a primitive.
pub(super) fn emit(e: &Emitter<'_>, prim: &Prim, x: &[Value], out: &[Type]) -> Result<Outputs> {
    (0..out.len()).map(|k| output(e, prim, x, out, k)).collect()
}

/// The result of a primitive with one.
pub(super) fn one(e: &Emitter<'_>, prim: &Prim, x: &[Value], out: &Type) -> Result<Value> {
    output(e, prim, x, std::slice::from_ref(out), 0)
}

fn output(e: &Emitter<'_>, prim: &Prim, x: &[Value], out: &[Type], k: usize) -> Result<Value> {
    let mut code = Code {
        builder: BodyBuilder::for_domain(&out[k].shape),
        inputs: x.iter().map(|x| carrier(x.ty())).collect(),
        outputs: out.iter().map(carrier).collect(),
        reads: Vec::new(),
    };
    let point: SmallVec<[ValueId; 4]> =
        (0..out[k].rank()).map(|axis| code.builder.point(axis)).collect();
    let result = prim.element(&mut code, k, &point)?;
    let (types, block) = code.builder.finish();
    let wide = |x: &Value| ops::convert(e, x, carrier(x.ty()).dtype);
    let operands = x.iter().map(wide).collect::<Result<Vec<_>>>()?;
    let mut arrays = Arrays {
        operands: &operands,
        shape: &out[k].shape,
        point,
        types,
        reads: code.reads,
        values: FxHashMap::default(),
    };
    arrays.block(e, &block)?;
    let y = e.spread(&arrays.get(result)?, &out[k].shape)?;
    rounded(e, &y, out[k].dtype)
}

/// The type that code has for a type: floats of few bits are converted outside of it.
fn carrier(ty: &Type) -> Type {
    if ty.dtype.is_narrow_float() { ty.with_dtype(DType::F32) } else { ty.clone() }
}

/// The code of one element, and what it reads.
struct Code {
    builder: BodyBuilder,
    inputs: Vec<Type>,
    outputs: Vec<Type>,
    /// The operand and the index of each read; reads are told apart by their buffers.
    reads: Vec<(usize, SmallVec<[ValueId; 4]>)>,
}

impl Code {
    fn read(
        &mut self,
        operand: usize,
        index: &[ValueId],
        mask: Option<ValueId>,
    ) -> Result<ValueId> {
        let Some(ty) = self.inputs.get(operand) else {
            return Err(Error::internal("an element rule reads an operand that there is not"));
        };
        let (dtype, buffer) = (ty.dtype, BufferId(self.reads.len() as u32));
        self.reads.push((operand, index.into()));
        let position = self.builder.index(0);
        Ok(self.builder.load(buffer, dtype, position, mask))
    }
}

impl Elements for Code {
    fn builder(&mut self) -> &mut BodyBuilder {
        &mut self.builder
    }

    fn n_inputs(&self) -> usize {
        self.inputs.len()
    }

    fn input_type(&self, operand: usize) -> &Type {
        &self.inputs[operand]
    }

    fn output_type(&self, output: usize) -> &Type {
        &self.outputs[output]
    }

    fn operand(&mut self, operand: usize, index: &[ValueId]) -> Result<ValueId> {
        self.read(operand, index, None)
    }

    fn operand_where(
        &mut self,
        operand: usize,
        index: &[ValueId],
        mask: ValueId,
    ) -> Result<ValueId> {
        self.read(operand, index, Some(mask))
    }

    fn counted(
        &mut self,
        kind: LoopKind,
        trips: usize,
        inits: &[ValueId],
        body: LoopBody<'_>,
    ) -> Result<SmallVec<[ValueId; 2]>> {
        let open = self.builder.begin_loop(kind, trips, inits);
        let (index, params) = (open.index, open.params.clone());
        let yields = body(self, index, &params)?;
        Ok(self.builder.end_loop(open, yields))
    }
}

/// The values of the code, as arrays; what is the same at all points is a scalar.
struct Arrays<'a> {
    operands: &'a [Value],
    shape: &'a Shape,
    point: SmallVec<[ValueId; 4]>,
    types: Vec<DType>,
    reads: Vec<(usize, SmallVec<[ValueId; 4]>)>,
    values: FxHashMap<ValueId, Value>,
}

impl Arrays<'_> {
    fn get(&self, id: ValueId) -> Result<Value> {
        let known = self.values.get(&id).cloned();
        known.ok_or_else(|| Error::internal("an element rule uses a value before it is there"))
    }

    fn constant(&self, id: ValueId) -> Option<i64> {
        let literal = self.values.get(&id)?.downcast_ref::<Literal>()?;
        literal.item().map(Scalar::as_i64)
    }

    fn all(&self, ids: &[ValueId]) -> Result<Vec<Value>> {
        ids.iter().map(|&id| self.get(id)).collect()
    }

    fn spread(
        &self,
        e: &Emitter<'_>,
        ids: impl IntoIterator<Item = ValueId>,
    ) -> Result<Vec<Value>> {
        ids.into_iter().map(|id| e.spread(&self.get(id)?, self.shape)).collect()
    }

    fn block(&mut self, e: &Emitter<'_>, block: &Block) -> Result<()> {
        for inst in &block.insts {
            self.step(e, inst)?;
        }
        Ok(())
    }

    fn step(&mut self, e: &Emitter<'_>, inst: &Inst) -> Result<()> {
        let (out, value) = match inst {
            Inst::Const { out, value } => {
                let dtype = self.types[out.0 as usize];
                (*out, Value::literal(Literal::scalar(dtype, *value)))
            }
            Inst::Point { out, axis } => (*out, ops::iota(e, DType::I64, self.shape, *axis)?),
            Inst::Op { out, op, args } => {
                let args = self.all(args)?;
                (*out, scalar::emit(e, *op, &args, self.types[out.0 as usize])?)
            }
            Inst::Load { out, buffer, mask, .. } => (*out, self.load(e, buffer.0 as usize, *mask)?),
            Inst::Loop(l) => return self.counted(e, l),
            Inst::While(w) => return self.while_loop(e, w),
            Inst::Store { .. } | Inst::Index { .. } => {
                return Err(Error::internal("an element rule has instructions of steps"));
            }
        };
        self.values.insert(out, value);
        Ok(())
    }

    /// An element of an operand at each point, zero where a mask does not hold.
    fn load(&self, e: &Emitter<'_>, read: usize, mask: Option<ValueId>) -> Result<Value> {
        let (operand, index) = &self.reads[read];
        let value = self.element(e, &self.operands[*operand], index)?;
        let Some(mask) = mask else { return Ok(value) };
        let zero = Literal::scalar(value.ty().dtype, Scalar::zero(value.ty().dtype));
        ops::select(e, &self.get(mask)?, &value, &Value::literal(zero))
    }

    fn element(&self, e: &Emitter<'_>, x: &Value, index: &[ValueId]) -> Result<Value> {
        if index.is_empty() || (index == &self.point[..] && x.shape() == self.shape) {
            return Ok(x.clone());
        }
        if x.ty().numel() == 0 {
            let zero = Literal::scalar(x.ty().dtype, Scalar::zero(x.ty().dtype));
            return Ok(Value::literal(zero));
        }
        let known: Option<Vec<usize>> =
            index.iter().map(|&k| usize::try_from(self.constant(k)?).ok()).collect();
        if let Some(start) = known.filter(|at| at.iter().zip(&x.shape()[..]).all(|(k, n)| k < n)) {
            let limit: Vec<usize> = start.iter().map(|k| k + 1).collect();
            let part = ops::slice(e, x, &start, &limit, &vec![1; start.len()])?;
            return ops::reshape(e, &part, &Shape::scalar());
        }
        self.gathered(e, x, index)
    }

    /// Indices out of range are moved into it: what is read there a mask takes away.
    fn gathered(&self, e: &Emitter<'_>, x: &Value, index: &[ValueId]) -> Result<Value> {
        let last = self.shape.rank();
        let columns = self.spread(e, index.iter().copied())?;
        let columns =
            columns.iter().map(|k| ops::expand_dim(e, k, last)).collect::<Result<Vec<_>>>()?;
        let indices = ops::concatenate(e, &columns, last)?;
        let axes = 0..index.len();
        let gather = Gather {
            offset_dims: SmallVec::new(),
            collapsed_slice_dims: axes.clone().collect(),
            start_index_map: axes.collect(),
            operand_batching_dims: SmallVec::new(),
            start_indices_batching_dims: SmallVec::new(),
            slice_sizes: vec![1; index.len()].as_slice().into(),
            mode: IndexMode::Clip,
            fill_value: None,
        };
        ops::bind1(e, gather, &[x.clone(), indices])
    }

    fn counted(&mut self, e: &Emitter<'_>, l: &Loop) -> Result<()> {
        let inits = self.spread(e, l.carried.iter().map(|c| c.init))?;
        let results = control::count(e, l.trips, &inits, |e, k, carry| {
            self.values.insert(l.index, k.clone());
            for (c, value) in l.carried.iter().zip(carry) {
                self.values.insert(c.param, value.clone());
            }
            self.block(e, &l.body)?;
            let yields = self.spread(e, l.body.yields.iter().copied())?;
            let LoopKind::Reduce(combine) = &l.kind else { return Ok(yields) };
            let pairs = combine.iter().zip(carry).zip(yields);
            pairs
                .map(|((op, so_far), y)| {
                    scalar::emit(e, op.op(), &[so_far.clone(), y.clone()], y.ty().dtype)
                })
                .collect()
        })?;
        self.define(l.carried.iter().map(|c| c.result), results);
        Ok(())
    }

    fn define(&mut self, ids: impl Iterator<Item = ValueId>, values: Vec<Value>) {
        self.values.extend(ids.zip(values));
    }

    /// Whether the loop goes on is carried for each point.
    fn while_loop(&mut self, e: &Emitter<'_>, w: &WhileLoop) -> Result<()> {
        let params: Vec<ValueId> = w.carried.iter().map(|c| c.param).collect();
        let inits = self.spread(e, w.carried.iter().map(|c| c.init))?;
        self.define(params.iter().copied(), inits.clone());
        let goes_on = self.condition(e, w)?;
        let start = [vec![goes_on], inits].concat();
        let mut results = control::repeat(
            e,
            &start,
            |e, carry| {
                let axes = jaxrs_data::Axes::all(carry[0].ty().rank());
                ops::reduce(e, jaxrs_kernel::ReduceOp::Or, &carry[0], axes)
            },
            |e, carry| {
                self.define(params.iter().copied(), carry[1..].to_vec());
                self.block(e, &w.body)?;
                let next = self.spread(e, w.body.yields.iter().copied())?;
                let kept = next
                    .iter()
                    .zip(&carry[1..])
                    .map(|(next, so_far)| ops::select(e, &carry[0], next, so_far))
                    .collect::<Result<Vec<_>>>()?;
                self.define(params.iter().copied(), kept.clone());
                let goes_on = self.condition(e, w)?;
                let goes_on = ops::binary(e, jaxrs_ir::prims::Binary::And, &carry[0], &goes_on)?;
                Ok([vec![goes_on], kept].concat())
            },
        )?;
        results.remove(0);
        self.define(w.carried.iter().map(|c| c.result), results);
        Ok(())
    }

    fn condition(&mut self, e: &Emitter<'_>, w: &WhileLoop) -> Result<Value> {
        self.block(e, &w.condition)?;
        let condition = self.get(w.condition.yields[0])?;
        e.spread(&condition, self.shape)
    }
}
