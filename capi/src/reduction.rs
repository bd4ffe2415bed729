//! Reductions by functions of the caller's.

use jaxrs_api::lax::{self, Padding, WindowOptions};
use jaxrs_data::{Result, bail};

use crate::args::{Handles, List, Shared};
use crate::array::ArrayBody;
use crate::control::{function, run};
use crate::function::{FnBody, values};
use crate::gate::Status;
use crate::results::ResultsBody;
use crate::scope::ScopeBody;

/// Numbers that may be left out with NULL.
fn optional<'a>(list: &List<i64>, n: usize, name: &str) -> Result<&'a [i64]> {
    if list.as_ptr().is_null() { Ok(&[]) } else { list.get(n, name) }
}

fn sizes(name: &str, values: &[i64]) -> Result<Vec<usize>> {
    let size = |&value: &i64| match usize::try_from(value) {
        Ok(value) => Ok(value),
        Err(_) => {
            bail!(InvalidArgument, "reduce_window needs {name} of at least 0, got {values:?}")
        }
    };
    values.iter().map(size).collect()
}

/// Combines elements of `operands` along `dimensions`; one result for each operand is appended to `r`.
///
/// `computation` takes scalars (results so far..., elements...) and gives the next results, from its arguments
/// alone; it is taken to be associative. It begins with `inits`, scalars of the operands' element types. All
/// operands have one shape. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_reduce(
    s: Shared<ScopeBody>,
    computation: Shared<FnBody>,
    operands: Handles<ArrayBody>,
    inits: Handles<ArrayBody>,
    n: usize,
    dimensions: List<i64>,
    n_dimensions: usize,
    r: Shared<ResultsBody>,
) -> Status {
    run(&s, &r, |scope, engine| {
        let computation = function(engine, &computation, "computation")?;
        let operands = values(engine, &operands, n, "operands")?;
        let inits = values(engine, &inits, n, "inits")?;
        let dimensions = dimensions.get(n_dimensions, "dimensions")?;
        lax::reduce_by(scope, &operands, &inits, computation, dimensions)
    })
}

/// Combines the elements of each window of `operands`; one result for each operand is appended to `r`.
///
/// `computation` and `inits` are as of jaxrs_reduce. The lists have an entry for each of `ndim` axes, `pads` two:
/// low and high. All but `window_dimensions` may be NULL: windows next to one another, without padding and gaps.
/// What lies in padding or gaps is left out. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_reduce_window(
    s: Shared<ScopeBody>,
    computation: Shared<FnBody>,
    operands: Handles<ArrayBody>,
    inits: Handles<ArrayBody>,
    n: usize,
    window_dimensions: List<i64>,
    window_strides: List<i64>,
    pads: List<i64>,
    base_dilation: List<i64>,
    window_dilation: List<i64>,
    ndim: usize,
    r: Shared<ResultsBody>,
) -> Status {
    run(&s, &r, |scope, engine| {
        let computation = function(engine, &computation, "computation")?;
        let operands = values(engine, &operands, n, "operands")?;
        let inits = values(engine, &inits, n, "inits")?;
        let dimensions =
            sizes("window_dimensions", window_dimensions.get(ndim, "window_dimensions")?)?;
        let strides = optional(&window_strides, ndim, "window_strides")?;
        let base = optional(&base_dilation, ndim, "base_dilation")?;
        let dilation = optional(&window_dilation, ndim, "window_dilation")?;
        let pads = optional(&pads, 2 * ndim, "pads")?;
        let pads: Vec<(i64, i64)> =
            pads.as_chunks().0.iter().map(|&[low, high]| (low, high)).collect();
        let options = WindowOptions {
            dimensions: &dimensions,
            strides: &sizes("window_strides", strides)?,
            padding: if pads.is_empty() { Padding::Valid } else { Padding::Explicit(&pads) },
            base_dilation: &sizes("base_dilation", base)?,
            window_dilation: &sizes("window_dilation", dilation)?,
        };
        lax::reduce_window(scope, &operands, &inits, computation, &options)
    })
}
