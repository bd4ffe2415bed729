//! Arrays and host memory: copies in and out, borrowed memory, views.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;

use jaxrs_data::{Result, SmallVec, Type, bail};
use jaxrs_runtime::{Array, HostBuffer};
use jaxrs_transform::value_from_array;

use crate::args::{In, List, Opaque, Out, Shared};
use crate::array::{ArrayBody, ArrayHandle, Dtype, array_type};
use crate::context::Engine;
use crate::drops::{DropFn, Userdata};
use crate::gate::{Status, gate};
use crate::handle::Owned;
use crate::scope::ScopeBody;

/// Borrowed memory has to be aligned as ours is; else it is copied.
const ALIGNMENT: usize = 64;

type Strides = SmallVec<[i64; 4]>;

fn row_major(ty: &Type) -> Strides {
    let size = ty.dtype.size_bytes() as i64;
    ty.shape.strides().iter().map(|&stride| stride as i64 * size).collect()
}

fn strides_of(ty: &Type, byte_strides: &List<i64>) -> Result<Option<Strides>> {
    if byte_strides.as_ptr().is_null() {
        return Ok(None);
    }
    let strides: Strides = byte_strides.get(ty.rank(), "byte_strides")?.into();
    Ok((strides != row_major(ty)).then_some(strides))
}

/// Checks that a walk by strides stays inside a block of bytes, and gives the positions of all elements.
fn check_strides(operation: &str, ty: &Type, strides: &[i64], len_bytes: usize) -> Result<()> {
    let (mut low, mut high) = (0i128, ty.dtype.size_bytes() as i128);
    for (&dim, &stride) in ty.shape.iter().zip(strides) {
        let reach = (dim as i128 - 1).max(0) * i128::from(stride);
        low += reach.min(0);
        high += reach.max(0);
    }
    if ty.numel() > 0 && (low < 0 || high > len_bytes as i128) {
        bail!(
            InvalidArgument,
            "{operation} got byte strides {strides:?}, which lead {ty} outside of its {len_bytes} bytes"
        );
    }
    Ok(())
}

/// Calls `visit` with the byte position of each element, in row-major order.
fn walk(ty: &Type, strides: &[i64], mut visit: impl FnMut(usize)) {
    let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, ty.rank());
    let mut position = 0i64;
    for _ in 0..ty.numel() {
        visit(position as usize);
        for ((i, &dim), &stride) in index.iter_mut().zip(ty.shape.iter()).zip(strides).rev() {
            *i += 1;
            position += stride;
            if *i < dim {
                break;
            }
            *i = 0;
            position -= stride * dim as i64;
        }
    }
}

/// Gathers elements that lie at strides.
pub(crate) fn dense(
    operation: &str,
    ty: &Type,
    strides: &[i64],
    bytes: &[u8],
) -> Result<HostBuffer> {
    check_strides(operation, ty, strides, bytes.len())?;
    let size = ty.dtype.size_bytes();
    let mut buffer = HostBuffer::allocate(ty.size_bytes())?;
    let mut places = buffer.as_bytes_mut().chunks_exact_mut(size);
    walk(ty, strides, |position| {
        let element = bytes.get(position..position + size);
        if let (Some(place), Some(element)) = (places.next(), element) {
            place.copy_from_slice(element);
        }
    });
    Ok(buffer)
}

fn check_len(operation: &str, what: &str, ty: &Type, got: usize) -> Result<()> {
    if got != ty.size_bytes() {
        let needed = ty.size_bytes();
        bail!(InvalidArgument, "{operation} needs {needed} bytes for {ty}, got {what} {got}");
    }
    Ok(())
}

fn handle(ty: Type, buffer: HostBuffer, engine: &Arc<Engine>) -> Owned<ArrayBody> {
    ArrayBody::handle(value_from_array(Array::new(ty, buffer)), engine)
}

/// Truth values are bytes of 0 and 1, whatever C calls true.
fn checked_bools(ty: &Type, mut buffer: HostBuffer) -> HostBuffer {
    if ty.dtype.is_bool() {
        buffer.as_bytes_mut().iter_mut().for_each(|byte| *byte = u8::from(*byte != 0));
    }
    buffer
}

/// A copy of host memory.
///
/// `nbytes` is the size of the data; with `byte_strides` (NULL for row-major) elements may lie anywhere within
/// it. `dev` is NULL. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_from_host(
    s: Shared<ScopeBody>,
    data: List<c_void>,
    nbytes: usize,
    dtype: Dtype,
    shape: List<i64>,
    ndim: usize,
    byte_strides: List<i64>,
    dev: List<crate::options::Device>,
    out: Out<*mut ArrayHandle>,
) -> Status {
    gate(|| {
        let operation = "jaxrs_array_from_host";
        let out = out.null("out")?;
        let s = s.get("s")?;
        s.scope()?;
        check_device(&dev)?;
        let ty = array_type(operation, dtype, &shape, ndim)?;
        let bytes = List::<u8>::new(data.as_ptr().cast()).get(nbytes, "data")?;
        let strides = strides_of(&ty, &byte_strides)?;
        if strides.is_none() {
            check_len(operation, "nbytes", &ty, nbytes)?;
        }
        let buffer = s.engine().context().with_room(ty.size_bytes(), || match &strides {
            Some(strides) => dense(operation, &ty, strides, bytes),
            None => HostBuffer::from_bytes(bytes),
        })?;
        let buffer = checked_bools(&ty, buffer);
        out.set(handle(ty, buffer, s.engine()).into_raw());
        Ok(())
    })
}

