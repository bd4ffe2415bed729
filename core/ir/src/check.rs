//! The invariants of programs.
//!
//! What every [`Jaxpr`] keeps, and [`check`] tests:
//!
//! - at most as many constants as inputs;
//! - every variable has a type in `types`;
//! - every variable is defined once, as an input or by one equation;
//! - operands and results are defined before they are used;
//! - literals have no axes;
//! - each equation has operands that its primitive takes, and defines variables of exactly the types,
//!   weakness included, that the primitive gives for them;
//! - the programs that primitives hold keep the invariants too.

use jaxrs_data::{Error, Result, Type};

use crate::{Atom, Eqn, Jaxpr, Param, VarId};

/// Equations that are shown before and after a fault.
const SHOWN_AROUND: usize = 2;

/// Checks the invariants. The error says which equation is at fault, and its frames show the program
/// around it.
pub fn check(jaxpr: &Jaxpr) -> Result<()> {
    let mut checker = Checker { jaxpr, defined: vec![false; jaxpr.types.len()] };
    checker.header()?;
    for (position, eqn) in jaxpr.eqns.iter().enumerate() {
        checker.equation(eqn).map_err(|err| at_equation(jaxpr, position, &err))?;
    }
    for atom in &jaxpr.outputs {
        checker.atom(atom).map_err(|err| err.context(format_args!("in the results of {jaxpr}")))?;
    }
    Ok(())
}

/// The error with the equation in its message and its surroundings in a frame.
fn at_equation(jaxpr: &Jaxpr, position: usize, err: &Error) -> Error {
    let eqn = &jaxpr.eqns[position];
    let message = format!("in {}: {}", jaxpr.display_eqn(eqn), err.message());
    let first = position.saturating_sub(SHOWN_AROUND);
    let last = (position + SHOWN_AROUND).min(jaxpr.eqns.len() - 1);
    let mut excerpt = String::from("around the fault:");
    for (i, eqn) in jaxpr.eqns[..=last].iter().enumerate().skip(first) {
        let mark = if i == position { '>' } else { ' ' };
        excerpt.push_str(&format!("\n{mark} {}", jaxpr.display_eqn(eqn)));
    }
    let inner = err.frames().iter().fold(Error::new(err.kind(), message), |e, f| e.context(f));
    inner.context(excerpt)
}

struct Checker<'a> {
    jaxpr: &'a Jaxpr,
    defined: Vec<bool>,
}

impl Checker<'_> {
    fn header(&mut self) -> Result<()> {
        let (n_consts, n_inputs) = (self.jaxpr.n_consts, self.jaxpr.invars.len());
        if n_consts > n_inputs {
            return Err(Error::internal(format_args!(
                "a program has {n_consts} constants among {n_inputs} inputs"
            )));
        }
        self.jaxpr.invars.iter().try_for_each(|&var| self.define(var))
    }

    fn define(&mut self, var: VarId) -> Result<()> {
        match self.defined.get_mut(var.0 as usize) {
            None => Err(Error::internal(format_args!("v{} has no type", var.0))),
            Some(true) => Err(Error::internal(format_args!("v{} is defined twice", var.0))),
            Some(defined) => {
                *defined = true;
                Ok(())
            }
        }
    }

    fn atom(&self, atom: &Atom) -> Result<()> {
        match atom {
            Atom::Var(var) if !self.defined.get(var.0 as usize).is_some_and(|&known| known) => {
                Err(Error::internal(format_args!("v{} is used before it is defined", var.0)))
            }
            Atom::Literal(literal) if literal.ty().rank() != 0 => Err(Error::internal(
                format_args!("a literal has type {}, but literals have no axes", literal.ty()),
            )),
            Atom::Var(_) | Atom::Literal(_) => Ok(()),
        }
    }

    fn equation(&mut self, eqn: &Eqn) -> Result<()> {
        eqn.inputs.iter().try_for_each(|atom| self.atom(atom))?;
        for (key, value) in eqn.prim.params() {
            inner(&value).map_err(|err| err.context(format_args!("in parameter {key}")))?;
        }
        let inputs: Vec<Type> =
            eqn.inputs.iter().map(|atom| self.jaxpr.atom_type(atom).clone()).collect();
        let given = eqn.prim.output_types(&inputs)?;
        eqn.outputs.iter().try_for_each(|&var| self.define(var))?;
        let defined = || eqn.outputs.iter().map(|&var| &self.jaxpr[var]);
        if !given.iter().eq(defined()) {
            return Err(Error::internal(format_args!(
                "{} gives {}, but the variables have {}",
                eqn.prim.name(),
                type_list(given.iter()),
                type_list(defined()),
            )));
        }
        Ok(())
    }
}

