//! Random numbers.

use jaxrs_data::Shape;

use super::arrange::shape_of;
use super::*;
use crate::random::{self, Choice, Draws};

const SHAPE: &str = "the shape of the result";
const JOINT: &str =
    "the shape of the result; that which the parameters broadcast to for an empty list";
const FLOAT: &str = "the element type, a float; the default float if none";
const INTEGER: &str = "the element type, an integer; the default integer if none";
const IMPL: &str =
    "the generator: threefry2x32, rbg, unsafe_rbg, threefry4x32, philox2x32 or philox4x32";
const MODE: &str = "how fine samples near the end of the range are: low, high or highest";

fn float(cx: &Scope, dtype: Option<DType>) -> DType {
    dtype.unwrap_or(cx.defaults().float())
}

fn int(cx: &Scope, dtype: Option<DType>) -> DType {
    dtype.unwrap_or(cx.defaults().int())
}

/// The shape that was asked for, if one was.
fn joint(name: &str, shape: &[i64], dtype: DType) -> Result<Option<Shape>> {
    if shape.is_empty() { Ok(None) } else { shape_of(name, shape, dtype).map(Some) }
}

/// A sampler of a shape and a float type, without parameters.
macro_rules! plain {
    ($name:literal, $function:path, $doc:literal) => {
        op!($name, $doc, (key) { shape: I64s, SHAPE; dtype: DType = None, FLOAT; } => |cx| {
            let dtype = float(cx, dtype);
            $function(cx, key, &shape_of($name, shape, dtype)?, dtype)
        })
    };
}

/// A sampler with a parameter that broadcasts to the shape.
macro_rules! of_one {
    ($name:literal, $function:path, $param:ident, $default:ident, $type_doc:expr, $doc:literal) => {
        op!($name, $doc, (key, $param) { shape: I64s = &[], JOINT; dtype: DType = None, $type_doc; }
        => |cx| {
            let dtype = $default(cx, dtype);
            $function(cx, key, $param, joint($name, shape, dtype)?.as_ref(), dtype)
        })
    };
}

/// The same with two parameters.
macro_rules! of_two {
    ($name:literal, $function:path, ($first:ident, $second:ident), $doc:literal) => {
        op!($name, $doc, (key, $first, $second) { shape: I64s = &[], JOINT; dtype: DType = None, FLOAT; }
        => |cx| {
            let dtype = float(cx, dtype);
            $function(cx, key, [$first, $second], joint($name, shape, dtype)?.as_ref(), dtype)
        })
    };
}