fn check_device(dev: &List<crate::options::Device>) -> Result<()> {
    if !dev.as_ptr().is_null() {
        bail!(InvalidArgument, "dev is not a device of this context");
    }
    Ok(())
}

/// An array over memory of the caller's, without a copy.
///
/// The memory must stay valid and unmodified until `drop(userdata)`, which runs exactly once, possibly on
/// another thread, possibly before this returns, and also when this fails. Memory that is not aligned to 64
/// bytes is copied. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_borrow_host(
    s: Shared<ScopeBody>,
    data: List<c_void>,
    nbytes: usize,
    dtype: Dtype,
    shape: List<i64>,
    ndim: usize,
    userdata: Opaque,
    drop: Option<DropFn>,
    out: Out<*mut ArrayHandle>,
) -> Status {
    let lender = Userdata::new(userdata, drop);
    gate(|| {
        let s = s.get("s").map(|s| (s, lender.queued(&s.engine().drops)));
        let out = out.null("out")?;
        let (s, lender) = s?;
        s.scope()?;
        let ty = array_type("jaxrs_array_borrow_host", dtype, &shape, ndim)?;
        let bytes = List::<u8>::new(data.as_ptr().cast()).get(nbytes, "data")?;
        check_len("jaxrs_array_borrow_host", "nbytes", &ty, nbytes)?;
        let buffer = borrowed(bytes, Box::new(lender))?;
        out.set(handle(ty, buffer, s.engine()).into_raw());
        Ok(())
    })
}

/// Memory of somebody else's, or a copy of it where it is not aligned.
pub(crate) fn borrowed(
    bytes: &[u8],
    lender: Box<dyn std::any::Any + Send + Sync>,
) -> Result<HostBuffer> {
    let Some(start) = NonNull::new(bytes.as_ptr().cast_mut()) else {
        return HostBuffer::from_bytes(bytes);
    };
    if bytes.is_empty() || !start.addr().get().is_multiple_of(ALIGNMENT) {
        return HostBuffer::from_bytes(bytes);
    }
    // SAFETY: the caller promises that the memory stays valid and unmodified until the lender is dropped.
    Ok(unsafe { HostBuffer::borrow(start, bytes.len(), lender) })
}

/// Copies the elements out.
///
/// `dst_nbytes` is the size of the destination; with `byte_strides` (NULL for row-major) elements may go
/// anywhere within it. Any thread; may wait for the value.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_to_host(
    a: In<ArrayBody>,
    dst: Out<c_void>,
    dst_nbytes: usize,
    byte_strides: List<i64>,
) -> Status {
    gate(|| {
        let operation = "jaxrs_array_to_host";
        let a = a.get("a")?;
        if dst.as_ptr().is_null() && dst_nbytes > 0 {
            bail!(InvalidArgument, "dst is NULL, but {dst_nbytes} bytes are announced");
        }
        let host = a.host()?;
        let (ty, bytes, dst) = (host.ty(), host.buffer().as_bytes(), dst.as_ptr().cast::<u8>());
        let Some(strides) = strides_of(ty, &byte_strides)? else {
            check_len(operation, "dst_nbytes", ty, dst_nbytes)?;
            if !bytes.is_empty() {
                // SAFETY: the caller promises `dst_nbytes` bytes, which is as many as there are.
                unsafe { dst.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
            }
            return Ok(());
        };
        check_strides(operation, ty, &strides, dst_nbytes)?;
        let mut elements = bytes.chunks_exact(ty.dtype.size_bytes());
        walk(ty, &strides, |position| {
            if let Some(element) = elements.next() {
                // SAFETY: the strides were checked to stay within the caller's `dst_nbytes` bytes.
                let place = unsafe { dst.add(position) };
                // SAFETY: as above; an element fits at each position.
                unsafe { place.copy_from_nonoverlapping(element.as_ptr(), element.len()) };
            }
        });
        Ok(())
    })
}

/// The array's own memory, row-major. Borrowed from `a`. Any thread; may wait for the value.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_host_view(
    a: In<ArrayBody>,
    data: Out<*const c_void>,
    nbytes: Out<usize>,
) -> Status {
    gate(|| {
        let data = data.cleared("data", std::ptr::null())?;
        let nbytes = nbytes.cleared("nbytes", 0)?;
        let buffer = a.get("a")?.host()?.buffer();
        data.set(buffer.as_ptr().cast_const().cast());
        nbytes.set(buffer.len_bytes());
        Ok(())
    })
}
