//! Functions with batching rules of their own, and functions on several devices.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, Weak};

use jaxrs_data::{Result, bail};
use jaxrs_ir::Value;
use jaxrs_transform::{
    self as transform, BatchedResults, Mesh, PartitionSpec, PmapOptions, Scope, ShardMapOptions,
    VmapRule,
};

use crate::args::{List, Opaque, Out, Shared, Text};
use crate::array::{ArrayBody, ArrayHandle};
use crate::context::Engine;
use crate::drops::{DropFn, Userdata};
use crate::error::{ErrorHandle, take_error};
use crate::function::{FnBody, FnHandle};
use crate::gate::{Status, gate};
use crate::handle::Owned;
use crate::options::{self, Options};
use crate::results::{ResultsBody, ResultsHandle};
use crate::scope::{ScopeBody, ScopeHandle};
use crate::transforms::{VmapOptionsC, transformed, vmap_options};

/// `jaxrs_shard_map_options`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ShardMapOptionsC {
    struct_size: u32,
    flags: u32,
    mesh: *const c_char,
    mesh_len: usize,
    in_specs: *const c_char,
    in_specs_len: usize,
    out_specs: *const c_char,
    out_specs_len: usize,
}

// SAFETY: numbers and pointers, the first of them a `u32`.
unsafe impl Options for ShardMapOptionsC {}

const SHARD_MAP_UNCHECKED: u32 = 1;

/// Reads `a=2,b=3`.
fn mesh(text: &str) -> Result<Mesh> {
    let mut axes = Vec::new();
    for entry in text.split(',') {
        let size = entry.split_once('=').map(|(name, size)| (name.trim(), size.trim().parse()));
        match size {
            Some((name, Ok(size))) => axes.push((name, size)),
            _ => bail!(InvalidArgument, "o->mesh is like \"a=2,b=3\", got {text:?}"),
        }
    }
    Mesh::new(&axes)
}

fn specs(text: &str) -> Result<Vec<PartitionSpec>> {
    text.split(';').map(PartitionSpec::parse).collect()
}

fn shard_map_options(o: &List<ShardMapOptionsC>) -> Result<ShardMapOptions> {
    let o = options::read(o, "o")?;
    if o.flags & !SHARD_MAP_UNCHECKED != 0 {
        bail!(InvalidArgument, "o->flags has unknown bits: {:#x}", o.flags);
    }
    Ok(ShardMapOptions {
        mesh: mesh(Text::new(o.mesh).get(o.mesh_len, "o->mesh")?)?,
        in_specs: specs(Text::new(o.in_specs).get(o.in_specs_len, "o->in_specs")?)?,
        out_specs: specs(Text::new(o.out_specs).get(o.out_specs_len, "o->out_specs")?)?,
        check_vma: o.flags & SHARD_MAP_UNCHECKED == 0,
    })
}

/// The function, compiled, on one device for each slice of its arguments.
///
/// Options are those of jaxrs_vmap. The context says how many devices there are (num_devices of its options);
/// all are this process: the slices run together, as under jaxrs_vmap, and collectives are operations on the
/// array of all of them. `o` may be NULL. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_pmap(
    f: Shared<FnBody>,
    o: List<VmapOptionsC>,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| {
        let o = vmap_options(&o)?;
        let options = PmapOptions {
            axis_name: o.axis_name,
            in_axes: o.in_axes,
            out_axes: o.out_axes,
            axis_size: o.axis_size,
        };
        Ok(transform::pmap(f, options))
    })
}

/// The function of whole arrays whose shards `f` takes and gives.
///
/// `o->mesh` names the axes of the devices and their sizes ("a=2,b=3"), `o->in_specs` along which of them each
/// argument is cut, and `o->out_specs` along which each result is joined: for each array an entry for each of
/// its axes, with commas between ("a,*,b"), semicolons between arrays; one spec stands for all. Results must
/// be the same along axes that are not in their spec. Shards run as slices do under jaxrs_pmap. The caller
/// owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_shard_map(
    f: Shared<FnBody>,
    o: List<ShardMapOptionsC>,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| Ok(transform::shard_map(f, shard_map_options(&o)?)))
}

