//! Modules as functions: their operations done by those of jaxrs.

mod calls;
mod collectives;
mod comparator;
mod contraction;
mod control;
mod dynamic;
mod elementwise;
mod indexing;
mod linalg;
mod random;
mod reduction;
mod scattering;
mod shapes;
mod sorting;

use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Result, SmallVec, Type};
use jaxrs_ir::Value;
use jaxrs_transform::{Function, Scope};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::tree::{Func, Module, Op, Region, Ty, ValueId};

/// How deep functions may call each other: StableHLO has no recursion, but a module may try.
const MAX_CALLS: usize = 256;

/// What one run of operations may give.
type Outputs = SmallVec<[Value; 1]>;

/// The function of this name. Calling it checks the arguments' types and does the operations in the caller's scope.
pub fn function(module: &Arc<Module>, name: &str) -> Result<Function> {
    let func = module.function(name)?;
    let types: Vec<Ty> = func.body.arguments.iter().map(|(_, ty)| ty.clone()).collect();
    argument_dtypes(func)?;
    let (module, title) = (module.clone(), name.to_owned());
    Ok(Function::new(name, move |scope: &Scope, inputs: &[Value]| {
        check_arguments(&format!("@{title}"), &types, inputs.iter().map(Value::ty))?;
        run(&module, &title, scope, inputs)
    }))
}

/// What the function of this name gives for arguments of its types.
pub(crate) fn run(
    module: &Arc<Module>,
    name: &str,
    scope: &Scope,
    inputs: &[Value],
) -> Result<Vec<Value>> {
    Env::new(module, scope).run(&module.function(name)?.body, inputs)
}

/// That a function takes arrays.
fn argument_dtypes(func: &Func) -> Result<()> {
    let array = |(k, (_, ty)): (usize, &(ValueId, Ty))| match ty.dtype() {
        Some(_) => Ok(()),
        None => Err(no_array(func, k, ty)),
    };
    func.body.arguments.iter().enumerate().try_for_each(array)
}

fn no_array(func: &Func, k: usize, ty: &Ty) -> Error {
    let text = format_args!("@{} takes arrays only, but its argument {k} is {ty}", func.name);
    Error::new(ErrorKind::Unimplemented, text)
}

/// The types of a function's arguments.
pub fn argument_types(func: &Func) -> Result<Vec<Type>> {
    let tensor = |(k, (_, ty)): (usize, &(ValueId, Ty))| match ty {
        Ty::Tensor(ty) => Ok(ty.clone()),
        Ty::Dynamic(..) => Err(Error::new(
            ErrorKind::Unimplemented,
            format_args!("@{} takes arrays of any size: its argument {k} is {ty}", func.name),
        )),
        other => Err(no_array(func, k, other)),
    };
    func.body.arguments.iter().enumerate().map(tensor).collect()
}

/// That a function takes arguments of these types.
pub(crate) fn check_arguments<'t>(
    name: &str,
    types: &[Ty],
    given: impl ExactSizeIterator<Item = &'t Type> + Clone,
) -> Result<()> {
    if given.len() == types.len() && given.clone().zip(types).all(|(got, ty)| ty.admits(got)) {
        return Ok(());
    }
    let got: Vec<String> = given.map(Type::to_string).collect();
    let need: Vec<String> = types.iter().map(Ty::to_string).collect();
    let text = format!("{name} takes ({}), got ({})", need.join(", "), got.join(", "));
    Err(Error::new(ErrorKind::InvalidArgument, text))
}

/// The values known while operations are done.
struct Env<'a> {
    module: &'a Arc<Module>,
    scope: &'a Scope,
    values: FxHashMap<ValueId, Value>,
    calls: usize,
    /// Whether sizes are computed in it.
    is_dynamic: bool,
}

