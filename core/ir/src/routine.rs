//! Routines of the library as data. A program that was compiled ahead of time brings along which primitive on which types
//! a call is, and makes the routine anew; so both run the same code.

use std::sync::Arc;

use jaxrs_data::{DType, Error, Result, Type};
use jaxrs_kernel::{BufferId, HostRoutine, Lanes, LibraryCall, Step};

use crate::lower::{PointBody, Steps, StepsBody};
use crate::portable::PortableProgram;
use crate::{Atom, Eqn, Jaxpr, Prim};

/// The description of a primitive's routine: a program of one operation, in the portable format.
pub fn describe(prim: Prim, in_types: &[Type]) -> Result<Vec<u8>> {
    let mut jaxpr = Jaxpr::default();
    for ty in in_types {
        jaxpr.add_invar(ty.clone());
    }
    let out_types = prim.output_types(in_types)?;
    let outputs: Vec<_> = out_types.into_iter().map(|ty| jaxpr.fresh_var(ty)).collect();
    jaxpr.outputs = outputs.iter().map(|&var| Atom::Var(var)).collect();
    let inputs = jaxpr.invars.iter().map(|&var| Atom::Var(var)).collect();
    let name = prim.name().to_owned();
    jaxpr.eqns.push(Eqn { prim, inputs, outputs: outputs.into(), name_stack: None });
    PortableProgram { name, jaxpr: Arc::new(jaxpr), consts: Vec::new() }.to_bytes()
}

/// The routine of a description.
pub fn from_description(bytes: &[u8]) -> Result<Arc<dyn HostRoutine>> {
    let program = PortableProgram::from_bytes(bytes)?;
    let jaxpr = &program.jaxpr;
    let [eqn] = &jaxpr.eqns[..] else {
        return Err(Error::internal("a routine is one operation"));
    };
    let mut only = Only {
        in_types: jaxpr.in_types().collect(),
        out_types: jaxpr.out_types().collect(),
        routine: None,
    };
    eqn.prim.steps(&mut only)?;
    let name = eqn.prim.name();
    only.routine.ok_or_else(|| Error::internal(format_args!("{name} calls no routine")))
}

/// Takes the routine of a primitive that does nothing but call it.
struct Only<'a> {
    in_types: Vec<&'a Type>,
    out_types: Vec<&'a Type>,
    routine: Option<Arc<dyn HostRoutine>>,
}

fn other() -> Error {
    Error::internal("the primitive does more than to call a routine")
}

impl Steps for Only<'_> {
    fn n_inputs(&self) -> usize {
        self.in_types.len()
    }

    fn input_type(&self, operand: usize) -> &Type {
        self.in_types[operand]
    }

    fn n_outputs(&self) -> usize {
        self.out_types.len()
    }

    fn output_type(&self, output: usize) -> &Type {
        self.out_types[output]
    }

    fn input(&mut self, operand: usize) -> Result<BufferId> {
        Ok(BufferId(operand as u32))
    }

    fn output(&mut self, output: usize) -> BufferId {
        BufferId((self.in_types.len() + output) as u32)
    }

    fn scratch(&mut self, _dtype: DType, _len: usize) -> BufferId {
        BufferId(u32::MAX)
    }

    fn push(&mut self, step: Step) {
        if let Step::Library(LibraryCall::Host(call)) = step {
            self.routine = Some(call.routine);
        }
    }

    fn kernel(
        &mut self,
        _name: &str,
        _domain: &[usize],
        _lanes: Lanes,
        _body: PointBody<'_>,
    ) -> Result<()> {
        Err(other())
    }

    fn repeat(&mut self, _trips: usize, _body: StepsBody<'_>) -> Result<()> {
        Err(other())
    }
}

#[cfg(test)]
mod tests {
    use jaxrs_data::Literal;

    use super::*;
    use crate::lower::Lowering;
    use crate::prims::Sample;

    fn run(routine: &dyn HostRoutine, inputs: &[Literal], out_types: &[Type]) -> Vec<Vec<u8>> {
        let mut buffers: Vec<Vec<u8>> =
            out_types.iter().map(|ty| vec![0; ty.size_bytes()]).collect();
        let bytes: Vec<&[u8]> = inputs.iter().map(|input| input.bytes()).collect();
        let mut slices: Vec<&mut [u8]> = buffers.iter_mut().map(Vec::as_mut_slice).collect();
        routine.run(&bytes, &mut slices).unwrap();
        buffers
    }

    /// Every sample of the primitives that are such calls gives the same bytes by the routine made anew.
    #[test]
    fn described_routines_do_the_same() {
        let mut n = 0;
        for Sample { prim, inputs, .. } in Prim::samples() {
            let types: Vec<Type> = inputs.iter().map(|input| input.ty().clone()).collect();
            let out_types = prim.output_types(&types).unwrap();
            let (ins, outs) = (types.iter().collect(), out_types.iter().collect());
            let mut only = Only { in_types: ins, out_types: outs, routine: None };
            let has_steps = matches!(prim.lowering(&types), Lowering::Steps);
            if !has_steps || prim.steps(&mut only).is_err() {
                continue;
            }
            let Some(routine) = only.routine else { continue };
            let Some(bytes) = routine.description() else { continue };
            let again = from_description(&bytes).unwrap();
            let expected = run(&*routine, &inputs, &out_types);
            assert_eq!(run(&*again, &inputs, &out_types), expected, "{}", prim.name());
            n += 1;
        }
        assert!(n > 100, "{n} samples");
    }
}
