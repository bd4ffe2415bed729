//! What each attribute of StableHLO's operations is: a tree has numbers, lists and words, text and bytecode have types.

use jaxrs_data::DType;

use crate::tree::Attr;

/// The words of an enumeration, and the code of its attributes in VHLO.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// As text has it.
    pub(crate) name: &'static str,
    /// In VHLO's bytecode.
    pub(crate) code: usize,
    /// By their numbers.
    pub(crate) words: &'static [&'static str],
}

/// How two numbers are compared.
pub(crate) const DIRECTION: Words =
    Words { name: "comparison_direction", code: 3, words: &["EQ", "NE", "GE", "GT", "LE", "LT"] };
/// As what they are compared.
pub(crate) const COMPARISON: Words = Words {
    name: "comparison_type",
    code: 4,
    words: &["NOTYPE", "FLOAT", "TOTALORDER", "SIGNED", "UNSIGNED"],
};
/// Fourier transforms.
pub(crate) const FFT: Words =
    Words { name: "fft_type", code: 7, words: &["FFT", "IFFT", "RFFT", "IRFFT"] };
/// How exact products are.
pub(crate) const PRECISION: Words =
    Words { name: "precision", code: 11, words: &["DEFAULT", "HIGH", "HIGHEST"] };

/// How numbers are drawn.
pub(crate) const DISTRIBUTION: Words =
    Words { name: "rng_distribution", code: 13, words: &["", "UNIFORM", "NORMAL"] };

/// The form of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A whole number of some type.
    Int(DType),
    /// A list of 64-bit numbers.
    Ints,
    /// A list of truths.
    Flags,
    /// A truth.
    Flag,
    /// A word.
    Word(&'static Words),
    /// A list of words.
    Words(&'static Words),
    /// Text.
    Text,
    /// The name of a function.
    Symbol,
    /// Numbers in an array, or elements.
    Dense,
    /// Names and attributes.
    Dict,
    /// Lists of axes, a list for each array.
    Layouts,
    /// By whose rules a custom call is called.
    Api,
}

/// The form of an attribute of this name.
pub(crate) fn form(name: &str) -> Form {
    match name {
        "version" | "exponent_bits" | "mantissa_bits" => Form::Int(DType::I32),
        "api_version" => Form::Api,
        "comparison_direction" => Form::Word(&DIRECTION),
        "compare_type" => Form::Word(&COMPARISON),
        "rng_distribution" => Form::Word(&DISTRIBUTION),
        "fft_type" => Form::Word(&FFT),
        "precision_config" => Form::Words(&PRECISION),
        "name" | "call_target_name" => Form::Text,
        "callee" | "decomposition" => Form::Symbol,
        "composite_attributes" | "backend_config" => Form::Dict,
        "operand_layouts" | "result_layouts" => Form::Layouts,
        "padding" | "value" => Form::Dense,
        "window_reversal" => Form::Flags,
        "indices_are_sorted" | "unique_indices" | "is_stable" | "has_side_effect" => Form::Flag,
        "dimension"
        | "iota_dimension"
        | "index_vector_dim"
        | "feature_group_count"
        | "batch_group_count" => Form::Int(DType::I64),
        "input_batch_dimension"
        | "input_feature_dimension"
        | "kernel_input_feature_dimension"
        | "kernel_output_feature_dimension"
        | "output_batch_dimension"
        | "output_feature_dimension" => Form::Int(DType::I64),
        _ => Form::Ints,
    }
}

/// Whether an attribute says what holds without it, and so is left out of text.
pub(crate) fn is_default(name: &str, value: &Attr) -> bool {
    let all = |items: &[Attr], number: i128| items.iter().all(|item| *item == Attr::Int(number));
    match (name, value) {
        (_, Attr::List(items)) if items.is_empty() => false,
        ("indices_are_sorted" | "unique_indices", Attr::Bool(flag)) => !flag,
        ("precision_config", Attr::List(items)) => {
            items.iter().all(|item| *item == Attr::Word("DEFAULT".to_owned()))
        }
        ("window_reversal", Attr::List(items)) => {
            items.iter().all(|item| *item == Attr::Bool(false))
        }
        (
            "window_strides" | "base_dilations" | "window_dilations" | "lhs_dilation"
            | "rhs_dilation",
            Attr::List(items),
        ) => all(items, 1),
        ("padding", Attr::Dense(sides)) => {
            !sides.is_empty() && sides.iter().all(|side| side.as_i64() == 0)
        }
        ("backend_config" | "composite_attributes", Attr::Dict(entries)) => entries.is_empty(),
        _ => false,
    }
}

/// The structures that text puts attributes into: of which operation, under which name, with which attributes in their
/// order.
pub(crate) struct Structure {
    pub(crate) op: &'static str,
    pub(crate) attribute: &'static str,
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [&'static str],
}

/// All but that of convolutions, which has a notation of its own.
pub(crate) const STRUCTURES: &[Structure] = &[
    Structure {
        op: "stablehlo.gather",
        attribute: "dimension_numbers",
        name: "gather",
        fields: &[
            "offset_dims",
            "collapsed_slice_dims",
            "operand_batching_dims",
            "start_indices_batching_dims",
            "start_index_map",
            "index_vector_dim",
        ],
    },
    Structure {
        op: "stablehlo.scatter",
        attribute: "scatter_dimension_numbers",
        name: "scatter",
        fields: &[
            "update_window_dims",
            "inserted_window_dims",
            "input_batching_dims",
            "scatter_indices_batching_dims",
            "scatter_dims_to_operand_dims",
            "index_vector_dim",
        ],
    },
    Structure {
        op: "stablehlo.dot_general",
        attribute: "dot_dimension_numbers",
        name: "dot",
        fields: &[
            "lhs_batching_dimensions",
            "rhs_batching_dimensions",
            "lhs_contracting_dimensions",
            "rhs_contracting_dimensions",
        ],
    },
];

/// The attributes of a convolution's notation.
pub(crate) const CONVOLUTION: [[&str; 3]; 3] = [
    ["input_batch_dimension", "input_feature_dimension", "input_spatial_dimensions"],
    [
        "kernel_input_feature_dimension",
        "kernel_output_feature_dimension",
        "kernel_spatial_dimensions",
    ],
    ["output_batch_dimension", "output_feature_dimension", "output_spatial_dimensions"],
];
