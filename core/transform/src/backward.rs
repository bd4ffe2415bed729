//! The backward pass: transposing a linear program.

use jaxrs_data::{Error, Result, SmallVec};
use jaxrs_ir::{Atom, Cx, Eqn, Jaxpr, Operand, Tangent, Value};

/// Cotangents of the linear inputs of a program, from those of its results. Its first inputs are known;
/// equations that depend on no linear input are evaluated, where their results are needed.
pub(crate) fn backward_pass(
    cx: Cx<'_>,
    jaxpr: &Jaxpr,
    known: &[Value],
    cotangents: &[Tangent],
) -> Result<Vec<Tangent>> {
    let mut pass = Pass::new(jaxpr, known);
    pass.evaluate_known(cx)?;
    for (atom, cotangent) in jaxpr.outputs.iter().zip(cotangents) {
        pass.add(cx, atom, cotangent.clone())?;
    }
    for eqn in jaxpr.eqns.iter().rev() {
        if eqn.inputs.iter().any(|atom| pass.is_linear(atom)) {
            pass.transpose(cx, eqn).map_err(|err| {
                err.context(format_args!("in the transpose of {}", eqn.prim.name()))
            })?;
        }
    }
    Ok(jaxpr.invars[known.len()..].iter().map(|&var| pass.take(var)).collect())
}

struct Pass<'a> {
    jaxpr: &'a Jaxpr,
    /// Whether each variable depends on a linear input.
    linear: Vec<bool>,
    values: Vec<Option<Value>>,
    cotangents: Vec<Option<Tangent>>,
}

impl<'a> Pass<'a> {
    fn new(jaxpr: &'a Jaxpr, known: &[Value]) -> Pass<'a> {
        let n_vars = jaxpr.types.len();
        let mut values = vec![None; n_vars];
        for (var, value) in jaxpr.invars.iter().zip(known) {
            values[var.0 as usize] = Some(value.clone());
        }
        let mut linear = vec![false; n_vars];
        jaxpr.invars[known.len()..].iter().for_each(|var| linear[var.0 as usize] = true);
        let mut pass = Pass { jaxpr, linear, values, cotangents: vec![None; n_vars] };
        for eqn in &jaxpr.eqns {
            if eqn.inputs.iter().any(|atom| pass.is_linear(atom)) {
                eqn.outputs.iter().for_each(|var| pass.linear[var.0 as usize] = true);
            }
        }
        pass
    }

    fn is_linear(&self, atom: &Atom) -> bool {
        matches!(atom, Atom::Var(var) if self.linear[var.0 as usize])
    }

    /// Evaluates the equations whose results linear equations need, and those with effects: what is computed again
    /// prints again, as in JAX.
    fn evaluate_known(&mut self, cx: Cx<'_>) -> Result<()> {
        let mut needed = vec![false; self.jaxpr.types.len()];
        let mut wanted: Vec<&Eqn> = Vec::new();
        for eqn in self.jaxpr.eqns.iter().rev() {
            let is_linear = eqn.inputs.iter().any(|atom| self.is_linear(atom));
            if !is_linear {
                let is_needed = eqn.outputs.iter().any(|var| needed[var.0 as usize]);
                if !is_needed && !eqn.prim.effect().is_some() {
                    continue;
                }
                wanted.push(eqn);
            }
            for atom in &eqn.inputs {
                if let Atom::Var(var) = atom {
                    needed[var.0 as usize] = true;
                }
            }
        }
        for eqn in wanted.into_iter().rev() {
            let operands: SmallVec<[Value; 4]> =
                eqn.inputs.iter().map(|atom| self.known(atom)).collect::<Result<_>>()?;
            for (var, value) in eqn.outputs.iter().zip(cx.bind(&eqn.prim, &operands)?) {
                self.values[var.0 as usize] = Some(value);
            }
        }
        Ok(())
    }

    fn known(&self, atom: &Atom) -> Result<Value> {
        match atom {
            Atom::Literal(literal) => Ok(Value::literal(literal.clone())),
            Atom::Var(var) => self.values[var.0 as usize]
                .clone()
                .ok_or_else(|| Error::internal("a known value of a linear program is missing")),
        }
    }

    /// Adds to the cotangent of a variable; what is known takes none.
    fn add(&mut self, cx: Cx<'_>, atom: &Atom, cotangent: Tangent) -> Result<()> {
        let Atom::Var(var) = atom else { return Ok(()) };
        if !self.linear[var.0 as usize] || cotangent.is_zero() {
            return Ok(());
        }
        let sum = match self.cotangents[var.0 as usize].take() {
            Some(sum) => sum.add(cx, &cotangent)?,
            None => cotangent,
        };
        self.cotangents[var.0 as usize] = Some(sum);
        Ok(())
    }

    fn take(&mut self, var: jaxrs_ir::VarId) -> Tangent {
        let zero = || Tangent::Zero(self.jaxpr[var].clone());
        self.cotangents[var.0 as usize].take().unwrap_or_else(zero)
    }

    fn transpose(&mut self, cx: Cx<'_>, eqn: &Eqn) -> Result<()> {
        let cotangents: SmallVec<[Tangent; 4]> =
            eqn.outputs.iter().map(|&var| self.take(var)).collect();
        if cotangents.iter().all(Tangent::is_zero) {
            return Ok(());
        }
        let mut operands: SmallVec<[Operand; 4]> = SmallVec::new();
        for atom in &eqn.inputs {
            operands.push(if self.is_linear(atom) {
                Operand::Linear(self.jaxpr.atom_type(atom).clone())
            } else {
                Operand::Known(self.known(atom)?)
            });
        }
        let results = eqn.prim.transpose(cx, &operands, &cotangents)?;
        for (atom, cotangent) in eqn.inputs.iter().zip(results) {
            self.add(cx, atom, cotangent)?;
        }
        Ok(())
    }
}
