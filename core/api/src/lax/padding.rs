//! Padding of windows, by words and by numbers.

use jaxrs_data::{Result, SmallVec, bail};

/// Room around an array that windows slide over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Padding<'a> {
    /// None.
    #[default]
    Valid,
    /// So much that there is a window for every stride; where it is uneven more after the array.
    Same,
    /// As `Same`, where it is uneven more before the array.
    SameLower,
    /// So much before and after each axis; negative numbers cut elements off.
    Explicit(&'a [(i64, i64)]),
}

/// Pairs of low and high padding.
pub type Pads = SmallVec<[(i64, i64); 4]>;

impl Padding<'_> {
    /// Reads one of JAX's words: `VALID`, `SAME`, `SAME_LOWER`, in letters of any case.
    pub fn from_name(name: &str) -> Result<Padding<'static>> {
        match name.to_ascii_uppercase().as_str() {
            "VALID" => Ok(Padding::Valid),
            "SAME" => Ok(Padding::Same),
            "SAME_LOWER" => Ok(Padding::SameLower),
            _ => bail!(
                InvalidArgument,
                "padding needs to be VALID, SAME or SAME_LOWER, got {name:?}"
            ),
        }
    }

    /// The padding of axes of these sizes under windows of these sizes and strides (`padtype_to_pads`).
    pub fn pads(&self, sizes: &[usize], windows: &[usize], strides: &[usize]) -> Result<Pads> {
        let along = |k: usize, is_lower: bool| {
            let (size, window, stride) = (sizes[k] as i64, windows[k] as i64, strides[k] as i64);
            let n = size.div_euclid(stride) + i64::from(size % stride != 0);
            let total = ((n - 1) * stride + window - size).max(0);
            let less = total / 2;
            if is_lower { (total - less, less) } else { (less, total - less) }
        };
        if windows.len() != sizes.len() || strides.len() != sizes.len() || strides.contains(&0) {
            bail!(
                InvalidArgument,
                "padding of axes {sizes:?} needs a window and a stride for each, got {windows:?} and {strides:?}"
            );
        }
        Ok(match self {
            Padding::Valid => SmallVec::from_elem((0, 0), sizes.len()),
            Padding::Same => (0..sizes.len()).map(|k| along(k, false)).collect(),
            Padding::SameLower => (0..sizes.len()).map(|k| along(k, true)).collect(),
            Padding::Explicit(pads) => SmallVec::from_slice(pads),
        })
    }
}

/// The padding that a word stands for, where windows of these sizes slide over axes of these sizes.
pub fn padtype_to_pads(
    in_shape: &[usize],
    window_shape: &[usize],
    window_strides: &[usize],
    padding: &str,
) -> Result<Pads> {
    Padding::from_name(padding)?.pads(in_shape, window_shape, window_strides)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_for_padding_as_in_jax() {
        let pads = |word| padtype_to_pads(&[10, 7], &[3, 4], &[2, 3], word).unwrap().to_vec();
        assert_eq!(pads("VALID"), [(0, 0), (0, 0)]);
        assert_eq!(pads("same"), [(0, 1), (1, 2)]);
        assert_eq!(pads("SAME_LOWER"), [(1, 0), (2, 1)]);
        let err = padtype_to_pads(&[1], &[1], &[1], "FULL").unwrap_err();
        assert_eq!(err.message(), "padding needs to be VALID, SAME or SAME_LOWER, got \"FULL\"");
    }
}