pub(super) static OPS: &[Op] = &[
    op!("random_key", "A key of a random generator from a seed, of which with 32-bit defaults the low 32 bits count.", ()
    { seed: I64, "the seed"; generator: Str = "threefry2x32", IMPL; } => |cx| {
        let seed = random::seed(cx, seed)?;
        random::key(cx, &seed, random::generator(generator)?)
    }),
    op!("random_prng_key", "The u32 words of the key of a seed; functions take those of threefry2x32 for the key.", ()
    { seed: I64, "the seed"; generator: Str = "threefry2x32", IMPL; } => |cx| {
        let seed = random::seed(cx, seed)?;
        random::prng_key(cx, &seed, random::generator(generator)?)
    }),
    op!("random_seed", "A key of a random generator from a seed that is an integer scalar.", (seed)
        { generator: Str = "threefry2x32", IMPL; } => |cx| random::key(cx, seed, random::generator(generator)?)),
    op!("random_key_data", "The u32 words of keys along a new last axis.", (keys) => |cx| random::key_data(cx, keys)),
    op!("random_wrap_key_data", "The keys with the given u32 words, which lie along the last axis.", (words)
        { generator: Str = "threefry2x32", IMPL; } => |cx| random::wrap_key_data(cx, words, random::generator(generator)?)),
    op!("random_clone", "The same keys, which may be used again where it is checked that no key is used twice.", (keys)
        => |cx| random::clone(cx, keys)),
    op!("random_split", "New keys from a key, along the leading axis.", (key) { num: I64 = 2, "how many"; }
        => |cx| random::split(cx, key, num)),
    op!("random_split_shape", "An array of new keys from a key.", (key) { shape: I64s, SHAPE; }
        => |cx| random::split_shape(cx, key, shape)),
    op!("random_fold_in", "A new key from a key and an integer scalar.", (key, data)
        => |cx| random::fold_in(cx, key, data)),
    op!("random_bits", "Random unsigned integers.", (key)
    { shape: I64s, SHAPE; dtype: DType = Some(DType::U32), "an unsigned integer type"; }
    => |cx| {
        let dtype = dtype.unwrap_or(DType::U32);
        random::bits(cx, key, &shape_of("random_bits", shape, dtype)?, dtype)
    }),
    op!("threefry_2x32", "Threefry-2x32 of u32 counts, the second half of which is the low words of the first, under a key \
        of two u32 words.", (key, count) => |cx| random::threefry_2x32(cx, key, count)),
    op!("rng_bit_generator", "Random integers from a state, which is four u32 or two u64; gives the next state and them.", (key)
    { shape: I64s, SHAPE; dtype: DType = None, "the element type, u8, u16, u32 or u64; u32 if none"; algorithm: Str = "default", "`default`, `three_fry` or `philox`"; }
    => list |cx| {
        let dtype = dtype.unwrap_or(DType::U32);
        random::rng_bit_generator(cx, key, &shape_of("rng_bit_generator", shape, dtype)?, dtype, algorithm).map(Vec::from)
    }),
    op!("rng_uniform", "Uniformly distributed numbers from a up to, not including, b, scalars of one type of 32 or 64 \
        bits or f16 or bf16. They come from a generator of the process, which no key names: others with each run.", (a, b)
    { shape: I64s, SHAPE; } => |cx| random::rng_uniform(cx, a, b, &shape_of("rng_uniform", shape, a.ty().dtype)?)),
    op!("random_uniform", "Uniformly distributed floats from low up to, not including, high.", (key)
    { shape: I64s, SHAPE; dtype: DType = None, FLOAT; low: F64 = 0.0, "the lower bound"; high: F64 = 1.0, "the upper bound"; }
    => |cx| {
        let dtype = float(cx, dtype);
        random::uniform(cx, key, &shape_of("random_uniform", shape, dtype)?, dtype, low, high)
    }),
    op!("random_uniform_between", "As random_uniform, between bounds that broadcast to the shape.", (key, minval, maxval)
    { shape: I64s = &[], JOINT; dtype: DType = None, FLOAT; }
    => |cx| {
        let dtype = float(cx, dtype);
        let shape = joint("random_uniform", shape, dtype)?;
        random::uniform_between(cx, key, shape.as_ref(), dtype, [minval, maxval])
    }),
    plain!("random_normal", random::normal, "Floats from the standard normal distribution."),
    op!("random_truncated_normal", "Floats from the standard normal distribution between two bounds.", (key, lower, upper)
    { shape: I64s = &[], JOINT; dtype: DType = None, FLOAT; }
    => |cx| {
        let dtype = float(cx, dtype);
        let shape = joint("random_truncated_normal", shape, dtype)?;
        random::truncated_normal(cx, key, [lower, upper], shape.as_ref(), dtype)
    }),
    op!("random_gumbel", "Floats from the Gumbel distribution.", (key)
    { shape: I64s, SHAPE; dtype: DType = None, FLOAT; mode: Str = "low", MODE; }
    => |cx| {
        let dtype = float(cx, dtype);
        random::gumbel(cx, key, &shape_of("random_gumbel", shape, dtype)?, dtype, mode)
    }),
    plain!("random_exponential", random::exponential, "Floats from the exponential distribution."),
    plain!("random_laplace", random::laplace, "Floats from the Laplace distribution."),
    plain!("random_logistic", random::logistic, "Floats from the logistic distribution."),
    plain!("random_cauchy", random::cauchy, "Floats from the Cauchy distribution."),
    plain!("random_maxwell", random::maxwell, "Floats from the Maxwell distribution."),
    op!("random_double_sided_maxwell",
    "Floats from the Maxwell distribution with random sign, times scale, plus loc; their axes come behind those of the shape.",
    (key, loc, scale)
    { shape: I64s = &[], "the shape before the axes of loc and scale; that of these for an empty list"; dtype: DType = None, FLOAT; }
    => |cx| {
        let dtype = float(cx, dtype);
        let shape = shape_of("random_double_sided_maxwell", shape, dtype)?;
        random::double_sided_maxwell(cx, key, [loc, scale], &shape, dtype)
    }),
    of_one!(
        "random_pareto",
        random::pareto,
        b,
        float,
        FLOAT,
        "Floats from the Pareto distribution with exponent b."
    ),
    of_one!(
        "random_rayleigh",
        random::rayleigh,
        scale,
        float,
        FLOAT,
        "Floats from the Rayleigh distribution."
    ),
    of_one!(
        "random_lognormal",
        random::lognormal,
        sigma,
        float,
        FLOAT,
        "The exponential of normal floats times sigma."
    ),
    of_one!(
        "random_wald",
        random::wald,
        mean,
        float,
        FLOAT,
        "Floats from the Wald distribution of scale 1."
    ),
    op!("random_weibull_min", "Floats from the Weibull distribution.", (key, scale, concentration)
    { shape: I64s, SHAPE; dtype: DType = None, FLOAT; }
    => |cx| {
        let dtype = float(cx, dtype);
        let shape = shape_of("random_weibull_min", shape, dtype)?;
        random::weibull_min(cx, key, [scale, concentration], &shape, dtype)
    }),
    op!("random_triangular", "Floats from the triangular distribution between left and right, the likeliest mode.",
    (key, left, mode, right)
    { shape: I64s = &[], JOINT; dtype: DType = None, FLOAT; }
    => |cx| {
        let dtype = float(cx, dtype);
        let shape = joint("random_triangular", shape, dtype)?;
        random::triangular(cx, key, [left, mode, right], shape.as_ref(), dtype)
    }),
    op!("random_randint", "Integers from low up to, not including, high, which broadcast to the shape.", (key, low, high)
    { shape: I64s, SHAPE; dtype: DType = None, INTEGER; }
    => |cx| {
        let dtype = int(cx, dtype);
        random::randint(cx, key, &shape_of("random_randint", shape, dtype)?, low, high, dtype)
    }),
    op!("random_rademacher", "-1 or 1.", (key) { shape: I64s, SHAPE; dtype: DType = None, INTEGER; }
    => |cx| {
        let dtype = int(cx, dtype);
        random::rademacher(cx, key, &shape_of("random_rademacher", shape, dtype)?, dtype)
    }),
    of_one!(
        "random_geometric",
        random::geometric,
        p,
        int,
        INTEGER,
        "How often a trial is repeated until it succeeds, with probability p."
    ),
    op!("random_permutation", "The numbers from 0 up to n in random order.", (key) { n: I64, "how many"; }
        => |cx| random::permutation(cx, key, n)),
    op!("random_shuffle", "x with its parts along an axis in random order.", (key, x)
        { axis: I64 = 0, "along which axis"; independent: Bool = false, "whether each vector along it has an order of its own"; }
        => |cx| random::shuffle(cx, key, x, axis, independent)),
    op!("random_choice", "Elements of a along an axis, chosen at random.", (key, a [p])
    { shape: I64s, SHAPE; replace: Bool = true, "whether an element may be chosen again"; axis: I64 = 0, "along which axis";
      mode: Str = "low", MODE; }
    => |cx| {
        let p = match p {
            [] => None,
            [p] => Some(p),
            _ => bail!(InvalidArgument, "random_choice takes at most one array of probabilities, got {}", p.len()),
        };
        let shape = shape_of("random_choice", shape, a.ty().dtype)?;
        random::choice(cx, key, a, &shape, &Choice { replace, p, axis, mode })
    }),
    op!("random_bernoulli", "True with probability p, a float.", (key, p)
    { shape: I64s = &[], JOINT; mode: Str = "low", "high for probabilities near 0, else low"; }
    => |cx| random::bernoulli(cx, key, p, joint("random_bernoulli", shape, p.ty().dtype)?.as_ref(), mode)),
    op!("random_categorical", "Class indices, drawn with probabilities that are the softmax of logits.", (key, logits)
    { axis: I64 = -1, "the axis of the classes";
      shape: I64s = &[], "the shape of the result; that of the other axes for an empty list";
      replace: Bool = true, "whether draws along leading axes of the shape may give a class again";
      mode: Str = "low", MODE; }
    => |cx| {
        let shape = joint("random_categorical", shape, logits.ty().dtype)?;
        random::categorical(cx, key, logits, &Draws { axis, shape: shape.as_ref(), replace, mode })
    }),
    of_one!(
        "random_gamma",
        random::gamma,
        a,
        float,
        FLOAT,
        "Floats from the gamma distribution of shape a, with derivatives by it."
    ),
    of_one!(
        "random_loggamma",
        random::loggamma,
        a,
        float,
        FLOAT,
        "Logarithms of floats from the gamma distribution of shape a."
    ),
    of_two!("random_beta", random::beta, (a, b), "Floats from the beta distribution."),
    op!("random_multivariate_normal", "Vectors from the normal distribution of a mean and a covariance, which lie along the last axes.", (key, mean, cov)
    { shape: I64s = &[], "the shape before the axis of the vectors; that which the parameters' other axes broadcast to for an empty list";
      dtype: DType = None, FLOAT; method: Str = "cholesky", "which square root of the covariance: `cholesky`, `eigh` or `svd`"; }
    => |cx| {
        let dtype = float(cx, dtype);
        let shape = joint("random_multivariate_normal", shape, dtype)?;
        random::multivariate_normal(cx, key, [mean, cov], shape.as_ref(), (dtype, method))
    }),
    op!("random_orthogonal", "Orthogonal matrices, evenly distributed; with orthonormal columns or rows, whichever are fewer.", (key)
    { n: I64, "how many rows"; shape: I64s = &[], "the shape before the matrices' axes"; dtype: DType = None, FLOAT; m: I64 = -1, "how many columns; as many as rows if negative"; }
    => |cx| {
        let dtype = float(cx, dtype);
        let sizes = shape_of("random_orthogonal", &[n, if m < 0 { n } else { m }], dtype)?;
        random::orthogonal(cx, key, [sizes[0], sizes[1]], &shape_of("random_orthogonal", shape, dtype)?, dtype)
    }),
    op!("random_dirichlet", "Vectors from the Dirichlet distribution, whose parameters lie along the last axis of alpha.", (key, alpha)
    { shape: I64s = &[], "the shape before the axis of the vectors; that of the other axes of alpha for an empty list";
      dtype: DType = None, FLOAT; }
    => |cx| {
        let dtype = float(cx, dtype);
        let shape = joint("random_dirichlet", shape, dtype)?;
        random::dirichlet(cx, key, alpha, shape.as_ref(), dtype)
    }),
    of_one!(
        "random_chisquare",
        random::chisquare,
        df,
        float,
        FLOAT,
        "Floats from the chi-square distribution."
    ),
    of_two!("random_f", random::f, (dfnum, dfden), "Floats from the F distribution."),
    of_one!("random_t", random::t, df, float, FLOAT, "Floats from Student's t distribution."),
    op!("random_generalized_normal", "Floats whose density goes with exp(-|x|^p).", (key)
    { p: F64, "the exponent"; shape: I64s, SHAPE; dtype: DType = None, FLOAT; }
    => |cx| {
        let dtype = float(cx, dtype);
        let shape = shape_of("random_generalized_normal", shape, dtype)?;
        random::generalized_normal(cx, key, p, &shape, dtype)
    }),
    op!("random_ball", "Points from the unit ball of the p-norm, along a last axis.", (key)
    { d: I64, "of how many dimensions"; p: F64 = 2.0, "the exponent of the norm"; shape: I64s = &[], "the shape before the last axis";
      dtype: DType = None, FLOAT; }
    => |cx| {
        let dtype = float(cx, dtype);
        let shape = shape_of("random_ball", shape, dtype)?;
        let d = shape_of("random_ball", &[d], dtype)?[0];
        random::ball(cx, key, (d, p), &shape, dtype)
    }),
    of_one!(
        "random_poisson",
        random::poisson,
        lam,
        int,
        INTEGER,
        "Integers from the Poisson distribution of mean lam, for keys of threefry2x32."
    ),
    of_two!(
        "random_binomial",
        random::binomial,
        (count, prob),
        "How often so many trials succeed with probability prob, as floats."
    ),
    op!("random_multinomial", "How many of the trials have each of the outcomes whose probabilities lie along the last axis.", (key, count, probs)
    { shape: I64s = &[], "the shape of the result; that of probs for an empty list"; dtype: DType = None, FLOAT; }
    => |cx| {
        let dtype = float(cx, dtype);
        let shape = joint("random_multinomial", shape, dtype)?;
        random::multinomial(cx, key, [count, probs], shape.as_ref(), dtype)
    }),
];
