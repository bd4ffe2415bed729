//! Settings that travel with a scope.

use jaxrs_data::promote::Defaults;

/// How things are done in a scope and in what is traced from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Whether a NaN in the result of an operation is an error that names the operation. A compiled
    /// function that gives one runs again, operation by operation, to find where it comes from.
    pub debug_nans: bool,
    /// The same for infinities.
    pub debug_infs: bool,
    /// Whether it is an error to draw from a key twice, or to split it and draw from it.
    pub debug_key_reuse: bool,
    /// Whether `jit` calls functions as they are.
    pub disable_jit: bool,
    /// Whether the log tells what is compiled, and how long that takes.
    pub log_compiles: bool,
    /// Whether the log tells why a function is traced again.
    pub explain_cache_misses: bool,
    /// Whether numbers without a stated type are 64 bits wide.
    pub wide_defaults: bool,
    /// Whether strong element types promote to none but themselves.
    pub strict_promotion: bool,
    /// What is done where an operation broadcasts arrays of different ranks.
    pub rank_promotion: RankPromotion,
    /// Whether Threefry is drawn from in JAX's first way, where an element depends on how many there are:
    /// `jax_threefry_partitionable` off.
    pub original_threefry: bool,
}

/// What is done where an operation broadcasts arrays of different ranks: JAX's `numpy_rank_promotion`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RankPromotion {
    /// Nothing.
    #[default]
    Allow,
    /// The log says so.
    Warn,
    /// It is an error.
    Raise,
}

impl Settings {
    /// The element types of numbers without a stated type.
    pub(crate) fn defaults(self) -> Defaults {
        Defaults { wide: self.wide_defaults, strict: self.strict_promotion }
    }

    /// Whether the values of results matter.
    pub(crate) fn looks_at_values(self) -> bool {
        self.debug_nans || self.debug_infs
    }
}
