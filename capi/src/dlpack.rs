//! Exchange of arrays with other libraries: DLPack, version 1 of its ABI.

use std::ffi::c_void;
use std::sync::Arc;

use jaxrs_data::{DType, Result, Shape, SmallVec, Type, bail};
use jaxrs_runtime::{Array, HostBuffer};
use jaxrs_transform::value_from_array;

use crate::args::{In, List, Out, Shared};
use crate::array::{ArrayBody, ArrayHandle};
use crate::array_host::{borrowed, dense};
use crate::context::ContextBody;
use crate::gate::{Status, gate};

const MAJOR: u32 = 1;
/// That the element types of at most 8 bits came with.
const MINOR: u32 = 1;
const CPU: i32 = 1;
const READ_ONLY: u64 = 1;
/// Elements of less than 8 bits take a byte each.
const PADDED: u64 = 1 << 2;

/// `DLTensor`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Tensor {
    data: *mut c_void,
    device_type: i32,
    device_id: i32,
    ndim: i32,
    dtype: TensorDtype,
    shape: *mut i64,
    strides: *mut i64,
    byte_offset: u64,
}

/// `DLDataType`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct TensorDtype {
    code: u8,
    bits: u8,
    lanes: u16,
}

/// `DLManagedTensorVersioned`.
#[repr(C)]
pub struct ManagedTensor {
    major: u32,
    minor: u32,
    manager: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut ManagedTensor)>,
    flags: u64,
    tensor: Tensor,
}

/// The element type in DLPack's terms, which has none for keys.
fn tensor_dtype(dtype: DType) -> Option<TensorDtype> {
    let code = match dtype {
        _ if dtype.is_key() => return None,
        DType::Bool => 6,
        DType::BF16 => 4,
        DType::F8E3M4 => 7,
        DType::F8E4M3 => 8,
        DType::F8E4M3B11Fnuz => 9,
        DType::F8E4M3Fn => 10,
        DType::F8E4M3Fnuz => 11,
        DType::F8E5M2 => 12,
        DType::F8E5M2Fnuz => 13,
        DType::F8E8M0Fnu => 14,
        DType::F6E2M3Fn => 15,
        DType::F6E3M2Fn => 16,
        DType::F4E2M1Fn => 17,
        _ if dtype.is_signed() => 0,
        _ if dtype.is_unsigned() => 1,
        _ if dtype.is_float() => 2,
        _ => 5,
    };
    Some(TensorDtype { code, bits: dtype.bits() as u8, lanes: 1 })
}

/// The flag that memory of this type must have: its elements are whole bytes, or made such.
fn padding(dtype: DType) -> u64 {
    if dtype.bits() < 8 { PADDED } else { 0 }
}

/// Somebody else's tensor, deleted on drop.
struct Foreign(*mut ManagedTensor);

// SAFETY: DLPack lets consumers call the deleter on any thread; nothing else is touched.
unsafe impl Send for Foreign {}
// SAFETY: as above.
unsafe impl Sync for Foreign {}

impl Drop for Foreign {
    fn drop(&mut self) {
        // SAFETY: the producer keeps the struct valid until its deleter was called.
        let deleter = unsafe { self.0.as_ref() }.and_then(|tensor| tensor.deleter);
        if let Some(deleter) = deleter {
            // SAFETY: a producer's deleter takes its own tensor, once.
            unsafe { deleter(self.0) };
        }
    }
}

fn read_type(tensor: &Tensor, flags: u64) -> Result<Type> {
    let is_meant = |&dtype: &DType| tensor_dtype(dtype) == Some(tensor.dtype);
    let Some(dtype) = DType::ALL.into_iter().find(is_meant) else {
        bail!(Dtype, "jaxrs_array_from_dlpack does not take elements of {:?}", tensor.dtype);
    };
    if padding(dtype) & !flags != 0 {
        bail!(Dtype, "jaxrs_array_from_dlpack takes {dtype} in a byte each, got them packed");
    }
    let ndim = usize::try_from(tensor.ndim).unwrap_or(0);
    let dims = List::new(tensor.shape.cast_const()).get(ndim, "the tensor's shape")?;
    let shape = Shape::from_user("jaxrs_array_from_dlpack", dims, dtype.size_bytes())?;
    Ok(Type::new(dtype, shape))
}

