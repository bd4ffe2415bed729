//! Windows that slide over an array, as convolutions and window reductions have them.

use jaxrs_data::{Result, Shape, SmallVec, Type, bail};
use jaxrs_kernel::{BodyBuilder, Compare, ScalarOp, ValueId};

use crate::rules::index::{self, Index};
use crate::{Param, ParamReader, Params};

/// How a window slides along one axis. Elements of the array may have gaps between them, and so may those
/// of the window, here called taps; before and after the array there is room, or some of it is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sliding {
    /// The size of the array.
    pub size: usize,
    /// The number of taps.
    pub window: usize,
    /// From one window to the next.
    pub stride: usize,
    /// Room before the array and after it.
    pub padding: (i64, i64),
    /// From one element of the array to the next: 1 without gaps.
    pub base_dilation: usize,
    /// From one tap to the next: 1 without gaps.
    pub window_dilation: usize,
}

/// The extent of elements with gaps between them.
pub fn dilated(size: usize, dilation: usize) -> Option<i64> {
    let gaps = i64::try_from(size.saturating_sub(1)).ok()?;
    match size {
        0 => Some(0),
        _ => gaps.checked_mul(i64::try_from(dilation).ok()?)?.checked_add(1),
    }
}

impl Sliding {
    /// The number of windows that fit; none if the array has fewer elements than are cut off, or sizes
    /// overflow.
    pub fn n_windows(&self) -> Option<usize> {
        let sane = |amount: i64| amount.unsigned_abs() < 1 << 62;
        let (low, high) = self.padding;
        if !sane(low) || !sane(high) || self.stride == 0 {
            return None;
        }
        let array = dilated(self.size, self.base_dilation)?.checked_add(low)?.checked_add(high)?;
        let room = array.checked_sub(dilated(self.window, self.window_dilation)?)?;
        let stride = i64::try_from(self.stride).ok()?;
        match array {
            ..0 => None,
            _ => usize::try_from(room.div_euclid(stride).checked_add(1)?.max(0)).ok(),
        }
    }

    /// The element of the array under a tap of a window, if there is one.
    pub fn source(&self, window: usize, tap: usize) -> Option<usize> {
        let at = (window * self.stride + tap * self.window_dilation) as i64 - self.padding.0;
        let at = usize::try_from(at).ok()?;
        let source = at / self.base_dilation;
        (at % self.base_dilation == 0 && source < self.size).then_some(source)
    }

    /// The same in a kernel, where the mask tells whether there is one.
    pub fn place(
        &self,
        b: &mut BodyBuilder,
        window: ValueId,
        tap: ValueId,
        mask: &mut Option<ValueId>,
    ) -> ValueId {
        let (first, tap) =
            (index::scale(b, window, self.stride), index::scale(b, tap, self.window_dilation));
        let at = b.add(first, tap);
        let at = index::offset(b, at, -self.padding.0);
        if self.is_always_inside() {
            return at;
        }
        let end = dilated(self.size, self.base_dilation).unwrap_or(0);
        let inside = index::within(b, at, (end.max(1) - 1) as usize);
        *mask = index::and(b, *mask, inside);
        if self.size == 0 {
            let never = b.constant(jaxrs_data::DType::Bool, jaxrs_data::Scalar::Bool(false));
            *mask = index::and(b, *mask, never);
        }
        if self.base_dilation == 1 {
            return at;
        }
        let (dilation, zero) = (b.index(self.base_dilation as i64), b.index(0));
        let gap = b.op(ScalarOp::Rem, &[at, dilation]);
        let hit = b.compare(Compare::Eq, gap, zero);
        *mask = index::and(b, *mask, hit);
        b.op(ScalarOp::Div, &[at, dilation])
    }

    /// Whether all taps of all windows lie on elements.
    pub fn is_always_inside(&self) -> bool {
        let last = self.n_windows().and_then(|n| {
            let first = n.saturating_sub(1).checked_mul(self.stride)? as i64 - self.padding.0;
            first.checked_add(dilated(self.window, self.window_dilation)? - 1)
        });
        self.padding.0 <= 0
            && self.base_dilation == 1
            && last.is_some_and(|last| last < self.size as i64)
    }
}

/// How a window slides over all axes of an array.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// The number of taps along each axis.
    pub dimensions: Vec<usize>,
    /// From one window to the next.
    pub strides: Vec<usize>,
    /// Room before and after the array; negative numbers cut elements off.
    pub padding: Vec<(i64, i64)>,
    /// From one element of the array to the next.
    pub base_dilation: Vec<usize>,
    /// From one tap to the next.
    pub window_dilation: Vec<usize>,
}

impl Window {
    /// Parameters under JAX's names.
    pub fn params(&self) -> Params {
        vec![
            ("base_dilation", Param::sizes(&self.base_dilation)),
            ("padding", padding_param(&self.padding)),
            ("window_dilation", Param::sizes(&self.window_dilation)),
            ("window_dimensions", Param::sizes(&self.dimensions)),
            ("window_strides", Param::sizes(&self.strides)),
        ]
    }

    /// Reads the parameters; without dilations there are no gaps.
    pub fn read(read: &ParamReader<'_>) -> Result<Window> {
        let dimensions: Vec<usize> = read.sizes("window_dimensions")?;
        let dilation = |key: &str| match read.optional(key) {
            None => Ok(vec![1; dimensions.len()]),
            Some(_) => read.sizes(key),
        };
        Ok(Window {
            strides: read.sizes("window_strides")?,
            padding: read_padding(read, "padding")?,
            base_dilation: dilation("base_dilation")?,
            window_dilation: dilation("window_dilation")?,
            dimensions,
        })
    }