/// `jaxrs_vmap_rule_fn`: gives results for several examples at once.
pub type VmapRuleFn = unsafe extern "C" fn(
    userdata: *mut c_void,
    scope: *mut ScopeHandle,
    axis_size: usize,
    args: *const *mut ArrayHandle,
    in_batched: *const u8,
    n_args: usize,
    results: *mut ResultsHandle,
    out_batched: *mut u8,
    n_outputs: usize,
) -> *mut ErrorHandle;

/// A rule with what belongs to it.
struct RuleCallback {
    call: VmapRuleFn,
    userdata: Userdata,
    n_outputs: usize,
    /// As for functions: the engine holds compiled functions, which may hold rules.
    engine: Weak<Engine>,
}

impl RuleCallback {
    fn call(
        &self,
        scope: &Scope,
        size: usize,
        batched: &[bool],
        inputs: &[Value],
    ) -> Result<BatchedResults> {
        let Some(engine) = self.engine.upgrade() else {
            bail!(InvalidArgument, "a vmap rule is called after its context is gone");
        };
        let scope = Owned::new(ScopeBody::new(scope.clone(), engine.clone()));
        let args: Vec<Owned<ArrayBody>> =
            inputs.iter().map(|value| ArrayBody::handle(value.clone(), &engine)).collect();
        let raw: Vec<*mut ArrayHandle> = args.iter().map(Owned::as_ptr).collect();
        let in_batched: Vec<u8> = batched.iter().map(|&batched| u8::from(batched)).collect();
        let mut out_batched = vec![1; self.n_outputs];
        let results = Owned::new(ResultsBody::default());
        // SAFETY: the caller promised a function of this type; handles and flags live until it returns.
        let error = unsafe {
            (self.call)(
                self.userdata.object(),
                scope.as_ptr(),
                size,
                raw.as_ptr(),
                in_batched.as_ptr(),
                raw.len(),
                results.as_ptr(),
                out_batched.as_mut_ptr(),
                self.n_outputs,
            )
        };
        if !error.is_null() {
            return Err(take_error(error).context("in a vmap rule"));
        }
        let outputs = results.take(&engine)?;
        Ok((outputs, out_batched.iter().map(|&batched| batched != 0).collect()))
    }
}

/// `f` with a batching rule of its own.
///
/// `rule` is given the number of examples, the arguments, and of each whether it has the examples along axis 0;
/// it pushes `n_outputs` results, and sets `out_batched[k]` to 0 for each that has none (they come as 1). Its
/// derivative is that of the rule; before jaxrs_vmap has replaced the function by its rule there is no reverse
/// mode. `drop(userdata)` runs exactly once, as for jaxrs_fn_new; it may be NULL. The caller owns `*out`. Any
/// thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_custom_vmap(
    f: Shared<FnBody>,
    rule: Option<VmapRuleFn>,
    userdata: Opaque,
    drop: Option<DropFn>,
    n_outputs: usize,
    out: Out<*mut FnHandle>,
) -> Status {
    let userdata = Userdata::new(userdata, drop);
    gate(|| {
        let f = f.get("f").map(|f| (f, userdata.queued(f.drops())));
        let out = out.null("out")?;
        let (f, userdata) = f?;
        let engine = f.engine()?;
        let Some(call) = rule else {
            bail!(InvalidArgument, "rule is NULL, but a callback is needed");
        };
        let callback = RuleCallback { call, userdata, n_outputs, engine: Arc::downgrade(engine) };
        let name = f.function().name().clone();
        let rule = VmapRule::new(
            name,
            move |scope: &Scope, size: usize, batched: &[bool], inputs: &[Value]| {
                callback.call(scope, size, batched, inputs)
            },
        );
        out.set(FnBody::handle(transform::custom_vmap(f.function(), &rule), engine).into_raw());
        Ok(())
    })
}

/// The same function, which jaxrs_vmap runs on one example after the other.
///
/// The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_sequential_vmap(f: Shared<FnBody>, out: Out<*mut FnHandle>) -> Status {
    transformed(&f, &out, |f| Ok(transform::sequential_vmap(f)))
}
