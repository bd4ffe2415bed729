//! Programs compiled ahead of time.

mod file;
mod header;

use std::sync::Arc;

use jaxrs_data::{Result, Type, bail};
use jaxrs_ir::prims::Unary;
use jaxrs_ir::{Eqn, Jaxpr, Prim, Value};

use crate::dispatch::Compiled;
use crate::frame::check_count;
use crate::{ClosedJaxpr, JitOptions, Scope, debug};

pub use header::header;

/// A compiled program: takes exactly the types that it was compiled for.
pub struct Executable {
    name: Arc<str>,
    program: ClosedJaxpr,
    donated: Vec<bool>,
    compiled: Compiled,
}

/// What one run of a program computes and moves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Additions, multiplications and their like, one for each element; a loop without a known length
    /// counts as one iteration.
    pub flops: f64,
    /// Elementary functions, one for each element.
    pub transcendentals: f64,
    /// Bytes of arguments that are read, and of results that are written.
    pub bytes_accessed: f64,
}

/// The memory that one run of a program takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Bytes of arguments, constants included.
    pub argument_bytes: usize,
    /// Bytes of results.
    pub output_bytes: usize,
    /// Bytes of results that lie in the memory of donated arguments.
    pub alias_bytes: usize,
    /// Bytes of working memory.
    pub temp_bytes: usize,
    /// Bytes of machine code.
    pub code_bytes: usize,
}

/// Compiles a program now.
pub fn compile(
    name: &str,
    program: &ClosedJaxpr,
    scope: &Scope,
    options: &JitOptions,
) -> Result<Executable> {
    let n_consts = program.consts.len();
    let n_inputs = program.jaxpr.invars.len() - n_consts;
    if let Some(k) = options.donate.iter().find(|&&k| k >= n_inputs) {
        bail!(InvalidArgument, "{name} donates argument {k}, but takes {n_inputs}");
    }
    let donated: Vec<bool> = (0..n_consts + n_inputs)
        .map(|k| k >= n_consts && options.donate.contains(&(k - n_consts)))
        .collect();
    let compiled = scope.compile_logged(name, &program.jaxpr, &donated)?;
    Ok(Executable { name: name.into(), program: program.clone(), donated, compiled })
}

impl Executable {
    /// The name of the function.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The program, as it was traced.
    pub fn program(&self) -> &ClosedJaxpr {
        &self.program
    }

    /// The types of the arguments.
    pub fn in_types(&self) -> impl ExactSizeIterator<Item = &Type> {
        self.program.jaxpr.in_types().skip(self.program.consts.len())
    }

    /// The types of the results.
    pub fn out_types(&self) -> impl ExactSizeIterator<Item = &Type> {
        self.program.jaxpr.out_types()
    }

    /// Runs it. Arguments have exactly the shapes and element types that it was compiled for.
    pub fn call(&self, scope: &Scope, inputs: &[Value]) -> Result<Vec<Value>> {
        check_count(&self.name, self.in_types().len(), inputs.len())?;
        for (k, (value, ty)) in inputs.iter().zip(self.in_types()).enumerate() {
            let got = value.ty();
            if got.dtype != ty.dtype {
                bail!(Dtype, "{} was compiled for {ty} as argument {k}, got {got}", self.name);
            }
            if got.shape != ty.shape {
                bail!(Shape, "{} was compiled for {ty} as argument {k}, got {got}", self.name);
            }
        }
        let operands = self.program.operands(inputs);
        scope.run_compiled(
            &self.name,
            &self.program.jaxpr,
            &self.compiled,
            &operands,
            &self.donated,
        )
    }

    /// What one run computes and moves, counted on the program as it was traced.
    pub fn cost_analysis(&self) -> Cost {
        let memory = self.memory_analysis();
        let bytes_accessed = (memory.argument_bytes + memory.output_bytes) as f64;
        Cost { bytes_accessed, ..cost(&self.program.jaxpr) }
    }

    /// The memory that one run takes.
    pub fn memory_analysis(&self) -> Memory {
        let jaxpr = &self.program.jaxpr;
        let used = jaxpr.used_inputs();
        let in_bytes = jaxpr.in_types().zip(&used).filter(|&(_, &used)| used);
        let reused = jaxpr.in_types().enumerate().filter(|(k, _)| self.compiled.reuses(*k));
        let (temp_bytes, code_bytes) = self.compiled.sizes();
        Memory {
            argument_bytes: in_bytes.map(|(ty, _)| ty.size_bytes()).sum(),
            output_bytes: jaxpr.out_types().map(Type::size_bytes).sum(),
            alias_bytes: reused.map(|(_, ty)| ty.size_bytes()).sum(),
            temp_bytes,
            code_bytes,
        }
    }
}

