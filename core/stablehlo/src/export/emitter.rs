//! Writing operations: values, regions, functions.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use jaxrs_data::{DType, Error, Literal, Result, SmallVec, Type};
use jaxrs_ir::{Context, Jaxpr, JvpJaxpr, LinearizedJaxpr, Prim, StageBody, Value, ValueNode, ops};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::tree::{Attr, Func, Op, Place, Region, Ty, ValueId};

/// A value of the module that is being written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) ty: Type,
    pub(super) id: ValueId,
}

impl ValueNode for Written {
    fn ty(&self) -> &Type {
        &self.ty
    }
}

/// What all functions of a module share.
#[derive(Default)]
pub(super) struct State {
    functions: RefCell<Vec<Func>>,
    names: RefCell<FxHashSet<String>>,
    /// Programs that are functions already, which are kept alive so that what tells them apart is theirs.
    programs: RefCell<FxHashMap<usize, (Arc<Jaxpr>, String)>>,
    /// Functions that are no program's, by name and types.
    helpers: RefCell<FxHashMap<String, String>>,
    n_values: Cell<usize>,
}

/// Where operations go: the end of one region.
pub(super) struct Emitter<'s> {
    pub(super) state: &'s State,
    ops: RefCell<Vec<Op>>,
}

/// The type as StableHLO has it: of keys, their words along a new last axis; no weakness.
pub(crate) fn physical(ty: &Type) -> Type {
    if !ty.dtype.is_key() {
        return ty.with_weak(false);
    }
    let dims = [&ty.shape[..], &[ty.dtype.size_bytes() / 4]].concat();
    Type::new(DType::U32, dims.as_slice())
}

