//! References: arrays that programs change.
//!
//! A reference is discharged while it is traced, so that no program holds one: what is written becomes the value
//! that is read next, by pure operations. A function that is staged and uses a reference of the trace around gets
//! the value as one more argument, and gives the last one as one more result, which whoever staged it writes
//! back: `jit`, `checkpoint`, loops and branches do. So references work under every transform, in a program that
//! is their discharged one in JAX. As there, a value that is being differentiated or batched cannot be written
//! to a reference from outside of that transform.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jaxrs_data::{DType, Result, Type, bail};
use jaxrs_ir::prims::{DynamicSlice, DynamicUpdateSlice};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use parking_lot::Mutex;

use crate::control::as_type;
use crate::frame::{Frame, Kind};
use crate::tracer::{Data, Tracer};
use crate::{Function, Scope};

/// An array that programs change. Clones are the same reference.
#[derive(Clone)]
pub struct Ref(Arc<Cell>);

/// A reference, in the trace that made it.
struct Cell {
    ty: Type,
    home: Arc<Frame>,
    value: Mutex<Value>,
    is_frozen: AtomicBool,
}

/// A new reference to an array that starts as this one.
pub fn new_ref(scope: &Scope, init: &Value) -> Result<Ref> {
    scope.frame.check_open("new_ref")?;
    scope.frame.own("new_ref", init)?;
    let ty = init.ty().with_weak(false);
    let value = Mutex::new(as_type(scope, init, &ty)?);
    Ok(Ref(Arc::new(Cell {
        ty,
        home: scope.frame.clone(),
        value,
        is_frozen: AtomicBool::new(false),
    })))
}

/// The final states of references that start as these arrays.
pub fn run_state(
    scope: &Scope,
    body: impl FnOnce(&Scope, &[Ref]) -> Result<()>,
    init: &[Value],
) -> Result<Vec<Value>> {
    let refs: Vec<Ref> = init.iter().map(|x| new_ref(scope, x)).collect::<Result<_>>()?;
    body(scope, &refs)?;
    refs.iter().map(|reference| reference.freeze(scope)).collect()
}

impl std::fmt::Debug for Ref {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// As JAX prints the type: `Ref{f32[3]}`.
impl std::fmt::Display for Ref {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ref{{{}}}", self.0.ty)
    }
}

impl Ref {
    /// The type of the array.
    pub fn ty(&self) -> &Type {
        &self.0.ty
    }

    /// Whether two are one and the same.
    pub fn is_same(&self, other: &Ref) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether it was made outside of all traces.
    pub(crate) fn is_eager(&self) -> bool {
        matches!(self.0.home.kind, Kind::Eval)
    }

    /// What stands at a position: scalars for the first axes, counted from the end where they are negative. One
    /// that does not fit is moved so that it does, or refused if it is known.
    pub fn get(&self, scope: &Scope, index: &[Value]) -> Result<Value> {
        let value = self.read("get", scope)?;
        let starts = self.starts("get", scope, index)?;
        self.part(scope, &value, &starts, index.len())
    }

    /// Puts a value at a position.
    pub fn set(&self, scope: &Scope, index: &[Value], value: &Value) -> Result<()> {
        self.replace("set", scope, index, |scope, part| self.fitting("set", scope, part, value))
            .map(drop)
    }

    /// Puts a value at a position, and gives what stood there.
    pub fn swap(&self, scope: &Scope, index: &[Value], value: &Value) -> Result<Value> {
        self.replace("swap", scope, index, |scope, part| self.fitting("swap", scope, part, value))
    }

    /// Adds a value at a position.
    pub fn addupdate(&self, scope: &Scope, index: &[Value], value: &Value) -> Result<()> {
        let add = |scope: &Scope, part: &Value| {
            ops::add(scope, part, &self.fitting("addupdate", scope, part, value)?)
        };
        self.replace("addupdate", scope, index, add).map(drop)
    }

    /// The array as it is now; the reference cannot be used any more.
    pub fn freeze(&self, scope: &Scope) -> Result<Value> {
        let value = self.read("freeze", scope)?;
        self.0.is_frozen.store(true, Ordering::Relaxed);
        Ok(value)
    }

    fn replace(
        &self,
        user: &str,
        scope: &Scope,
        index: &[Value],
        new: impl FnOnce(&Scope, &Value) -> Result<Value>,
    ) -> Result<Value> {
        let whole = self.read(user, scope)?;
        let starts = self.starts(user, scope, index)?;
        let part = self.part(scope, &whole, &starts, index.len())?;
        let new = new(scope, &part)?;
        let new = match index.len() {
            0 => new,
            n => {
                let mut shape = self.0.ty.shape.clone();
                shape.iter_mut().take(n).for_each(|size| *size = 1);
                let new = ops::reshape(scope, &new, &shape)?;
                let inputs: Vec<Value> = [whole, new].into_iter().chain(starts).collect();
                ops::bind1(scope, DynamicUpdateSlice, &inputs)?
            }
        };
        self.write(user, scope, new)?;
        Ok(part)
    }

    /// The value as the type of the part that it is to be put in the place of.
    fn fitting(&self, user: &str, scope: &Scope, part: &Value, value: &Value) -> Result<Value> {
        let (needed, got) = (part.ty(), value.ty());
        if got.shape != needed.shape {
            bail!(Shape, "{user} needs a value of shape {} for {self}, got {got}", needed.shape);
        }
        let promotes = || {
            let promoted = jaxrs_data::promote::promote([needed, got], scope.defaults());
            promoted.is_ok_and(|(dtype, _)| dtype == needed.dtype)
        };
        if got.dtype != needed.dtype && !(got.weak && promotes()) {
            bail!(Dtype, "{user} needs a value of type {} for {self}, got {got}", needed.dtype);
        }
        as_type(scope, value, needed)
    }