impl Cost {
    fn times(self, n: f64) -> Cost {
        Cost {
            flops: self.flops * n,
            transcendentals: self.transcendentals * n,
            bytes_accessed: self.bytes_accessed * n,
        }
    }

    fn plus(self, other: Cost) -> Cost {
        Cost {
            flops: self.flops + other.flops,
            transcendentals: self.transcendentals + other.transcendentals,
            bytes_accessed: self.bytes_accessed + other.bytes_accessed,
        }
    }
}

fn cost(jaxpr: &Jaxpr) -> Cost {
    jaxpr.eqns.iter().fold(Cost::default(), |all, eqn| all.plus(eqn_cost(jaxpr, eqn)))
}

/// Functions that cost about as much as others of their kind: what XLA counts as transcendental.
fn is_transcendental(prim: &Prim) -> bool {
    match prim {
        Prim::Unary(unary) => !matches!(
            unary,
            Unary::Neg | Unary::Abs | Unary::Sign | Unary::Floor | Unary::Ceil | Unary::Not
        ),
        Prim::Binary(_) => matches!(prim.name(), "pow" | "atan2"),
        _ => false,
    }
}

fn eqn_cost(jaxpr: &Jaxpr, eqn: &Eqn) -> Cost {
    let numel = |ty: &Type| ty.numel() as f64;
    let inputs: Vec<&Type> = eqn.inputs.iter().map(|atom| jaxpr.atom_type(atom)).collect();
    let out = eqn.outputs.first().map_or(0.0, |&var| numel(&jaxpr[var]));
    let flops = |flops: f64| Cost { flops, ..Cost::default() };
    match &eqn.prim {
        Prim::Scan(scan) => cost(&scan.jaxpr).times(scan.length as f64),
        Prim::Cond(cond) => {
            let branches = cond.branches.iter().map(|branch| cost(branch));
            branches.fold(Cost::default(), |a, b| if b.flops > a.flops { b } else { a })
        }
        prim if !prim.programs().is_empty() => {
            prim.programs().into_iter().fold(Cost::default(), |all, jaxpr| all.plus(cost(jaxpr)))
        }
        Prim::DotGeneral(dot) => {
            let sizes = dot.lhs_contracting.iter().map(|&axis| inputs[0].shape[axis] as f64);
            flops(2.0 * out * sizes.product::<f64>())
        }
        Prim::Reduce(_) | Prim::ArgReduce(_) => flops(numel(inputs[0])),
        prim if is_transcendental(prim) => Cost { transcendentals: out, ..Cost::default() },
        Prim::Unary(_)
        | Prim::Binary(_)
        | Prim::Compare(_)
        | Prim::SelectN(_)
        | Prim::Clamp(_)
        | Prim::Cumulative(_) => flops(out),
        Prim::IntegerPow(pow) => flops(out * f64::from(pow.y.unsigned_abs().max(1).ilog2() + 1)),
        _ => Cost::default(),
    }
}

impl Scope {
    /// Runs a compiled program on all of its operands.
    pub(crate) fn run_compiled(
        &self,
        name: &str,
        jaxpr: &Jaxpr,
        compiled: &Compiled,
        operands: &[Value],
        donated: &[bool],
    ) -> Result<Vec<Value>> {
        let shared = &self.frame.shared;
        let run = |donated: &[bool]| {
            let launch = || shared.dispatch.launch(compiled, jaxpr.effect(), operands, donated);
            shared.counters.profile.of("run", name, launch)
        };
        if !self.settings.looks_at_values() {
            return Ok(run(donated)?.into_vec());
        }
        // What is run again must find its operands.
        let outputs = run(&[])?.into_vec();
        debug::check_program(self, name, jaxpr, operands, &outputs)?;
        Ok(outputs)
    }

    /// Compiles a program, and says so where it is wanted.
    pub(crate) fn compile_logged(
        &self,
        name: &str,
        jaxpr: &Arc<Jaxpr>,
        donated: &[bool],
    ) -> Result<Compiled> {
        let shared = &self.frame.shared;
        let start = std::time::Instant::now();
        let compiled = shared.dispatch.compile(&shared.counters, jaxpr, donated)?;
        if self.settings.log_compiles {
            let ms = start.elapsed().as_secs_f64() * 1e3;
            let types: Vec<String> = jaxpr.in_types().map(Type::to_string).collect();
            self.log(format_args!("compiled {name} for ({}) in {ms:.3} ms", types.join(", ")));
        }
        Ok(compiled)
    }
}
