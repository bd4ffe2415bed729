//! Arrays: concrete ones and tracers.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use jaxrs_data::{DType, DTypeKind, Literal, Result, Scalar, Shape, Type, bail};
use jaxrs_ir::Value;
use jaxrs_runtime::{Array, HostBuffer};
use jaxrs_transform::{is_tracer, to_array, value_from_array};

use crate::args::{In, List, Out, Shared};
use crate::bytes::BytesBody;
use crate::context::Engine;
use crate::gate::{Status, gate, guard, null};
use crate::handle::{Body, Handle, Owned};
use crate::scope::ScopeBody;

/// An array in C.
pub type ArrayHandle = Handle<ArrayBody>;

/// What an array handle holds.
pub struct ArrayBody {
    value: Value,
    engine: Arc<Engine>,
    is_tracer: bool,
    /// The host memory that C has seen, which has to stay.
    host: OnceLock<Array>,
}

impl Body for ArrayBody {
    const TAG: u64 = u64::from_le_bytes(*b"jx array");
    const NAME: &'static str = "jaxrs_array";
}

impl ArrayBody {
    /// A handle of a value.
    pub(crate) fn handle(value: Value, engine: &Arc<Engine>) -> Owned<ArrayBody> {
        let is_tracer = is_tracer(&value);
        if !is_tracer {
            engine.live_arrays.fetch_add(1, Ordering::Relaxed);
        }
        Owned::new(ArrayBody { value, engine: engine.clone(), is_tracer, host: OnceLock::new() })
    }

    pub(crate) fn value(&self) -> &Value {
        &self.value
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The array in host memory; it stays there as long as this handle.
    pub(crate) fn host(&self) -> Result<&Array> {
        self.engine.check()?;
        // Asked anew each time, since a donated array has no memory any more.
        let array = to_array(&self.value)?;
        Ok(self.host.get_or_init(|| array))
    }
}

impl Drop for ArrayBody {
    fn drop(&mut self) {
        if !self.is_tracer {
            self.engine.live_arrays.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// The number of an element type: `jaxrs_dtype`.
pub type Dtype = u32;

/// Reads an element type.
pub(crate) fn dtype(number: Dtype, name: &str) -> Result<DType> {
    match DType::from_number(number) {
        Some(dtype) => Ok(dtype),
        None => bail!(InvalidArgument, "{name} is {number}, which is no element type"),
    }
}

/// Reads a type of an array that is to be made.
pub(crate) fn array_type(
    operation: &str,
    number: Dtype,
    shape: &List<i64>,
    ndim: usize,
) -> Result<Type> {
    let dtype = dtype(number, "dtype")?;
    let dims = shape.get(ndim, "shape")?;
    Ok(Type::new(dtype, Shape::from_user(operation, dims, dtype.size_bytes())?))
}

/// Waits for the value of an array, which is an error if its memory was donated; a tracer is let pass.
///
/// Arrays have their values when they are given out, so that this does not wait now. Any thread; may wait.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_block_until_ready(a: In<ArrayBody>) -> Status {
    gate(|| {
        let a = a.get("a")?;
        a.engine().check()?;
        if a.is_tracer { Ok(()) } else { to_array(a.value()).map(drop) }
    })
}

/// One more reference to an array. NULL stays NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_retain(a: Shared<ArrayBody>) -> *mut ArrayHandle {
    guard(null(), || a.retained())
}

/// Gives up an array. NULL is allowed. Any thread, also inside callbacks and finalizers.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_release(a: Shared<ArrayBody>) {
    guard((), || drop(a.take()));
}

/// An array that repeats one number.
///
/// `dtype` 0 stands for the default float, and gives a weak array: in operations it takes the element type
/// of the other operand. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_full_f64(
    s: Shared<ScopeBody>,
    v: f64,
    dtype: Dtype,
    shape: List<i64>,
    ndim: usize,
    out: Out<*mut ArrayHandle>,
) -> Status {
    gate(|| full("jaxrs_array_full_f64", &s, Scalar::Float(v), dtype, &(shape, ndim), &out))
}

/// An array that repeats one whole number.
///
/// `dtype` 0 stands for the default integer, and gives a weak array. An integer type has to hold the number. The
/// caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_full_i64(
    s: Shared<ScopeBody>,
    v: i64,
    dtype: Dtype,
    shape: List<i64>,
    ndim: usize,
    out: Out<*mut ArrayHandle>,
) -> Status {
    gate(|| full("jaxrs_array_full_i64", &s, Scalar::Int(v), dtype, &(shape, ndim), &out))
}

/// An array that repeats one complex number, given by its parts.
///
/// `dtype` is one of the complex types; 0 stands for the default one, and gives a weak array. The caller owns
/// `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_full_c128(
    s: Shared<ScopeBody>,
    re: f64,
    im: f64,
    dtype: Dtype,
    shape: List<i64>,
    ndim: usize,
    out: Out<*mut ArrayHandle>,
) -> Status {
    let operation = "jaxrs_array_full_c128";
    gate(|| full(operation, &s, Scalar::Complex(re, im), dtype, &(shape, ndim), &out))
}