    /// A start for each axis.
    fn starts(&self, user: &str, scope: &Scope, index: &[Value]) -> Result<Vec<Value>> {
        let shape = &self.0.ty.shape;
        if index.len() > shape.rank() {
            bail!(Shape, "{user} got {} indices into {self}", index.len());
        }
        let mut starts = Vec::with_capacity(shape.rank());
        for (axis, index) in index.iter().enumerate() {
            let (ty, size) = (index.ty(), shape[axis]);
            if ty.rank() != 0 || !ty.dtype.is_integer() {
                bail!(Dtype, "{user} needs integer scalars as indices into {self}, got {ty}");
            }
            let known = crate::to_array(index).and_then(|array| array.to_literal());
            if let Some(position) = known.ok().and_then(|literal| literal.item()) {
                let position = position.as_i64();
                if position < -(size as i64) || position >= size as i64 {
                    bail!(InvalidArgument, "{user} at index {position} is out of bounds of {self}");
                }
            }
            let zero = ops::scalar_like(index, 0.0);
            let negative = ops::compare(scope, Compare::Lt, index, &zero)?;
            let moved = ops::offset(scope, index, size as f64)?;
            let start = ops::select(scope, &negative, &moved, index)?;
            starts.push(ops::convert(scope, &start, DType::I64)?);
        }
        starts.resize_with(shape.rank(), || ops::scalar(DType::I64, 0.0));
        Ok(starts)
    }

    /// The part at these starts, where `n` axes have a position.
    fn part(&self, scope: &Scope, whole: &Value, starts: &[Value], n: usize) -> Result<Value> {
        if n == 0 {
            return Ok(whole.clone());
        }
        let mut slice_sizes = self.0.ty.shape.clone();
        slice_sizes.iter_mut().take(n).for_each(|size| *size = 1);
        let inputs: Vec<Value> =
            [whole.clone()].into_iter().chain(starts.iter().cloned()).collect();
        let part = ops::bind1(scope, DynamicSlice { slice_sizes }, &inputs)?;
        ops::squeeze(scope, &part, 0..n)
    }

    /// The innermost stage between a scope and the trace that made the reference, if there is one.
    fn stage(&self, user: &str, scope: &Scope) -> Result<Option<Arc<Frame>>> {
        let home = &self.0.home;
        if home.is_finished() {
            bail!(TracerEscaped, "{user} uses a {self} of trace '{}', which finished", home.name);
        }
        if !scope.frame.is_within(home) {
            bail!(
                TracerScope,
                "{user} uses a {self} of trace '{}', which is not around it",
                home.name
            );
        }
        let mut frame = &scope.frame;
        while !Arc::ptr_eq(frame, home) {
            if matches!(frame.kind, Kind::Stage(_)) {
                return Ok(Some(frame.clone()));
            }
            match &frame.parent {
                Some(parent) => frame = parent,
                None => break,
            }
        }
        Ok(None)
    }

    /// The array as it is now, as a value of the scope or of those around it.
    pub(crate) fn read(&self, user: &str, scope: &Scope) -> Result<Value> {
        scope.frame.check_open(user)?;
        if self.0.is_frozen.load(Ordering::Relaxed) {
            bail!(InvalidArgument, "{user} uses a {self} that is frozen");
        }
        match self.stage(user, scope)? {
            None => Ok(self.0.value.lock().clone()),
            Some(frame) => Scope::of(frame).state_of(self),
        }
    }

    /// Makes a value the array.
    pub(crate) fn write(&self, user: &str, scope: &Scope, value: Value) -> Result<()> {
        scope.frame.check_open(user)?;
        let stage = self.stage(user, scope)?;
        let place = stage.as_ref().unwrap_or(&self.0.home);
        if let Some(tracer) = value.downcast_ref::<Tracer>()
            && !place.is_within(&tracer.frame)
        {
            let how = match tracer.data {
                Data::Batched(..) => "is batched by vmap",
                _ => "is being differentiated",
            };
            bail!(
                InvalidArgument,
                "{user} writes a value that {how} to a {self} from outside; make the reference inside of the \
                 transformed function"
            );
        }
        match stage {
            None => drop(std::mem::replace(&mut *self.0.value.lock(), value)),
            Some(frame) => Scope::of(frame).set_state_of(self, value)?,
        }
        Ok(())
    }
}

/// The values of references, as a program takes them.
pub(crate) fn values(user: &str, scope: &Scope, refs: &[Ref]) -> Result<Vec<Value>> {
    refs.iter().map(|reference| reference.read(user, scope)).collect()
}

/// Writes back what a program gave for references.
pub(crate) fn write_back(
    user: &str,
    scope: &Scope,
    refs: &[Ref],
    values: impl IntoIterator<Item = Value>,
) -> Result<()> {
    refs.iter().zip(values).try_for_each(|(reference, value)| reference.write(user, scope, value))
}

/// The refusal of a function that uses references where nobody would write them back.
pub(crate) fn refuse(function: &Function, refs: &[Ref]) -> Result<()> {
    match refs.first() {
        None => Ok(()),
        Some(reference) => bail!(
            Unimplemented,
            "'{}' uses a {reference} from outside; only functions for jit, checkpoint, and the bodies and branches \
             of scan, while_loop and cond may",
            function.name()
        ),
    }
}
