//! What is tried: functions of one operation each.

use std::collections::BTreeMap;

use jaxrs_data::{DType, Literal, Result, Type};
use jaxrs_ir::prims::linalg::formula;
use jaxrs_ir::prims::{Host, Sample, Unary, VmapMethod, sample};
use jaxrs_ir::{Context as _, Prim, Value, ops};
use jaxrs_transform::{
    Callback, Function, Scope, VmapOptions, VmapRule, all_gather, all_to_all, axis_index,
    custom_jvp, custom_vjp, custom_vmap, debug_callback, debug_print, io_callback, jvp, pmax, pmin,
    ppermute, psum, psum_scatter, pure_callback, pvary, vjp, vmap,
};

/// Samples of a primitive and an element type that are tried.
const SAMPLES: usize = 4;

/// Larger samples are large for the compiler's sake.
const LARGEST: usize = 200;

/// A function of one operation with operands.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    /// The element type that it is about.
    pub(crate) dtype: DType,
    pub(crate) function: Function,
    pub(crate) inputs: Vec<Literal>,
}

/// All of them: samples, and what needs more around it than operands.
pub(crate) fn subjects() -> Vec<Subject> {
    let mut chosen: BTreeMap<(&str, DType), Vec<Sample>> = BTreeMap::new();
    for sample in Prim::samples().into_iter().filter(|sample| !has_named_rule(&sample.prim)) {
        let key = (sample.prim.name(), dtype(&sample));
        chosen.entry(key).or_default().push(sample);
    }
    let mut subjects = Vec::new();
    for ((name, dtype), samples) in chosen {
        subjects.extend(few(samples).into_iter().map(|sample| Subject {
            name,
            dtype,
            function: function(&sample.prim),
            inputs: sample.inputs,
        }));
    }
    subjects.extend(with_rules());
    subjects.extend(collectives());
    subjects.extend(callbacks());
    subjects
}

/// Rules that are known by their names only cannot be applied.
fn has_named_rule(prim: &Prim) -> bool {
    matches!(prim, Prim::CustomJvp(_) | Prim::CustomVjp(_) | Prim::CustomVmap(_))
}

/// The element type that a sample is about: of what is selected, or of the first operand, or of the result.
fn dtype(sample: &Sample) -> DType {
    let operand = match sample.prim {
        Prim::SelectN(_) | Prim::Cond(_) => sample.inputs.last(),
        Prim::Scan(_) | Prim::While(_) => {
            sample.inputs.iter().find(|input| input.ty().dtype.is_inexact())
        }
        _ => sample.inputs.first(),
    };
    let types: Vec<Type> = sample.inputs.iter().map(|input| input.ty().clone()).collect();
    let result = || sample.prim.output_types(&types).ok().and_then(|types| types.first().cloned());
    let ty = operand.map(|operand| operand.ty().clone()).or_else(result);
    ty.map_or(DType::F32, |ty| ty.dtype)
}

/// The smallest samples that have elements, and one that has none.
fn few(mut samples: Vec<Sample>) -> Vec<Sample> {
    let size = |sample: &Sample| sample.inputs.iter().map(Literal::len).sum::<usize>();
    let is_empty = |sample: &Sample| sample.inputs.iter().any(Literal::is_empty);
    samples.sort_by_key(size);
    let empty = samples.iter().find(|sample| is_empty(sample)).cloned();
    samples.retain(|sample| !is_empty(sample));
    // Of the smallest ones and the others, some each.
    let n_small = samples.iter().filter(|sample| size(sample) <= LARGEST).count().max(1);
    samples.truncate(n_small);
    let step = samples.len().div_ceil(SAMPLES).max(1);
    empty.into_iter().chain(samples.into_iter().step_by(step)).collect()
}

fn function(prim: &Prim) -> Function {
    let prim = prim.clone();
    Function::new(prim.name(), move |scope: &Scope, inputs: &[Value]| match prim {
        Prim::Cholesky(_) | Prim::Eigh(_) => of_symmetric(scope, &prim, &inputs[0]),
        _ => Ok(scope.bind(&prim, inputs)?.into_vec()),
    })
}

/// Factors of the symmetric part of a matrix. They read one triangle, and their derivatives are about both, as
/// in JAX, whose functions take the symmetric part too.
fn of_symmetric(scope: &Scope, prim: &Prim, x: &Value) -> Result<Vec<Value>> {
    let sum = ops::add(scope, x, &formula::adjoint(scope, x)?)?;
    let part = ops::div(scope, &sum, &ops::scalar_like(&sum, 2.0))?;
    let mut factors = scope.bind(prim, &[part])?.into_vec();
    if let Prim::Cholesky(_) = prim {
        factors[0] = formula::tril(scope, &factors[0], 0)?;
    }
    Ok(factors)
}