/// An attribute with its name.
pub(super) type Named = (&'static str, Attr);

/// A list of whole numbers.
pub(super) fn ints(numbers: impl IntoIterator<Item = usize>) -> Attr {
    Attr::List(numbers.into_iter().map(int).collect())
}

/// A list of whole numbers with signs.
pub(super) fn signed(numbers: impl IntoIterator<Item = i64>) -> Attr {
    Attr::List(numbers.into_iter().map(|n| Attr::Int(n.into())).collect())
}

/// A whole number.
pub(super) fn int(number: usize) -> Attr {
    Attr::Int(number as i128)
}

/// A word of an enumeration.
pub(super) fn word(word: &str) -> Attr {
    Attr::Word(word.to_owned())
}

impl State {
    fn fresh(&self) -> ValueId {
        let id = self.n_values.get();
        self.n_values.set(id + 1);
        ValueId(id)
    }

    fn value(&self, ty: &Type) -> (ValueId, Value) {
        let id = self.fresh();
        (id, Value::new(Written { ty: ty.clone(), id }))
    }

    /// A name that no other function has.
    fn unique(&self, name: &str) -> String {
        let plain: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' })
            .collect();
        let plain = if plain.is_empty() { "f".to_owned() } else { plain };
        let mut names = self.names.borrow_mut();
        let numbered =
            (0..).map(|k: usize| if k == 0 { plain.clone() } else { format!("{plain}_{k}") });
        let name = numbered.into_iter().find(|name| !names.contains(name)).unwrap_or(plain);
        names.insert(name.clone());
        name
    }

    /// A function, which its body writes.
    pub(super) fn function(
        &self,
        name: &str,
        arguments: &[Type],
        body: impl FnOnce(&Emitter<'_>, &[Value]) -> Result<Vec<Value>>,
    ) -> Result<Func> {
        let name = self.unique(name);
        let e = Emitter { state: self, ops: RefCell::default() };
        let (body, results) = e.filled(arguments, "func.return", body)?;
        let results = results.iter().map(|ty| Ty::Tensor(physical(ty))).collect();
        Ok(Func { name, body: body.into(), results })
    }

    pub(super) fn into_functions(self) -> Vec<Func> {
        self.functions.into_inner()
    }
}

impl<'s> Emitter<'s> {
    /// Writes an operation.
    pub(super) fn op(
        &self,
        name: &str,
        x: &[Value],
        out: &[Type],
        attributes: Vec<Named>,
        regions: Vec<Region>,
    ) -> Result<Vec<Value>> {
        let operands = x.iter().map(|x| self.id(x)).collect::<Result<_>>()?;
        let (results, values): (Vec<_>, Vec<_>) = out
            .iter()
            .map(|ty| {
                let (id, value) = self.state.value(ty);
                ((id, Ty::Tensor(physical(ty))), value)
            })
            .unzip();
        self.ops.borrow_mut().push(Op {
            name: name.to_owned(),
            operands,
            results,
            attributes: attributes
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            regions: regions.into_iter().map(Arc::new).collect(),
            place: Place::default(),
        });
        Ok(values)
    }

    /// Writes an operation of StableHLO with one result.
    pub(super) fn op1(
        &self,
        name: &str,
        x: &[Value],
        out: &Type,
        attributes: Vec<Named>,
    ) -> Result<Value> {
        let name = format!("stablehlo.{name}");
        self.one(&name, x, out, attributes, Vec::new())
    }

    /// Writes an operation with one result.
    pub(super) fn one(
        &self,
        name: &str,
        x: &[Value],
        out: &Type,
        attributes: Vec<Named>,
        regions: Vec<Region>,
    ) -> Result<Value> {
        Ok(self.op(name, x, std::slice::from_ref(out), attributes, regions)?.swap_remove(0))
    }

    /// The value of the module that a value is; constants are written where they are used.
    fn id(&self, value: &Value) -> Result<ValueId> {
        if let Some(written) = value.downcast_ref::<Written>() {
            return Ok(written.id);
        }
        let zero;
        let literal = match value.downcast_ref::<Literal>() {
            Some(literal) => literal,
            None if value.is_symbolic_zero() => {
                zero =
                    Literal::full(value.ty().clone(), jaxrs_data::Scalar::zero(value.ty().dtype));
                &zero
            }
            None => return Err(Error::internal("a value of another trace is exported")),
        };
        let ty = physical(literal.ty());
        let words = Literal::from_bytes(ty.clone(), literal.bytes())?;
        let constant = self.op1("constant", &[], &ty, vec![("value", Attr::Dense(words))])?;
        self.id(&constant)
    }

    /// The same value under another type that has the same physical one.
    pub(super) fn retyped(&self, value: &Value, ty: Type) -> Result<Value> {
        Ok(Value::new(Written { id: self.id(value)?, ty }))
    }

    /// A region, which its body writes, and the types of what it gives.
    pub(super) fn region(
        &self,
        arguments: &[Type],
        body: impl FnOnce(&Emitter<'_>, &[Value]) -> Result<Vec<Value>>,
    ) -> Result<Region> {
        let inner = Emitter { state: self.state, ops: RefCell::default() };
        Ok(inner.filled(arguments, "stablehlo.return", body)?.0)
    }

    fn filled(
        self,
        arguments: &[Type],
        end: &str,
        body: impl FnOnce(&Emitter<'_>, &[Value]) -> Result<Vec<Value>>,
    ) -> Result<(Region, Vec<Type>)> {
        let (ids, inputs): (Vec<_>, Vec<_>) = arguments
            .iter()
            .map(|ty| {
                let (id, value) = self.state.value(ty);
                ((id, Ty::Tensor(physical(ty))), value)
            })
            .unzip();
        let outputs = body(&self, &inputs)?;
        let types = outputs.iter().map(|y| y.ty().clone()).collect();
        self.op(end, &outputs, &[], Vec::new(), Vec::new())?;
        Ok((Region { arguments: ids, ops: self.ops.into_inner() }, types))
    }

    /// A call of a function that a program becomes once.
    pub(super) fn call(
        &self,
        name: &str,
        jaxpr: &Arc<Jaxpr>,
        x: &[Value],
        out: &[Type],
    ) -> Result<Vec<Value>> {
        let callee = self.callee(name, jaxpr)?;
        self.op("func.call", x, out, vec![("callee", Attr::Symbol(callee))], Vec::new())
    }

    /// The function that a program becomes.
    pub(super) fn callee(&self, name: &str, jaxpr: &Arc<Jaxpr>) -> Result<String> {
        let key = super::identity(jaxpr);
        if let Some((_, name)) = self.state.programs.borrow().get(&key) {
            return Ok(name.clone());
        }
        let types: Vec<Type> = jaxpr.in_types().cloned().collect();
        let name = self.private(name, &types, |e, inputs| e.eval(jaxpr, inputs))?;
        self.state.programs.borrow_mut().insert(key, (jaxpr.clone(), name.clone()));
        Ok(name)
    }

    /// Adds a function to the module; gives its name.
    pub(super) fn private(
        &self,
        name: &str,
        types: &[Type],
        body: impl FnOnce(&Emitter<'_>, &[Value]) -> Result<Vec<Value>>,
    ) -> Result<String> {
        let func = self.state.function(name, types, body)?;
        let name = func.name.clone();
        self.state.functions.borrow_mut().push(func);
        Ok(name)
    }

    /// Writes a program here.
    pub(super) fn eval(&self, jaxpr: &Jaxpr, inputs: &[Value]) -> Result<Vec<Value>> {
        jaxrs_ir::compose::replay(self, jaxpr, inputs)
    }

    /// All results of a primitive.
    pub(super) fn bind_all(&self, prim: impl Into<Prim>, x: &[Value]) -> Result<Vec<Value>> {
        Ok(self.bind(&prim.into(), x)?.into_vec())
    }

    /// A function under a name that others may have a routine for, written once for its operands' types.
    pub(super) fn helper(
        &self,
        name: &str,
        types: &[Type],
        body: impl FnOnce(&Emitter<'_>, &[Value]) -> Result<Vec<Value>>,
    ) -> Result<String> {
        let listed: Vec<String> = types.iter().map(Type::to_string).collect();
        let key = format!("{name}({})", listed.join(", "));
        if let Some(known) = self.state.helpers.borrow().get(&key) {
            return Ok(known.clone());
        }
        let function = self.private(name, types, body)?;
        self.state.helpers.borrow_mut().insert(key, function.clone());
        Ok(function)
    }

    /// An array of some shape; a scalar is repeated.
    pub(super) fn spread(&self, x: &Value, shape: &[usize]) -> Result<Value> {
        if x.shape()[..] == *shape {
            return Ok(x.clone());
        }
        ops::broadcast_in_dim(self, x, &shape.into(), [])
    }
}

fn refused<T>() -> Result<T> {
    Err(Error::internal("programs are transformed before they are exported"))
}

impl Context for Emitter<'_> {
    fn bind(&self, prim: &Prim, inputs: &[Value]) -> Result<jaxrs_ir::Outputs> {
        let in_types: SmallVec<[Type; 4]> = inputs.iter().map(|x| x.ty().clone()).collect();
        let out = prim.output_types(&in_types)?;
        let outputs = super::bind(self, prim, inputs, &out)?;
        if let Some((y, ty)) =
            outputs.iter().zip(&out).find(|(y, ty)| !y.ty().same_ignoring_weak(ty))
        {
            let name = prim.name();
            return Err(Error::internal(format_args!("{name} is written as {}, not {ty}", y.ty())));
        }
        Ok(outputs.into())
    }

    fn eval_jaxpr(&self, jaxpr: &Jaxpr, inputs: &[Value]) -> Result<Vec<Value>> {
        self.eval(jaxpr, inputs)
    }

    fn stage(&self, in_types: &[Type], body: StageBody<'_>) -> Result<Arc<Jaxpr>> {
        jaxrs_ir::compose::record(in_types, body).map(Arc::new)
    }

    fn jvp_jaxpr(&self, _: &Arc<Jaxpr>, _: &[bool], _: &[bool]) -> Result<JvpJaxpr> {
        refused()
    }

    fn batch_jaxpr(
        &self,
        _: &Arc<Jaxpr>,
        _: usize,
        _: &[bool],
        _: &[bool],
    ) -> Result<(Arc<Jaxpr>, Vec<bool>)> {
        refused()
    }

    fn linearize_jaxpr(&self, _: &Arc<Jaxpr>, _: &[bool], _: &[bool]) -> Result<LinearizedJaxpr> {
        refused()
    }

    fn transpose_jaxpr(&self, _: &Arc<Jaxpr>, _: usize) -> Result<Arc<Jaxpr>> {
        refused()
    }
}