    /// Checks all parameters against an array, and gives the number of windows along each axis.
    pub fn checked_shape(&self, name: &str, x: &Type) -> Result<Shape> {
        let lists = [
            ("window_dimensions", self.dimensions.len()),
            ("window_strides", self.strides.len()),
            ("padding", self.padding.len()),
            ("base_dilation", self.base_dilation.len()),
            ("window_dilation", self.window_dilation.len()),
        ];
        for (what, len) in lists {
            if len != x.rank() {
                bail!(InvalidArgument, "{name} needs {what} for each axis of {x}, got {len}");
            }
        }
        check_positive(name, "window_dimensions", &self.dimensions)?;
        check_positive(name, "window_strides", &self.strides)?;
        check_positive(name, "base_dilation", &self.base_dilation)?;
        check_positive(name, "window_dilation", &self.window_dilation)?;
        let mut shape = Shape::scalar();
        for (axis, sliding) in self.axes(&x.shape).iter().enumerate() {
            let Some(n) = sliding.n_windows() else {
                let padding = sliding.padding;
                bail!(Shape, "{name} cannot pad axis {axis} of {x} by {padding:?}");
            };
            shape = shape.with(axis, n);
        }
        Ok(shape)
    }

    /// How the window slides along each axis of an array.
    pub fn axes(&self, shape: &[usize]) -> SmallVec<[Sliding; 4]> {
        let axis = |(k, &size): (usize, &usize)| Sliding {
            size,
            window: self.dimensions[k],
            stride: self.strides[k],
            padding: self.padding[k],
            base_dilation: self.base_dilation[k],
            window_dilation: self.window_dilation[k],
        };
        shape.iter().enumerate().map(axis).collect()
    }

    /// The window over an array that has an axis of examples more.
    pub fn with_examples(&self, axis: usize) -> Window {
        let mut window = self.clone();
        window.dimensions.insert(axis, 1);
        window.strides.insert(axis, 1);
        window.padding.insert(axis, (0, 0));
        window.base_dilation.insert(axis, 1);
        window.window_dilation.insert(axis, 1);
        window
    }

    /// The element under a tap of a window, if there is one.
    pub fn source(&self, shape: &[usize], window: &[usize], tap: &[usize]) -> Option<Shape> {
        let axes = self.axes(shape);
        axes.iter().zip(window.iter().zip(tap)).map(|(axis, (&i, &k))| axis.source(i, k)).collect()
    }

    /// The same in a kernel, where the mask tells whether there is one.
    pub fn place(
        &self,
        b: &mut BodyBuilder,
        shape: &[usize],
        window: &[ValueId],
        tap: &[ValueId],
    ) -> (Index, Option<ValueId>) {
        let mut mask = None;
        let axes = self.axes(shape);
        let along = axes.iter().zip(window.iter().zip(tap));
        let place = along.map(|(axis, (&i, &k))| axis.place(b, i, k, &mut mask)).collect();
        (place, mask)
    }
}

/// Checks numbers that have to be at least 1.
pub fn check_positive(name: &str, what: &str, values: &[usize]) -> Result<()> {
    if values.iter().any(|&value| value == 0 || value > i32::MAX as usize) {
        bail!(InvalidArgument, "{name} needs {what} from 1 to 2³¹ − 1, got {values:?}");
    }
    Ok(())
}

/// Reads pairs of low and high padding.
pub fn read_padding<C: FromIterator<(i64, i64)>>(read: &ParamReader<'_>, key: &str) -> Result<C> {
    let pair = |list: &Vec<i64>| match list[..] {
        [low, high] => Ok((low, high)),
        _ => Err(read.error(format_args!("needs (low, high) in {key}, got {list:?}"))),
    };
    read.int_lists(key)?.iter().map(pair).collect()
}

/// Pairs of low and high padding as a parameter.
pub fn padding_param(padding: &[(i64, i64)]) -> Param {
    Param::IntLists(padding.iter().map(|&(low, high)| vec![low, high]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n_windows(sliding: Sliding) -> Option<usize> {
        sliding.n_windows()
    }

    const PLAIN: Sliding = Sliding {
        size: 5,
        window: 3,
        stride: 1,
        padding: (0, 0),
        base_dilation: 1,
        window_dilation: 1,
    };

    #[test]
    fn windows_are_counted_as_far_as_they_fit() {
        assert_eq!(n_windows(PLAIN), Some(3));
        assert_eq!(n_windows(Sliding { stride: 2, ..PLAIN }), Some(2));
        assert_eq!(n_windows(Sliding { padding: (1, 1), ..PLAIN }), Some(5));
        assert_eq!(n_windows(Sliding { padding: (-1, -2), ..PLAIN }), Some(0));
        assert_eq!(n_windows(Sliding { padding: (-3, -3), ..PLAIN }), None);
        assert_eq!(n_windows(Sliding { base_dilation: 3, ..PLAIN }), Some(11));
        assert_eq!(n_windows(Sliding { window_dilation: 2, ..PLAIN }), Some(1));
        assert_eq!(n_windows(Sliding { window: 0, stride: 2, ..PLAIN }), Some(3));
        assert_eq!(n_windows(Sliding { padding: (i64::MAX, 0), ..PLAIN }), None);
    }

    #[test]
    fn taps_in_padding_and_gaps_have_no_source() {
        let sliding = Sliding { padding: (1, 0), base_dilation: 2, ..PLAIN };
        let sources: Vec<Option<usize>> = (0..4).map(|i| sliding.source(i, 0)).collect();
        assert_eq!(sources, [None, Some(0), None, Some(1)]);
        assert!(!sliding.is_always_inside());
        assert!(PLAIN.is_always_inside());
    }
}
