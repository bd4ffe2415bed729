//! Images in another size or place, as `jax.image` has them: each new pixel is a weighted sum of old ones,
//! along one axis at a time.

use jaxrs_data::{Axes, DType, Result, Shape, bail, normalize_axis};
use jaxrs_ir::prims::Unary;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use crate::formula::Term;
use crate::numpy::{self, index, shapes};
use crate::operands::{convert, promoted_inexact, to_inexact};

/// How a pixel is had from those around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kernel {
    /// A tent of radius 1.
    Triangle,
    /// A windowed sinc function of this radius (Duchon, 1979).
    Lanczos(u8),
    /// A cubic spline of radius 2 (Keys, "Cubic convolution interpolation for digital image processing", 1981, with
    /// a = -1/2).
    Keys,
    /// The same with a = -3/4, the border's pixels repeated beyond it.
    Sharper,
    /// The mean of the pixels below.
    Area,
}

impl Kernel {
    fn named(name: &str, method: &str, antialias: bool) -> Result<Kernel> {
        Ok(match method {
            "linear" | "bilinear" | "trilinear" | "triangle" => Kernel::Triangle,
            "lanczos3" => Kernel::Lanczos(3),
            "lanczos5" => Kernel::Lanczos(5),
            "cubic-pytorch" | "bicubic-pytorch" if !antialias => Kernel::Sharper,
            "cubic" | "bicubic" | "tricubic" | "cubic-pytorch" | "bicubic-pytorch" => Kernel::Keys,
            "area" => Kernel::Area,
            _ => bail!(
                InvalidArgument,
                "{name} takes a method of linear, cubic, cubic-pytorch, lanczos3, lanczos5, area{}, got {method:?}",
                if name == "image_resize" { ", nearest" } else { "" }
            ),
        })
    }

    /// How many pixels beyond the border count as those of the border.
    fn border(self) -> usize {
        if self == Kernel::Sharper { 2 } else { 0 }
    }

    /// The weight at a distance.
    fn weight<'a>(self, x: &Term<'a>) -> Term<'a> {
        use std::f64::consts::PI;
        match self {
            Kernel::Triangle | Kernel::Area => positive(&(1.0 - x)),
            Kernel::Lanczos(radius) => {
                let radius = f64::from(radius);
                let sine = |x: Term<'a>| x.unary(Unary::Sin);
                let wave = radius * sine(x * PI) * sine(x * PI / radius);
                let square = (PI * PI * x.square()).unless(&x.is(0.0), 1.0);
                (wave / square).unless(&x.above(1e-3).not(), 1.0).unless(&x.above(radius), 0.0)
            }
            Kernel::Keys => piecewise(x, &[1.5, -2.5, 0.0, 1.0], &[-0.5, 2.5, -4.0, 2.0]),
            Kernel::Sharper => piecewise(x, &[1.25, -2.25, 0.0, 1.0], &[-0.75, 3.75, -6.0, 3.0]),
        }
    }
}

fn positive<'a>(x: &Term<'a>) -> Term<'a> {
    x.max(&x.constant(0.0))
}

/// A cubic below 1, another one from there to 2.
fn piecewise<'a>(x: &Term<'a>, near: &[f64], far: &[f64]) -> Term<'a> {
    let (one, two) = (x.constant(1.0), x.constant(2.0));
    let value = x.no_less(&one).choose(&x.polynomial(far), &x.polynomial(near));
    value.unless(&x.no_less(&two), 0.0)
}

/// Where new pixels lie in old ones along an axis, and how a kernel weights these.
struct Axis<'a> {
    from: usize,
    to: usize,
    /// The distance of new pixels in old ones.
    step: Term<'a>,
    /// How far new pixels are moved, in old ones.
    start: Term<'a>,
    kernel: Kernel,
    antialias: bool,
}

impl<'a> Axis<'a> {
    /// The whole numbers from `start` on, as a row or as a column.
    fn numbers(
        &self,
        cx: &'a Scope,
        dtype: DType,
        start: f64,
        count: usize,
        new: i64,
    ) -> Result<Term<'a>> {
        let numbers = numpy::arange(cx, start, start + count as f64, 1.0, dtype)?;
        Ok(Term::new(cx, &numpy::expand_dims(cx, &numbers, &[new])?))
    }

    /// The weights of old pixels, a row each, in new ones, a column each.
    fn weights(&self, cx: &'a Scope, dtype: DType) -> Result<Value> {
        let (step, start) = (&self.step, &self.start);
        let to = self.numbers(cx, dtype, 0.0, self.to, 0)?;
        let border = self.kernel.border();
        let from = self.numbers(cx, dtype, -(border as f64), self.from + 2 * border, 1)?;
        let places = (&to + 0.5) * step - start - 0.5;
        let weights = if self.kernel == Kernel::Area {
            let left = &to * step - start;
            let (right, end) = (&left + step, &from + 1.0);
            positive(&(right.min(&end) - left.max(&from)))
        } else {
            let distance = (&places - &from).abs();
            let widened =
                if self.antialias { step.max(&step.constant(1.0)) } else { step.constant(1.0) };
            self.kernel.weight(&(distance / widened))
        };
        let weights = if border > 0 { self.folded(cx, weights, border)? } else { weights };
        let total = weights.map(|cx, w| numpy::sum(cx, w, &[0], true));
        let is_some = total.abs().above(1000.0 * f64::from(f32::EPSILON));
        let some = total.unless(&total.is(0.0), 1.0);
        let weights = (weights / some).unless(&is_some.not(), 0.0);
        if border > 0 {
            return weights.done();
        }
        let last = places.constant(self.from as f64 - 0.5);
        let inside = places.no_less(&places.constant(-0.5)).and(&places.at_most(&last));
        weights.unless(&inside.not(), 0.0).done()
    }

    /// The weights of pixels beyond the border put on those of the border.
    fn folded(&self, cx: &'a Scope, weights: Term<'a>, border: usize) -> Result<Term<'a>> {
        let weights = weights.done()?;
        let rows = |from: usize, to: usize| ops::slice_in_dim(cx, &weights, 0, from, to);
        let total = |from, to| numpy::sum(cx, &rows(from, to)?, &[0], true);
        let n = self.from;
        if n == 1 {
            return Ok(Term::new(cx, &total(0, n + 2 * border)?));
        }
        let parts = [
            total(0, border + 1)?,
            rows(border + 1, border + n - 1)?,
            total(border + n - 1, n + 2 * border)?,
        ];
        Ok(Term::new(cx, &numpy::concatenate(cx, &parts, 0)?))
    }
}

