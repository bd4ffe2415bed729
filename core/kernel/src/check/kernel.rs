//! Values, types and blocks of kernels.

use jaxrs_data::{DType, DTypeKind, Scalar};

use super::Checker;
use crate::body::{Block, Carried, Inst, Kernel, Loop, LoopKind, ValueId, WhileLoop};
use crate::print::Spot;
use crate::program::{BufferId, IndexVar, Step};
use crate::scalar::{ReduceOp, ScalarOp};

/// What is known at one place of a kernel.
pub(super) struct Scope<'a, 'c> {
    pub(super) kernel: &'a Kernel,
    pub(super) counters: &'c [(IndexVar, usize)],
    /// Values that have been defined somewhere.
    defined: Vec<bool>,
    /// Values that may be used here.
    visible: Vec<bool>,
}

impl<'a> Checker<'a> {
    pub(super) fn kernel(
        &mut self,
        step: &'a Step,
        kernel: &'a Kernel,
        counters: &[(IndexVar, usize)],
    ) {
        let spot = Spot::Step(step);
        let points = kernel.domain.iter().try_fold(1usize, |total, &n| total.checked_mul(n));
        self.ensure(points.is_some(), spot, "the domain has more points than can be counted");
        let n = kernel.values.len();
        let mut scope =
            Scope { kernel, counters, defined: vec![false; n], visible: vec![false; n] };
        let before = self.faults.len();
        self.block(&mut scope, &kernel.body);
        self.ensure(kernel.body.yields.is_empty(), spot, "a kernel's body yields nothing");
        if self.faults.len() == before {
            self.positions(step, kernel, counters);
        }
    }

    /// Checks a block; what it defines is not visible afterwards.
    fn block(&mut self, scope: &mut Scope<'a, '_>, block: &'a Block) {
        let outside = scope.visible.clone();
        block.insts.iter().for_each(|inst| self.inst(scope, inst));
        scope.visible = outside;
    }

    /// Checks a block and what it yields.
    fn yielding(
        &mut self,
        scope: &mut Scope<'a, '_>,
        spot: Spot<'a>,
        block: &'a Block,
        types: &[DType],
    ) {
        let outside = scope.visible.clone();
        block.insts.iter().for_each(|inst| self.inst(scope, inst));
        let (needed, got) = (types.len(), block.yields.len());
        self.ensure(needed == got, spot, format_args!("a block yields {got}, not {needed} values"));
        for (&value, &dtype) in block.yields.iter().zip(types) {
            self.uses(scope, spot, value, Some(dtype), "a yield");
        }
        scope.visible = outside;
    }

    fn defines(&mut self, scope: &mut Scope<'a, '_>, spot: Spot<'a>, value: ValueId, dtype: DType) {
        let at = value.0 as usize;
        let Some(&declared) = scope.kernel.values.get(at) else {
            return self.fault(spot, format_args!("{value} has no type"));
        };
        self.ensure(!scope.defined[at], spot, format_args!("{value} is defined twice"));
        self.ensure(declared == dtype, spot, format_args!("{value} is {declared}, not {dtype}"));
        (scope.defined[at], scope.visible[at]) = (true, true);
    }

    /// Whether a value may be used here; its type.
    fn uses(
        &mut self,
        scope: &Scope<'a, '_>,
        spot: Spot<'a>,
        value: ValueId,
        needed: Option<DType>,
        what: &str,
    ) -> Option<DType> {
        let at = value.0 as usize;
        if !scope.visible.get(at).is_some_and(|&visible| visible) {
            self.fault(spot, format_args!("{value} is not defined here"));
            return None;
        }
        let got = scope.kernel.values[at];
        if let Some(needed) = needed.filter(|&needed| needed != got) {
            self.fault(spot, format_args!("{what} needs {needed}, but {value} is {got}"));
            return None;
        }
        Some(got)
    }

    fn inst(&mut self, scope: &mut Scope<'a, '_>, inst: &'a Inst) {
        let spot = Spot::Inst(inst);
        match inst {
            Inst::Const { out, value } => {
                let dtype = scope.kernel.values.get(out.0 as usize).copied().unwrap_or(DType::I64);
                let message = format_args!("{value:?} is no {dtype}");
                self.ensure(is_of(*value, dtype), spot, message);
                self.defines(scope, spot, *out, dtype);
            }
            Inst::Point { out, axis } => {
                let known = *axis < scope.kernel.domain.len();
                self.ensure(known, spot, format_args!("there is no axis {axis}"));
                self.defines(scope, spot, *out, DType::I64);
            }
            Inst::Index { out, var } => {
                let known = scope.counters.iter().any(|counter| counter.0 == *var);
                self.ensure(known, spot, format_args!("no loop around counts {var}"));
                self.defines(scope, spot, *out, DType::I64);
            }
            Inst::Op { out, op, args } => self.op(scope, spot, *out, *op, args),
            Inst::Load { out, buffer, position, mask } => {
                let dtype = self.access(scope, spot, *buffer, *position, *mask);
                self.defines(scope, spot, *out, dtype.unwrap_or(DType::I64));
            }
            Inst::Store { buffer, position, value, mask } => {
                if let Some(dtype) = self.access(scope, spot, *buffer, *position, *mask) {
                    self.uses(scope, spot, *value, Some(dtype), "the buffer");
                    self.writable(spot, *buffer);
                }
            }
            Inst::Loop(l) => self.counted(scope, spot, l),
            Inst::While(w) => self.while_loop(scope, spot, w),
        }
    }

