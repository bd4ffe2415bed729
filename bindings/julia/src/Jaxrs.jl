"""
JAX for Julia: functions of arrays, differentiated (`grad`), batched (`vmap`) and compiled (`jit`) in any nesting.

Operations are `Jaxrs.name` with JAX's names; functions of Base on a [`JArray`](@ref) mean what they mean on any array of Julia.
"""
module Jaxrs

# What is written by hand lies in a module of its own: operations have names such as `max`, `sort` and `copy`, which are others than
# those of Base that it uses.
include("engine.jl")

using .Engine: Context, JArray, JaxrsError, Key, Program, Scope
using .Engine: BFloat16, Float4_e2m1fn, Float6_e2m3fn, Float6_e3m2fn, Float8_e3m4, Float8_e4m3, Float8_e4m3b11fnuz, Float8_e4m3fn,
    Float8_e4m3fnuz, Float8_e5m2, Float8_e5m2fnuz, Float8_e8m0fnu, Int2, Int4, UInt2, UInt4
using .Engine: current_scope, debug_nans, default_context, init, is_tracer, is_weak, item, library_path, named_scope, stats, version,
    with_default_float, within
using .Engine: tree_flatten, tree_leaves, tree_map, tree_unflatten
using .Engine: grad, hessian, jacfwd, jacrev, jit, jvp, linearize, make_jaxpr, pmap, value_and_grad, vjp, vmap
using .Engine: checkpoint, custom_jvp, custom_vjp
using .Engine: associative_scan, cond, fori_loop, map_slices, odeint, rk4, scan, switch, while_loop
using .Engine: Aval, aval, check, checkify, debug_callback, debug_print, io_callback, message, pure_callback, throw_error
using .Engine: unsafe_borrow_reversed, unsafe_wrap_reversed
using .Engine: compile, load, load_executable, program_text, save

using .Engine: Operation
include("ops.jl")

export JArray, JaxrsError

end
