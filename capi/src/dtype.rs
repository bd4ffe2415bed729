//! What element types hold, and which one several give together.

use jaxrs_data::limits::{FloatLimits, integer_limits};
use jaxrs_data::{DTypeKind, Shape, bail, promote};

use crate::args::{List, Out, Shared};
use crate::array::{Dtype, dtype};
use crate::gate::{Status, gate};
use crate::options::{self, Options};
use crate::program::{Aval, types};
use crate::scope::ScopeBody;

/// `jaxrs_dtype_info`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DtypeInfo {
    struct_size: u32,
    kind: u32,
    bits: u32,
    bytes: u32,
    exponent_bits: u32,
    mantissa_bits: u32,
    int_min: i64,
    int_max: u64,
    min: f64,
    max: f64,
    eps: f64,
    epsneg: f64,
    smallest_normal: f64,
    smallest_subnormal: f64,
    name: [u8; 32],
}

// SAFETY: numbers, the first of them a `u32`.
unsafe impl Options for DtypeInfo {}

/// `JAXRS_KIND_*`.
fn number(kind: DTypeKind) -> u32 {
    match kind {
        DTypeKind::Bool => 1,
        DTypeKind::Signed => 2,
        DTypeKind::Unsigned => 3,
        DTypeKind::Float => 4,
        DTypeKind::Complex => 5,
        DTypeKind::Key => 6,
    }
}

/// Fills in what an element type is and holds, as jax.numpy.finfo and iinfo say it; the caller sets `out->struct_size`.
///
/// Limits of floats are those of the parts of complex numbers; they are 0 for other types, as those of integers are for
/// these. The name ends with a zero. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_dtype_info_get(dt: Dtype, out: Out<DtypeInfo>) -> Status {
    gate(|| {
        let dtype = dtype(dt, "dt")?;
        let floats = FloatLimits::of(dtype);
        let float = |of: fn(&FloatLimits) -> f64| floats.as_ref().map_or(0.0, of);
        let bits = |of: fn(&FloatLimits) -> u32| floats.as_ref().map_or(0, of);
        let (int_min, int_max) = integer_limits(dtype).unwrap_or_default();
        let mut name = [0; 32];
        for (to, from) in name.iter_mut().take(31).zip(dtype.name().bytes()) {
            *to = from;
        }
        options::write(&out, "out", |struct_size| DtypeInfo {
            struct_size,
            kind: number(dtype.kind()),
            bits: dtype.bits(),
            bytes: dtype.size_bytes() as u32,
            exponent_bits: bits(|limits| limits.exponent_bits),
            mantissa_bits: bits(|limits| limits.mantissa_bits),
            int_min,
            int_max,
            min: float(|limits| limits.min),
            max: float(|limits| limits.max),
            eps: float(|limits| limits.eps),
            epsneg: float(|limits| limits.epsneg),
            smallest_normal: float(|limits| limits.smallest_normal),
            smallest_subnormal: float(|limits| limits.smallest_subnormal),
            name,
        })
    })
}

/// The element type that operands of these types are promoted to, as jax.numpy.result_type gives it; `weak_type` is 1 if
/// it gives way to others. Shapes do not matter. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_result_type(
    s: Shared<ScopeBody>,
    avals: List<Aval>,
    n: usize,
    dt: Out<Dtype>,
    weak_type: Out<u32>,
) -> Status {
    gate(|| {
        let (dt, weak_type) = (dt.cleared("dt", 0)?, weak_type.cleared("weak_type", 0)?);
        let s = s.get("s")?;
        let types = types(&avals, n, "avals")?;
        if types.is_empty() {
            bail!(InvalidArgument, "result_type needs at least 1 type, got none");
        }
        let (dtype, weak) = promote::promote(types.iter(), s.scope()?.defaults())?;
        dt.set(dtype as u32);
        weak_type.set(u32::from(weak));
        Ok(())
    })
}

/// The shape that shapes broadcast to together, as jax.numpy.broadcast_shapes gives it; element types do not matter.
///
/// `shape` has room for `capacity` sizes, as many as the longest of the shapes has, and `*ndim` of them are written.
/// Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_broadcast_shapes(
    avals: List<Aval>,
    n: usize,
    shape: Out<i64>,
    capacity: usize,
    ndim: Out<usize>,
) -> Status {
    gate(|| {
        let ndim = ndim.cleared("ndim", 0)?;
        let types = types(&avals, n, "avals")?;
        let shapes: Vec<&Shape> = types.iter().map(|ty| &ty.shape).collect();
        let joint = jaxrs_api::numpy::broadcast_shapes(&shapes)?;
        shape.write("shape", capacity, joint.iter().map(|&size| size as i64))?;
        ndim.set(joint.rank());
        Ok(())
    })
}
