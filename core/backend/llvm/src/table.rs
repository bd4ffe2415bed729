//! The runtime as compiled code sees it: a table of functions and data behind one pointer. Objects have
//! no undefined symbols, so they depend on neither their address nor the process.

use std::collections::BTreeSet;

use jaxrs_data::DType;
use jaxrs_kernel::ScalarOp;

use crate::ir::{Ir, V};
use crate::ops::Emit;

/// The fields of [`Context`], each one pointer wide, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub(crate) enum Slot {
    /// `(context, task, environment, units, grain)`.
    ParallelFor,
    /// `(context, to, from, bytes)`.
    Copy,
    /// `(context, number of the call, out, lhs, rhs)`.
    MatMul,
    /// `(context, number of the call, pointers)`.
    Sort,
    /// `(context, number of the call, pointers)`.
    TopK,
    /// `(context, number of the call, pointers)`; gives 0, or what tells that the program ends.
    Host,
    /// `(operation, values, how many)`, in place.
    UnaryF32,
    /// The same in double precision.
    UnaryF64,
    /// `(operation, left operands and results, right operands, how many)`.
    BinaryF32,
    /// The same in double precision.
    BinaryF64,
    /// The start of each constant buffer.
    Constants,
}

/// Functions of the runtime, by slot and number.
pub(crate) type SlowCalls = BTreeSet<(Slot, usize)>;

/// How the function under construction reaches the runtime.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runtime {
    /// The address of the table.
    pub(crate) ctx: V,
}

impl Runtime {
    /// Reads a field.
    pub(crate) fn slot(&self, ir: &Ir<'_>, slot: Slot) -> V {
        let address = ir.element(ir.ptr(), self.ctx, ir.i64(slot as i64));
        ir.load(ir.ptr(), address, 8)
    }

    /// Calls a function of the table.
    pub(crate) fn call(&self, ir: &Ir<'_>, slot: Slot, args: &[V]) {
        let params: Vec<_> = args.iter().map(|&arg| ir.type_of(arg)).collect();
        ir.call(ir.function_type(None, &params), self.slot(ir, slot), args);
    }

    /// Calls a function of the table that gives an `i32`.
    pub(crate) fn ask(&self, ir: &Ir<'_>, slot: Slot, args: &[V]) -> V {
        let params: Vec<_> = args.iter().map(|&arg| ir.type_of(arg)).collect();
        ir.call(ir.function_type(Some(ir.int(32)), &params), self.slot(ir, slot), args)
    }

    /// A function that the runtime computes, lane by lane.
    pub(crate) fn unary(&self, e: &Emit<'_, '_>, op: ScalarOp, dtype: DType, x: V) -> Option<V> {
        let number = jaxrs_routines::slow::UNARY.iter().position(|&known| known == op)?;
        let slot = if dtype == DType::F32 { Slot::UnaryF32 } else { Slot::UnaryF64 };
        Some(self.by_memory(e, slot, number, &[x]))
    }

    /// A function of two operands that the runtime computes, lane by lane.
    pub(crate) fn binary(
        &self,
        e: &Emit<'_, '_>,
        op: ScalarOp,
        dtype: DType,
        a: V,
        b: V,
    ) -> Option<V> {
        let number = jaxrs_routines::slow::BINARY.iter().position(|&known| known == op)?;
        let slot = if dtype == DType::F32 { Slot::BinaryF32 } else { Slot::BinaryF64 };
        Some(self.by_memory(e, slot, number, &[a, b]))
    }

    fn by_memory(&self, e: &Emit<'_, '_>, slot: Slot, number: usize, operands: &[V]) -> V {
        let ir = e.ir;
        ir.slow_calls.borrow_mut().insert((slot, number));
        let ty = ir.type_of(operands[0]);
        let mut args = vec![ir.i32(number as i64)];
        for &operand in operands {
            let memory = ir.stack_slot(e.function, ty, 64);
            ir.store(operand, memory, 4);
            args.push(memory);
        }
        args.push(ir.i64(ir.width_of(operands[0]).into()));
        self.call(ir, slot, &args);
        ir.load(ty, args[1], 4)
    }
}