impl<'a> Env<'a> {
    fn new(module: &'a Arc<Module>, scope: &'a Scope) -> Env<'a> {
        let is_dynamic = dynamic::is_dynamic(module);
        Env { module, scope, values: FxHashMap::default(), calls: 0, is_dynamic }
    }

    /// Does the operations of a region on these arguments.
    fn run(&mut self, region: &Region, inputs: &[Value]) -> Result<Vec<Value>> {
        for ((id, _), input) in region.arguments.iter().zip(inputs) {
            self.values.insert(*id, input.clone());
        }
        for op in &region.ops {
            if op.is_return() {
                break;
            }
            self.step(op)?;
        }
        region.returned()?.iter().map(|id| self.value(*id)).collect()
    }

    fn step(&mut self, op: &Op) -> Result<()> {
        let operands = op.operands.iter().map(|id| self.value(*id)).collect::<Result<Vec<_>>>()?;
        let frame = |error: Error| error.context(format_args!("{}: {}", op.place, op.name));
        if op.name == "stablehlo.custom_call" {
            let given = dynamic::call(self, op, &operands)
                .unwrap_or_else(|| calls::call(self, op, &operands));
            return self.define_given(op, given.map_err(frame)?);
        }
        let known = if self.is_dynamic { self.known(op, &operands) } else { None };
        let outputs = known.unwrap_or_else(|| self.apply(op, &operands)).map_err(frame)?;
        check_results(op, &outputs)?;
        for ((id, _), output) in op.results.iter().zip(outputs) {
            self.values.insert(*id, output);
        }
        Ok(())
    }

    /// The results of a call, without those that have no value here.
    fn define_given(&mut self, op: &Op, given: Vec<Option<Value>>) -> Result<()> {
        if given.len() != op.results.len() {
            return Err(unsupported_form(op, format_args!("{} results", op.results.len())));
        }
        for (result, value) in op.results.iter().zip(given) {
            let Some(value) = value else { continue };
            check_result(op, result, &value)?;
            self.values.insert(result.0, value);
        }
        Ok(())
    }

    fn value(&self, id: ValueId) -> Result<Value> {
        let known = self.values.get(&id).cloned();
        known.ok_or_else(|| {
            let text = "the program uses a work array of a custom call, which has no value here";
            Error::new(ErrorKind::Unimplemented, text)
        })
    }

    fn apply(&mut self, op: &Op, x: &[Value]) -> Result<Outputs> {
        let families = [
            elementwise::apply,
            shapes::apply,
            contraction::apply,
            linalg::apply,
            indexing::apply,
            dynamic::apply,
        ];
        for family in families {
            if let Some(output) = family(self.scope, op, x) {
                return Ok(SmallVec::from_iter([output?]));
            }
        }
        let families = [
            reduction::apply,
            scattering::apply,
            sorting::apply,
            control::apply,
            random::apply,
            collectives::apply,
        ];
        for family in families {
            if let Some(outputs) = family(self, op, x) {
                return outputs;
            }
        }
        Err(unsupported(op))
    }

    /// A region as a function of its arguments, with the values around it that it uses.
    fn closure(&self, name: &str, region: &Arc<Region>) -> Function {
        let captured: FxHashMap<ValueId, Value> = free_values(region)
            .into_iter()
            .filter_map(|id| Some((id, self.values.get(&id)?.clone())))
            .collect();
        let (module, region, calls) = (self.module.clone(), region.clone(), self.calls);
        let is_dynamic = self.is_dynamic;
        Function::new(name, move |scope: &Scope, inputs: &[Value]| {
            let values = captured.clone();
            Env { module: &module, scope, values, calls, is_dynamic }.run(&region, inputs)
        })
    }
}

/// That an operation is not one of those that are known here.
fn unsupported(op: &Op) -> Error {
    let place = op.place;
    let text = format_args!("{place}: unsupported op {}", op.name).to_string();
    Error::new(ErrorKind::Unimplemented, text)
}

/// That an operation has a form that is not known here.
fn unsupported_form(op: &Op, what: impl std::fmt::Display) -> Error {
    op.error(ErrorKind::Unimplemented, format_args!("is unsupported with {what}"))
}

fn check_results(op: &Op, outputs: &[Value]) -> Result<()> {
    if outputs.len() != op.results.len() {
        let (said, got) = (op.results.len(), outputs.len());
        let text = format_args!("says that it gives {said} values, but gives {got}");
        return Err(op.error(ErrorKind::InvalidArgument, text));
    }
    op.results.iter().zip(outputs).try_for_each(|(result, output)| check_result(op, result, output))
}

fn check_result(op: &Op, (_, said): &(ValueId, Ty), output: &Value) -> Result<()> {
    match said.dtype() {
        Some(_) if !said.admits(output.ty()) => {
            let text = format_args!("says that it gives {said}, but gives {}", output.ty());
            Err(op.error(ErrorKind::InvalidArgument, text))
        }
        _ => Ok(()),
    }
}

/// The values that a region uses and does not define.
fn free_values(region: &Region) -> Vec<ValueId> {
    let mut defined = FxHashSet::default();
    let mut free = Vec::new();
    collect_free(region, &mut defined, &mut free);
    free
}

fn collect_free(region: &Region, defined: &mut FxHashSet<ValueId>, free: &mut Vec<ValueId>) {
    defined.extend(region.arguments.iter().map(|(id, _)| *id));
    for op in &region.ops {
        free.extend(op.operands.iter().filter(|id| !defined.contains(id)));
        for inner in &op.regions {
            collect_free(inner, defined, free);
        }
        defined.extend(op.results.iter().map(|(id, _)| *id));
    }
}
