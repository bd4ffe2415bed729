//! Running programs plainly, equation by equation: the definition that all else is tested against.

use jaxrs_data::{Error, Literal, Result, SmallVec, bail};

use crate::{Atom, Eqn, Jaxpr, VarId};

/// The results of a program for some inputs, constants first. The program keeps the invariants that
/// [`check`](crate::check) tests.
pub fn evaluate(jaxpr: &Jaxpr, inputs: &[Literal]) -> Result<Vec<Literal>> {
    evaluate_with(jaxpr, inputs, &mut |eqn, operands| eqn.prim.evaluate(operands))
}

/// What computes the results of an equation.
pub type Run<'a> = &'a mut dyn FnMut(&Eqn, &[Literal]) -> Result<SmallVec<[Literal; 2]>>;

/// As [`evaluate`], where the caller computes the results of equations.
pub fn evaluate_with(jaxpr: &Jaxpr, inputs: &[Literal], run: Run<'_>) -> Result<Vec<Literal>> {
    if inputs.len() != jaxpr.invars.len() {
        bail!(
            InvalidArgument,
            "a program takes {} inputs, got {}",
            jaxpr.invars.len(),
            inputs.len()
        );
    }
    let mut values: Vec<Option<Literal>> = vec![None; jaxpr.types.len()];
    for (position, (&var, input)) in jaxpr.invars.iter().zip(inputs).enumerate() {
        if !input.ty().same_ignoring_weak(&jaxpr[var]) {
            let (needed, got) = (&jaxpr[var], input.ty());
            bail!(InvalidArgument, "input {position} of a program needs {needed}, got {got}");
        }
        define(jaxpr, &mut values, var, input.clone())?;
    }
    for eqn in &jaxpr.eqns {
        let operands: SmallVec<[Literal; 4]> =
            eqn.inputs.iter().map(|atom| read(&values, atom)).collect::<Result<_>>()?;
        let frame = |err: Error| err.context(place(jaxpr, eqn));
        let results = run(eqn, &operands).map_err(frame)?;
        if results.len() != eqn.outputs.len() {
            return Err(Error::internal(format_args!(
                "{} gave {} results for {} variables",
                eqn.prim.name(),
                results.len(),
                eqn.outputs.len()
            )));
        }
        for (&var, result) in eqn.outputs.iter().zip(results) {
            define(jaxpr, &mut values, var, result).map_err(frame)?;
        }
    }
    jaxpr.outputs.iter().map(|atom| read(&values, atom)).collect()
}

/// Where an equation stands, for errors: `in v1:f32[] = sin v0, scope layer/act`.
fn place(jaxpr: &Jaxpr, eqn: &Eqn) -> String {
    match &eqn.name_stack {
        Some(names) => format!("in {}, scope {names}", jaxpr.display_eqn(eqn)),
        None => format!("in {}", jaxpr.display_eqn(eqn)),
    }
}

fn read(values: &[Option<Literal>], atom: &Atom) -> Result<Literal> {
    match atom {
        Atom::Literal(literal) => Ok(literal.clone()),
        Atom::Var(var) => match values.get(var.0 as usize) {
            Some(Some(value)) => Ok(value.clone()),
            _ => Err(Error::internal(format_args!("v{} is used before it is defined", var.0))),
        },
    }
}

/// Gives a variable its value, under the variable's own type: weakness does not travel with values.
fn define(jaxpr: &Jaxpr, values: &mut [Option<Literal>], var: VarId, value: Literal) -> Result<()> {
    let ty = &jaxpr[var];
    if !value.ty().same_ignoring_weak(ty) {
        return Err(Error::internal(format_args!(
            "v{} is a {ty}, but its value is a {}",
            var.0,
            value.ty()
        )));
    }
    let value = if value.ty() == ty { value } else { value.with_type(ty.clone())? };
    values[var.0 as usize] = Some(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, inputs: &[Literal], expected: &str) {
        let jaxpr: Jaxpr = source.parse().unwrap();
        let got = match evaluate(&jaxpr, inputs) {
            Ok(results) => format!("{results:?}"),
            Err(err) => format!("error: {err}"),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn equations_run_in_order() {
        check(
            "{ lambda ; a:f32[2]. let b:f32[2] = add a 1.0:f32[]; c:f32[2] = mul b b in (c, a) }",
            &[Literal::f32([2], &[1.0, 2.0])],
            "[[4.0, 9.0]:f32[2], [1.0, 2.0]:f32[2]]",
        );
    }

    #[test]
    fn inputs_must_be_what_the_program_says() {
        let source = "{ lambda ; a:f32[2]. let in (a,) }";
        check(source, &[], "error: a program takes 1 inputs, got 0");
        check(
            source,
            &[Literal::f32([1], &[1.0])],
            "error: input 0 of a program needs f32[2], got f32[1]",
        );
    }
}