    fn op(
        &mut self,
        scope: &mut Scope<'a, '_>,
        spot: Spot<'a>,
        out: ValueId,
        op: ScalarOp,
        args: &[ValueId],
    ) {
        let (name, needed, got) = (op.name(), op.arity(), args.len());
        let types: Option<Vec<DType>> =
            args.iter().map(|&arg| self.uses(scope, spot, arg, None, name)).collect();
        if needed != got {
            self.fault(spot, format_args!("{name} takes {needed} operands, got {got}"));
        }
        let Some(types) = types.filter(|_| needed == got) else {
            // Known to be wrong already; uses of the result are not to blame.
            let declared = scope.kernel.values.get(out.0 as usize).copied();
            return self.defines(scope, spot, out, declared.unwrap_or(DType::I64));
        };
        let operands = match op {
            ScalarOp::Select => {
                let condition = types[0];
                let message = format_args!("select's condition is {condition}, not bool");
                self.ensure(condition.is_bool(), spot, message);
                &types[1..]
            }
            _ => &types[..],
        };
        let alike = operands.iter().all(|dtype| *dtype == operands[0]);
        let takes = alike && op.takes(operands[0]);
        self.ensure(takes, spot, format_args!("there is no {name} of {operands:?}"));
        self.defines(scope, spot, out, op.result(&types));
    }

    /// Checks a load's or store's place; the buffer's element type.
    fn access(
        &mut self,
        scope: &Scope<'a, '_>,
        spot: Spot<'a>,
        buffer: BufferId,
        position: ValueId,
        mask: Option<ValueId>,
    ) -> Option<DType> {
        self.uses(scope, spot, position, Some(DType::I64), "a position");
        if let Some(mask) = mask {
            self.uses(scope, spot, mask, Some(DType::Bool), "a mask");
        }
        self.exist(spot, &[buffer]).then(|| self.program[buffer].dtype)
    }

    /// Makes the names of carried values known inside; their types.
    fn enter(
        &mut self,
        scope: &mut Scope<'a, '_>,
        spot: Spot<'a>,
        carried: &[Carried],
        readable: bool,
    ) -> Vec<DType> {
        let inits: Vec<DType> = carried
            .iter()
            .map(|c| self.uses(scope, spot, c.init, None, "a loop").unwrap_or(DType::I64))
            .collect();
        for (c, &dtype) in carried.iter().zip(&inits) {
            self.defines(scope, spot, c.param, dtype);
            if let Some(visible) = scope.visible.get_mut(c.param.0 as usize) {
                *visible = readable;
            }
        }
        inits
    }

    /// Makes the results known, and the parameters unknown.
    fn leave(
        &mut self,
        scope: &mut Scope<'a, '_>,
        spot: Spot<'a>,
        carried: &[Carried],
        types: &[DType],
    ) {
        for (c, &dtype) in carried.iter().zip(types) {
            if let Some(visible) = scope.visible.get_mut(c.param.0 as usize) {
                *visible = false;
            }
            self.defines(scope, spot, c.result, dtype);
        }
    }

    fn counted(&mut self, scope: &mut Scope<'a, '_>, spot: Spot<'a>, l: &'a Loop) {
        let readable = l.kind == LoopKind::Sequential;
        let types = self.enter(scope, spot, &l.carried, readable);
        self.defines(scope, spot, l.index, DType::I64);
        match &l.kind {
            LoopKind::Map => self.ensure(l.carried.is_empty(), spot, "a map carries nothing"),
            LoopKind::Sequential => {}
            LoopKind::Reduce(ops) => self.reduction(spot, ops, &types),
        }
        self.yielding(scope, spot, &l.body, &types);
        if let Some(visible) = scope.visible.get_mut(l.index.0 as usize) {
            *visible = false;
        }
        self.leave(scope, spot, &l.carried, &types);
    }

    fn reduction(&mut self, spot: Spot<'a>, ops: &[ReduceOp], types: &[DType]) {
        let (needed, got) = (types.len(), ops.len());
        self.ensure(needed == got, spot, format_args!("{got} operations combine {needed} values"));
        for (op, &dtype) in ops.iter().zip(types) {
            let name = op.op().name();
            self.ensure(op.op().takes(dtype), spot, format_args!("there is no {name} of {dtype}"));
        }
    }

    fn while_loop(&mut self, scope: &mut Scope<'a, '_>, spot: Spot<'a>, w: &'a WhileLoop) {
        let types = self.enter(scope, spot, &w.carried, true);
        let mut stores = false;
        w.condition.visit(&mut |inst| stores |= matches!(inst, Inst::Store { .. }));
        self.ensure(!stores, spot, "a while loop's condition stores");
        self.yielding(scope, spot, &w.condition, &[DType::Bool]);
        self.yielding(scope, spot, &w.body, &types);
        self.leave(scope, spot, &w.carried, &types);
    }
}

/// Whether a constant has the kind of a type, and a value that the type can hold.
fn is_of(value: Scalar, dtype: DType) -> bool {
    let kind = match value {
        Scalar::Bool(_) => DTypeKind::Bool,
        Scalar::Int(_) => DTypeKind::Signed,
        Scalar::Uint(_) => DTypeKind::Unsigned,
        Scalar::Float(_) => DTypeKind::Float,
        Scalar::Complex(..) => DTypeKind::Complex,
        Scalar::Key(_) => DTypeKind::Key,
    };
    let is_nan = value.as_f64().is_nan() || value.as_complex().1.is_nan();
    kind == dtype.kind() && (is_nan || value.rounded(dtype) == value)
}