/// The tensor's memory as a buffer: its own where it is dense, else a copy.
fn read_buffer(foreign: Foreign, tensor: &Tensor, ty: &Type) -> Result<HostBuffer> {
    let size = ty.dtype.size_bytes() as i64;
    let dense_strides: SmallVec<[i64; 4]> =
        ty.shape.strides().iter().map(|&stride| stride as i64).collect();
    let strides = match tensor.strides.is_null() {
        true => dense_strides.clone(),
        false => {
            List::new(tensor.strides.cast_const()).get(ty.rank(), "the tensor's strides")?.into()
        }
    };
    let reach =
        ty.shape.iter().zip(&strides).map(|(&dim, &stride)| (dim as i64 - 1).max(0) * stride);
    let len = if ty.numel() == 0 { 0 } else { (reach.sum::<i64>() + 1) * size };
    let Ok(len) = usize::try_from(len) else {
        bail!(InvalidArgument, "jaxrs_array_from_dlpack does not take strides {strides:?}");
    };
    let start = tensor.data.cast::<u8>().wrapping_add(tensor.byte_offset as usize);
    let bytes = List::new(start.cast_const()).get(len, "the tensor's data")?;
    if strides == dense_strides || ty.numel() < 2 {
        return borrowed(bytes, Box::new(foreign));
    }
    let byte_strides: SmallVec<[i64; 4]> = strides.iter().map(|&stride| stride * size).collect();
    dense("jaxrs_array_from_dlpack", ty, &byte_strides, bytes)
}

/// An array over a tensor of another library; dense and aligned memory is not copied.
///
/// `t` is consumed, also when this fails. `flags` is 0. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_from_dlpack(
    ctx: Shared<ContextBody>,
    t: Out<ManagedTensor>,
    flags: u32,
    out: Out<*mut ArrayHandle>,
) -> Status {
    let foreign = Foreign(t.as_ptr());
    gate(|| {
        let out = out.null("out")?;
        let engine = ctx.get("ctx")?.engine()?;
        // SAFETY: the caller promises a valid tensor or null.
        let Some(managed) = (unsafe { foreign.0.as_ref() }) else {
            bail!(InvalidArgument, "t is NULL, but a tensor is needed");
        };
        if managed.major != MAJOR {
            bail!(
                Incompatible,
                "the tensor has version {} of DLPack, but {MAJOR} is needed",
                managed.major
            );
        }
        if flags != 0 {
            bail!(InvalidArgument, "flags has unknown bits: {flags:#x}");
        }
        let tensor = managed.tensor;
        if tensor.device_type != CPU {
            bail!(
                Device,
                "jaxrs_array_from_dlpack takes memory of the CPU, got device type {}",
                tensor.device_type
            );
        }
        let ty = read_type(&tensor, managed.flags)?;
        let buffer = read_buffer(foreign, &tensor, &ty)?;
        out.set(ArrayBody::handle(value_from_array(Array::new(ty, buffer)), engine).into_raw());
        Ok(())
    })
}

/// What an exported tensor owns.
struct Export {
    managed: ManagedTensor,
    shape: Vec<i64>,
    strides: Vec<i64>,
    _buffer: Arc<HostBuffer>,
}

unsafe extern "C" fn delete_export(managed: *mut ManagedTensor) {
    // SAFETY: the consumer calls this once, with the tensor that we gave out.
    let manager = unsafe { managed.as_ref() }.map(|managed| managed.manager);
    if let Some(manager) = manager {
        // SAFETY: the manager is the box that the export was made of.
        drop(unsafe { Box::from_raw(manager.cast::<Export>()) });
    }
}

/// A tensor over the array's memory, for another library. Without a copy; read-only.
///
/// `flags` and `stream` are 0. The caller owns `*out` and calls its deleter. Any thread; may wait for the
/// value.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_to_dlpack(
    a: In<ArrayBody>,
    flags: u32,
    stream: isize,
    out: Out<*mut ManagedTensor>,
) -> Status {
    gate(|| {
        let out = out.cleared("out", std::ptr::null_mut())?;
        let a = a.get("a")?;
        if flags != 0 || stream != 0 {
            bail!(InvalidArgument, "flags and stream are 0, got {flags:#x} and {stream}");
        }
        out.set(export(a.host()?)?);
        Ok(())
    })
}

fn export(array: &Array) -> Result<*mut ManagedTensor> {
    let ty = array.ty();
    let Some(dtype) = tensor_dtype(ty.dtype) else {
        bail!(Dtype, "jaxrs_array_to_dlpack takes numbers and truth values, got {ty}");
    };
    let tensor = Tensor {
        data: array.buffer().as_ptr().cast(),
        device_type: CPU,
        device_id: 0,
        ndim: ty.rank() as i32,
        dtype,
        shape: std::ptr::null_mut(),
        strides: std::ptr::null_mut(),
        byte_offset: 0,
    };
    let mut export = Box::new(Export {
        managed: ManagedTensor {
            major: MAJOR,
            minor: MINOR,
            manager: std::ptr::null_mut(),
            deleter: Some(delete_export),
            flags: READ_ONLY | padding(ty.dtype),
            tensor,
        },
        shape: ty.shape.iter().map(|&dim| dim as i64).collect(),
        strides: ty.shape.strides().iter().map(|&stride| stride as i64).collect(),
        _buffer: array.buffer().clone(),
    });
    export.managed.tensor.shape = export.shape.as_mut_ptr();
    export.managed.tensor.strides = export.strides.as_mut_ptr();
    let raw = Box::into_raw(export);
    // SAFETY: the box was just given up, so nothing else refers to it.
    let export = unsafe { &mut *raw };
    export.managed.manager = raw.cast();
    Ok(&raw mut export.managed)
}