fn inner(param: &Param) -> Result<()> {
    match param {
        Param::Jaxpr(jaxpr) => check(jaxpr),
        Param::Jaxprs(jaxprs) => jaxprs.iter().try_for_each(|jaxpr| check(jaxpr)),
        Param::Bool(_)
        | Param::Int(_)
        | Param::Ints(_)
        | Param::IntLists(_)
        | Param::DType(_)
        | Param::Name(_)
        | Param::None => Ok(()),
    }
}

fn type_list<'a>(types: impl Iterator<Item = &'a Type>) -> String {
    let types: Vec<String> = types.map(Type::to_string).collect();
    format!("({})", types.join(", "))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check_fails(break_it: impl FnOnce(&mut Jaxpr), expected: &Expect) {
        let source = "{ lambda ; a:f32[3]. let b:f32[3] = sin a; c:f32[3] = add a b in (c,) }";
        let mut jaxpr: Jaxpr = source.parse().unwrap();
        check(&jaxpr).unwrap();
        break_it(&mut jaxpr);
        let err = check(&jaxpr).unwrap_err();
        expected.assert_eq(&format!("{err:?}"));
    }

    #[test]
    fn types_must_be_those_that_the_primitive_gives() {
        check_fails(
            |jaxpr| jaxpr.types[1].weak = true,
            &expect![[r#"
            Internal: in v1:~f32[3] = sin v0: sin gives (f32[3]), but the variables have (~f32[3]) (this is a bug in jaxrs)
              around the fault:
            > v1:~f32[3] = sin v0
              v2:f32[3] = add v0 v1"#]],
        );
    }

    #[test]
    fn operands_must_fit_the_primitive() {
        check_fails(
            |jaxpr| jaxpr.types[0].shape = [2].into(),
            &expect![[r#"
            Internal: in v1:f32[3] = sin v0: sin gives (f32[2]), but the variables have (f32[3]) (this is a bug in jaxrs)
              around the fault:
            > v1:f32[3] = sin v0
              v2:f32[3] = add v0 v1"#]],
        );
    }

    #[test]
    fn variables_are_defined_once_and_before_use() {
        check_fails(
            |jaxpr| jaxpr.eqns.swap(0, 1),
            &expect![[r#"
            Internal: in v2:f32[3] = add v0 v1: v1 is used before it is defined (this is a bug in jaxrs)
              around the fault:
            > v2:f32[3] = add v0 v1
              v1:f32[3] = sin v0"#]],
        );
        check_fails(
            |jaxpr| jaxpr.eqns[1].outputs[0] = VarId(0),
            &expect![[r#"
            Internal: in v0:f32[3] = add v0 v1: v0 is defined twice (this is a bug in jaxrs)
              around the fault:
              v1:f32[3] = sin v0
            > v0:f32[3] = add v0 v1"#]],
        );
        check_fails(
            |jaxpr| jaxpr.outputs[0] = Atom::Var(VarId(9)),
            &expect![[r#"
            Internal: v9 is used before it is defined (this is a bug in jaxrs)
              in the results of { lambda ; a:f32[3]. let b:f32[3] = sin a; c:f32[3] = add a b in (v9,) }"#]],
        );
    }
}
