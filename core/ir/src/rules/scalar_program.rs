//! Programs of scalars, such as reducers, inside of kernels.

mod control;

use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Literal, Result, SmallVec, Type, bail};
use jaxrs_kernel::{BodyBuilder, LoopKind, ValueId};

use crate::lower::{Elements, LoopBody, Lowering};
use crate::rules::index;
use crate::{Atom, Jaxpr, Prim};

/// Scalars of a kernel.
pub type Scalars = SmallVec<[ValueId; 2]>;

/// Checks that a program takes and gives scalars of these element types.
pub fn check(
    name: &str,
    what: &str,
    jaxpr: &Jaxpr,
    inputs: &[Type],
    outputs: &[Type],
) -> Result<()> {
    let fits = |got: Vec<&Type>, needed: &[Type]| {
        let same = |(got, needed): (&&Type, &Type)| got.rank() == 0 && got.dtype == needed.dtype;
        got.len() == needed.len() && got.iter().zip(needed).all(same)
    };
    if !fits(jaxpr.in_types().collect(), inputs) || !fits(jaxpr.out_types().collect(), outputs) {
        let list = |types: Vec<&Type>| {
            types.iter().map(|ty| ty.dtype.to_string()).collect::<Vec<_>>().join(", ")
        };
        bail!(
            InvalidArgument,
            "{name} needs a {what} from scalars ({}) to ({}), got one from ({}) to ({})",
            list(inputs.iter().collect()),
            list(outputs.iter().collect()),
            list(jaxpr.in_types().collect()),
            list(jaxpr.out_types().collect())
        );
    }
    Ok(())
}

/// The results of a program of scalars, in the kernel that is being built. Its operations must be such
/// that one element of their results can be said.
pub fn emit(cx: &mut dyn Elements, jaxpr: &Jaxpr, inputs: &[ValueId]) -> Result<Scalars> {
    let mut values: Vec<Option<ValueId>> = vec![None; jaxpr.types.len()];
    for (var, &input) in jaxpr.invars.iter().zip(inputs) {
        values[var.0 as usize] = Some(input);
    }
    for eqn in &jaxpr.eqns {
        let operands: Scalars =
            eqn.inputs.iter().map(|atom| read(cx, &values, atom)).collect::<Result<_>>()?;
        let types: Vec<Type> =
            eqn.inputs.iter().map(|atom| jaxpr.atom_type(atom).clone()).collect();
        let out_types: Vec<Type> =
            eqn.outputs.iter().map(|out| jaxpr.types[out.0 as usize].clone()).collect();
        let results = apply(cx, &eqn.prim, &operands, &types, &out_types)?;
        for (out, result) in eqn.outputs.iter().zip(results) {
            values[out.0 as usize] = Some(result);
        }
    }
    jaxpr.outputs.iter().map(|atom| read(cx, &values, atom)).collect()
}

fn read(cx: &mut dyn Elements, values: &[Option<ValueId>], atom: &Atom) -> Result<ValueId> {
    match atom {
        Atom::Literal(literal) => Ok(constant(cx, literal)),
        Atom::Var(var) => values[var.0 as usize]
            .ok_or_else(|| Error::internal("a variable is used before its equation")),
    }
}

fn constant(cx: &mut dyn Elements, literal: &Literal) -> ValueId {
    cx.builder().constant(literal.ty().dtype, literal.get(0))
}

fn apply(
    cx: &mut dyn Elements,
    prim: &Prim,
    operands: &[ValueId],
    types: &[Type],
    out_types: &[Type],
) -> Result<Scalars> {
    if let Some(jaxpr) = prim.inlined() {
        let jaxpr: Arc<Jaxpr> = jaxpr.clone();
        return emit(cx, &jaxpr, operands);
    }
    let is_scalar = types.iter().chain(out_types).all(|ty| ty.rank() == 0);
    if let Some(results) =
        is_scalar.then(|| control::apply(cx, prim, operands, out_types)).flatten()
    {
        return results;
    }
    match prim.lowering(types) {
        Lowering::Elements | Lowering::Reduction if is_scalar => {}
        _ => {
            let message =
                format_args!("a program of scalars cannot be compiled with {}", prim.name());
            return Err(Error::new(ErrorKind::Unimplemented, message));
        }
    }
    let mut scalars = ScalarElements { cx, operands, types, out_types };
    (0..out_types.len()).map(|output| prim.element(&mut scalars, output, &[])).collect()
}

/// Stands for an equation whose operands are scalars that are there already.
struct ScalarElements<'a> {
    cx: &'a mut dyn Elements,
    operands: &'a [ValueId],
    types: &'a [Type],
    out_types: &'a [Type],
}

impl Elements for ScalarElements<'_> {
    fn builder(&mut self) -> &mut BodyBuilder {
        self.cx.builder()
    }

    fn n_inputs(&self) -> usize {
        self.operands.len()
    }

    fn input_type(&self, operand: usize) -> &Type {
        &self.types[operand]
    }

    fn output_type(&self, output: usize) -> &Type {
        &self.out_types[output]
    }

    fn operand(&mut self, operand: usize, _index: &[ValueId]) -> Result<ValueId> {
        Ok(self.operands[operand])
    }

    fn operand_where(
        &mut self,
        operand: usize,
        _index: &[ValueId],
        mask: ValueId,
    ) -> Result<ValueId> {
        let dtype = self.types[operand].dtype;
        let b = self.cx.builder();
        let zero = b.constant(dtype, jaxrs_data::Scalar::zero(dtype));
        Ok(index::select(b, mask, self.operands[operand], zero))
    }

    fn counted(
        &mut self,
        kind: LoopKind,
        trips: usize,
        inits: &[ValueId],
        body: LoopBody<'_>,
    ) -> Result<Scalars> {
        let (operands, types, out_types) = (self.operands, self.types, self.out_types);
        self.cx.counted(kind, trips, inits, &mut |cx, i, carried| {
            body(&mut ScalarElements { cx, operands, types, out_types }, i, carried)
        })
    }
}