/// How an image is put into a frame.
#[derive(Clone, Copy, Debug)]
pub struct Placement<'a> {
    /// The axes that change.
    pub spatial_dims: &'a [i64],
    /// `linear`, `cubic`, `cubic-pytorch`, `lanczos3`, `lanczos5`, `area`, or another of JAX's words for these.
    pub method: &'a str,
    /// Whether kernels are widened where an image shrinks.
    pub antialias: bool,
}

/// The image at `position · scale + translation` along axes, zeros around it. `scale` and `translation` hold a number for
/// each axis.
pub fn scale_and_translate(
    cx: &Scope,
    image: &Value,
    [scale, translation]: [&Value; 2],
    shape: &Shape,
    placement: Placement<'_>,
) -> Result<Value> {
    let name = "image_scale_and_translate";
    let kernel = Kernel::named(name, placement.method, placement.antialias)?;
    let rank = image.ty().rank();
    Axes::new(name, placement.spatial_dims, rank)?;
    check_shape(name, image, shape)?;
    let needed = Shape::from([placement.spatial_dims.len()]);
    if *scale.shape() != needed || *translation.shape() != needed {
        bail!(
            Shape,
            "{name} needs a scale and a translation for each of the axes {:?}, got {} and {}",
            placement.spatial_dims,
            scale.ty(),
            translation.ty()
        );
    }
    let image = to_inexact(cx, image)?;
    let [scale, translation] = promoted_inexact(cx, [scale, translation])?;
    let dtype = scale.ty().dtype;
    let mut result = image;
    for (k, &axis) in placement.spatial_dims.iter().enumerate() {
        let axis = normalize_axis(name, axis, rank)?;
        let part = |x: &Value| shapes::part(cx, x, &[index::Index::At(k as i64)]);
        let step = 1.0 / Term::new(cx, &part(&scale)?);
        let along = Axis {
            from: result.shape()[axis],
            to: shape[axis],
            start: Term::new(cx, &part(&translation)?) * &step,
            step,
            kernel,
            antialias: placement.antialias,
        };
        result = weighted(cx, &result, axis, &along.weights(cx, dtype)?)?;
    }
    Ok(result)
}

fn check_shape(name: &str, image: &Value, shape: &Shape) -> Result<()> {
    if shape.rank() != image.ty().rank() {
        bail!(
            Shape,
            "{name} needs a shape of as many axes as the image, got {shape} for {}",
            image.ty()
        );
    }
    Ok(())
}

/// The sums along an axis that weights, a column each, ask for.
fn weighted(cx: &Scope, x: &Value, axis: usize, weights: &Value) -> Result<Value> {
    let weights = convert(cx, weights, x.ty().dtype, false)?;
    let sums = numpy::tensordot(cx, x, &weights, &[axis as i64], &[0])?;
    numpy::moveaxis(cx, &sums, &[-1], &[axis as i64])
}

/// The image in another size.
pub fn resize(
    cx: &Scope,
    image: &Value,
    shape: &Shape,
    method: &str,
    antialias: bool,
) -> Result<Value> {
    let name = "image_resize";
    check_shape(name, image, shape)?;
    let axes: Vec<usize> =
        (0..shape.rank()).filter(|&axis| image.shape()[axis] != shape[axis]).collect();
    if method == "nearest" {
        return axes
            .iter()
            .try_fold(image.clone(), |image, &axis| nearest(cx, &image, axis, shape[axis]));
    }
    let kernel = Kernel::named(name, method, antialias)?;
    let dtype = cx.defaults().float();
    let number = |x: f64| Term::new(cx, &crate::operands::constant(dtype, x));
    axes.iter().try_fold(to_inexact(cx, image)?, |image, &axis| {
        let (from, to) = (image.shape()[axis], shape[axis]);
        let scale = if to == 0 { 1.0 } else { to as f64 / from as f64 };
        let along =
            Axis { from, to, step: number(1.0 / scale), start: number(0.0), kernel, antialias };
        weighted(cx, &image, axis, &along.weights(cx, dtype)?)
    })
}

/// The pixel in whose square the middle of each new one lies.
fn nearest(cx: &Scope, image: &Value, axis: usize, to: usize) -> Result<Value> {
    let from = image.shape()[axis];
    let middles = Term::new(cx, &numpy::arange(cx, 0.0, to as f64, 1.0, DType::F32)?) + 0.5;
    let places = ((middles * from as f64) / to as f64).floor().done()?;
    let places = convert(cx, &places, DType::I32, false)?;
    numpy::take(cx, image, &places, axis as i64, "fill")
}