fn full(
    operation: &str,
    s: &Shared<ScopeBody>,
    v: Scalar,
    dtype: Dtype,
    (shape, ndim): &(List<i64>, usize),
    out: &Out<*mut ArrayHandle>,
) -> Result<()> {
    let out = out.null("out")?;
    let s = s.get("s")?;
    let scope = s.scope()?;
    let (weak, is_complex) = (dtype == 0, matches!(v, Scalar::Complex(..)));
    let default = match v {
        Scalar::Complex(..) => scope.defaults().complex(),
        Scalar::Int(_) => scope.defaults().int(),
        _ => scope.defaults().float(),
    };
    let number = if weak { default as u32 } else { dtype };
    let ty = array_type(operation, number, shape, *ndim)?.with_weak(weak);
    if is_complex && !ty.dtype.is_complex() {
        bail!(Dtype, "{operation} needs a complex element type, got {}", ty.dtype);
    }
    if let Scalar::Int(v) = v
        && !holds(ty.dtype, v)
    {
        bail!(InvalidArgument, "{operation} needs a number that {} holds, got {v}", ty.dtype);
    }
    let value = match ty.rank() {
        // Operations that run at once want an array; programs show the number in place.
        0 if scope.is_eager() => value_from_array(scalar(ty, v)?),
        0 => Value::literal(Literal::full(ty, v)),
        _ => jaxrs_ir::ops::full(scope, &ty, v)?,
    };
    out.set(ArrayBody::handle(value, s.engine()).into_raw());
    Ok(())
}

/// Whether a whole number is one of an element type; floats hold all, if not exactly.
fn holds(dtype: DType, v: i64) -> bool {
    let bits = dtype.bits();
    match dtype.kind() {
        DTypeKind::Signed => bits == 64 || (-(1 << (bits - 1))..1 << (bits - 1)).contains(&v),
        DTypeKind::Unsigned => v >= 0 && (bits == 64 || v < 1 << bits),
        _ => true,
    }
}

fn scalar(ty: Type, v: Scalar) -> Result<Array> {
    let mut bytes = Vec::with_capacity(ty.dtype.size_bytes());
    v.write_bytes(ty.dtype, &mut bytes);
    Ok(Array::new(ty, HostBuffer::from_bytes(&bytes)?))
}

/// The element type; 0 for NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_dtype(a: In<ArrayBody>) -> Dtype {
    guard(0, || a.live().map_or(0, |a| a.value.ty().dtype as u32))
}

/// The number of axes; 0 for NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_ndim(a: In<ArrayBody>) -> usize {
    guard(0, || a.live().map_or(0, |a| a.value.ty().rank()))
}

// Sizes are handed out as they are stored.
const _: () = assert!(size_of::<usize>() == size_of::<i64>(), "jaxrs needs 64-bit pointers");

/// The sizes along the axes. Borrowed from `a`; NULL for NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_shape(a: In<ArrayBody>) -> *const i64 {
    guard(std::ptr::null(), || {
        a.live().map_or(std::ptr::null(), |a| a.value.shape().as_ptr().cast())
    })
}

/// The number of elements; 0 for NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_size(a: In<ArrayBody>) -> u64 {
    guard(0, || a.live().map_or(0, |a| a.value.ty().numel() as u64))
}

/// 1 for an array whose value is not known while a function is traced, else 0. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_is_tracer(a: In<ArrayBody>) -> u32 {
    guard(0, || a.live().map_or(0, |a| u32::from(a.is_tracer)))
}

/// 1 for an array whose element type gives way to that of others, else 0. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_is_weak(a: In<ArrayBody>) -> u32 {
    guard(0, || a.live().map_or(0, |a| u32::from(a.value.ty().weak)))
}

/// The elements as text; for a tracer its type. The caller owns `*out`. Any thread; may wait for the value.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_print(a: In<ArrayBody>, out: Out<*mut Handle<BytesBody>>) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let a = a.get("a")?;
        let text = match a.is_tracer {
            true => format!("Tracer({})", a.value.ty()),
            false => a.host()?.to_literal()?.to_string(),
        };
        out.set(BytesBody::text(&text).into_raw());
        Ok(())
    })
}

/// The only element, as a double; complex numbers are refused.
///
/// Inside a traced function there is no value, which gives JAXRS_ERR_CONCRETIZATION; under grad outside jit
/// there is. Any thread; may wait for the value.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_item_f64(a: In<ArrayBody>, out: Out<f64>) -> Status {
    gate(|| {
        let out = out.cleared("out", 0.0)?;
        let a = a.get("a")?;
        let item = item("jaxrs_array_item_f64", a)?;
        if let Scalar::Complex(..) = item {
            let ty = a.value.ty();
            bail!(Dtype, "jaxrs_array_item_f64 needs a real number, got {ty}");
        }
        out.set(item.as_f64());
        Ok(())
    })
}

/// The parts of the only element, as doubles; the imaginary part of a real number is 0.
///
/// Otherwise as `jaxrs_array_item_f64`. Any thread; may wait for the value.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_item_c128(a: In<ArrayBody>, re: Out<f64>, im: Out<f64>) -> Status {
    gate(|| {
        let (re, im) = (re.cleared("re", 0.0)?, im.cleared("im", 0.0)?);
        let parts = item("jaxrs_array_item_c128", a.get("a")?)?.as_complex();
        re.set(parts.0);
        im.set(parts.1);
        Ok(())
    })
}

fn item(operation: &str, a: &ArrayBody) -> Result<Scalar> {
    let host = a.host()?;
    if host.ty().numel() != 1 {
        bail!(Shape, "{operation} needs an array of one element, got {}", host.ty());
    }
    Ok(Scalar::from_bytes(host.ty().dtype, host.buffer().as_bytes()))
}
