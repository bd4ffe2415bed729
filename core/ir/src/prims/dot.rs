//! Products of matrices and their kin.

use jaxrs_data::{DType, SmallVec};

/// Sums products over contracted axes; batch axes come first in the result, then what is left of the left
/// operand, then of the right one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DotGeneral {
    /// Contracted axes of the left operand.
    pub lhs_contracting: SmallVec<[usize; 4]>,
    /// The axes of the right operand that they meet.
    pub rhs_contracting: SmallVec<[usize; 4]>,
    /// Batch axes of the left operand.
    pub lhs_batch: SmallVec<[usize; 4]>,
    /// The axes of the right operand that they go along with.
    pub rhs_batch: SmallVec<[usize; 4]>,
    /// The element type to accumulate in and give; the operands' own by default.
    pub preferred_element_type: Option<DType>,
}

unfinished!(DotGeneral);