/// `x ↦ sin x · x`, with rules that compute what it would have without them.
fn with_rules() -> Vec<Subject> {
    let f = Function::new("f", |scope: &Scope, inputs: &[Value]| {
        Ok(vec![ops::mul(scope, &ops::bind1(scope, Unary::Sin, &inputs[..1])?, &inputs[0])?])
    });
    let fwd = {
        let f = f.clone();
        Function::new("f_fwd", move |scope: &Scope, inputs: &[Value]| {
            Ok(vec![f.call(scope, inputs)?.swap_remove(0), inputs[0].clone()])
        })
    };
    let bwd = {
        let f = f.clone();
        Function::new("f_bwd", move |scope: &Scope, inputs: &[Value]| {
            let (_, pullback) = vjp(&f, scope, &inputs[..1])?;
            pullback.call(scope, &inputs[1..])
        })
    };
    let rule = {
        let f = f.clone();
        VmapRule::new("f_vmap", move |scope, _, _, inputs| {
            Ok((vmap(&f, VmapOptions::default()).call(scope, inputs)?, vec![true]))
        })
    };
    let functions = [
        ("custom_jvp_call", custom_jvp(&f, &jvp(&f))),
        ("custom_vjp_call", custom_vjp(&f, &fwd, &bwd, 1)),
        ("custom_vmap_call", custom_vmap(&f, &rule)),
    ];
    let dtypes = [DType::F16, DType::BF16, DType::F32, DType::F64, DType::C64, DType::C128];
    let mut subjects = Vec::new();
    for (name, function) in functions {
        for dtype in dtypes {
            let (function, inputs) = (function.clone(), vec![sample::finite(dtype, &[3])]);
            subjects.push(Subject { name, dtype, function, inputs });
        }
    }
    subjects
}

type Collective = fn(&Scope, &Value) -> Result<Value>;

const AXIS: &str = "i";

/// Collectives over an axis of two examples that `vmap` binds.
fn collectives() -> Vec<Subject> {
    let table: [(&'static str, Collective); 9] = [
        ("psum", |cx, x| psum(cx, x, &[AXIS])),
        ("pmax", |cx, x| pmax(cx, x, &[AXIS])),
        ("pmin", |cx, x| pmin(cx, x, &[AXIS])),
        ("pvary", |cx, x| pvary(cx, x, &[AXIS])),
        ("all_gather", |cx, x| all_gather(cx, x, &[AXIS], 0, false)),
        ("all_to_all", |cx, x| all_to_all(cx, x, AXIS, 0, 1, true)),
        ("ppermute", |cx, x| ppermute(cx, x, AXIS, &[(0, 1), (1, 0)])),
        ("reduce_scatter", |cx, x| psum_scatter(cx, x, AXIS, 0, true)),
        ("axis_index", |cx, x| {
            let index = axis_index(cx, &[AXIS])?;
            ops::mul(cx, x, &ops::convert(cx, &index, x.ty().dtype)?)
        }),
    ];
    let mut subjects = Vec::new();
    for (name, collective) in table {
        let inner = Function::new(name, move |scope: &Scope, inputs: &[Value]| {
            Ok(vec![collective(scope, &inputs[0])?])
        });
        let options = VmapOptions { axis_name: Some(AXIS.into()), ..VmapOptions::default() };
        let function = vmap(&inner, options);
        let is_sum = matches!(name, "psum" | "reduce_scatter" | "axis_index");
        for dtype in sample::DTYPES.into_iter().filter(|dtype| !dtype.is_narrow()) {
            if is_sum && dtype.is_bool() || name.starts_with("pm") && dtype.is_complex() {
                continue;
            }
            let (function, inputs) = (function.clone(), vec![sample::finite(dtype, &[2, 4, 3])]);
            subjects.push(Subject { name, dtype, function, inputs });
        }
    }
    subjects
}

/// Functions of the host that give their argument back, look at it, or have it printed.
fn callbacks() -> Vec<Subject> {
    let host = Host::of_arrays("identity", |inputs: &[Literal]| Ok(inputs.to_vec()));
    let debug = Host::of_arrays("look", |_: &[Literal]| Ok(Vec::new()));
    let (pure, io) = (host.clone(), host);
    let result = |x: &Value| vec![x.ty().clone()];
    let functions = [
        Function::new("pure_callback", move |scope: &Scope, inputs: &[Value]| {
            let callback = Callback {
                host: pure.clone(),
                result_types: result(&inputs[0]),
                vmap_method: VmapMethod::Sequential,
            };
            pure_callback(scope, callback, inputs)
        }),
        Function::new("io_callback", move |scope: &Scope, inputs: &[Value]| {
            io_callback(scope, io.clone(), result(&inputs[0]), false, inputs)
        }),
        Function::new("debug_callback", move |scope: &Scope, inputs: &[Value]| {
            debug_callback(scope, debug.clone(), false, inputs)?;
            Ok(inputs.to_vec())
        }),
        Function::new("debug_print", |scope: &Scope, inputs: &[Value]| {
            debug_print(scope, "{}", &[], false, inputs)?;
            Ok(inputs.to_vec())
        }),
    ];
    let mut subjects = Vec::new();
    for (name, function) in NAMES.into_iter().zip(functions) {
        for dtype in [DType::Bool, DType::I32, DType::U8, DType::F32, DType::F64, DType::C64] {
            let (function, inputs) = (function.clone(), vec![sample::finite(dtype, &[3])]);
            subjects.push(Subject { name, dtype, function, inputs });
        }
    }
    subjects
}

const NAMES: [&str; 4] = ["pure_callback", "io_callback", "debug_callback", "debug_print"];
