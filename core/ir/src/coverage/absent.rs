//! Which of JAX's primitives have no counterpart, and why.

/// Primitives that JAX 0.10 can lower for a CPU and that programs here do not have, each with the reason. What
/// serves several devices in one process is not among them.
pub const ABSENT: &[(&str, &str)] = &[
    (
        "after_all",
        "tokens order effects in StableHLO; here effects keep the program's order by themselves",
    ),
    (
        "all_gather_done",
        "half of a collective that runs beside other work on an accelerator; here both halves are one",
    ),
    ("all_gather_invariant", "as all_gather; types here do not tell which axes values vary along"),
    (
        "all_gather_reduced",
        "as all_gather; types here do not tell along which axes sums are outstanding",
    ),
    (
        "all_gather_reduced_start",
        "half of a collective that runs beside other work on an accelerator; here both halves are one",
    ),
    (
        "all_gather_start",
        "half of a collective that runs beside other work on an accelerator; here both halves are one",
    ),
    (
        "all_to_all_done",
        "half of a collective that runs beside other work on an accelerator; here both halves are one",
    ),
    (
        "all_to_all_start",
        "half of a collective that runs beside other work on an accelerator; here both halves are one",
    ),
    ("broadcast_to", "acts on references of Pallas kernels; arrays have broadcast_in_dim"),
    (
        "buffer_callback",
        "pure_callback, for host functions that write to memory of a device; ours always do",
    ),
    ("call", "made inside of JAX's own interpreters only; a call is jit"),
    (
        "call_exported",
        "the call of a program that jax.export serialised; programs that are read are jaxprs here, and a call is jit",
    ),
    ("cholesky_update", "an operation composed of primitives, which bring all rules"),
    ("closed_call", "made inside of JAX's own interpreters only; a call is jit"),
    ("compute_on", "names the part of an accelerator that runs a program; a CPU has but one"),
    ("create_linear", "acts on references of Pallas kernels"),
    (
        "create_token",
        "tokens order effects in StableHLO; here effects keep the program's order by themselves",
    ),
    (
        "custom_partitioning",
        "tells XLA's partitioner how to cut a function; one process on a CPU cuts nothing",
    ),
    ("dim_as_value", "a symbolic size as a value; shapes here are known when a program is staged"),
    (
        "dimension_size",
        "a size that is known at run time only; shapes here are known when a program is staged",
    ),
    (
        "empty2",
        "an uninitialised array in a memory space of Pallas kernels; jax.numpy.empty is a broadcast zero",
    ),
    (
        "from_edtype",
        "the conversion of extended types that allow it; keys are the only ones here, and JAX refuses theirs",
    ),
    ("inspect_sharding", "tells how XLA has laid an array out over devices; here it lies on one"),
    ("pbroadcast", "no back end of JAX runs it on a CPU"),
    (
        "pbroadcast_done",
        "half of a collective that runs beside other work on an accelerator; here both halves are one",
    ),
    ("pin", "acts on references of Pallas kernels"),
    (
        "platform_index",
        "asks which platform a program is compiled for; here that is known when it is staged",
    ),
    (
        "ppermute_done",
        "half of a collective that runs beside other work on an accelerator; here both halves are one",
    ),
    (
        "ppermute_start",
        "half of a collective that runs beside other work on an accelerator; here both halves are one",
    ),
    ("precv", "JAX stages it, but XLA cannot run it on a CPU"),
    ("preduced", "as pvary; types here do not tell along which axes sums are outstanding"),
    ("psend", "JAX stages it, but XLA cannot run it on a CPU"),
    (
        "psum_done",
        "half of a collective that runs beside other work on an accelerator; here both halves are one",
    ),
    ("psum_invariant", "as psum; types here do not tell which axes values vary along"),
    (
        "psum_invariant_start",
        "half of a collective that runs beside other work on an accelerator; here both halves are one",
    ),
    (
        "psum_start",
        "half of a collective that runs beside other work on an accelerator; here both halves are one",
    ),
    ("ragged_all_to_all", "JAX stages it, but XLA cannot run it on a CPU"),
    ("ragged_dot_general", "an operation composed of primitives, which bring all rules"),
    (
        "reduce_scatter_done",
        "half of a collective that runs beside other work on an accelerator; here both halves are one",
    ),
    (
        "reduce_scatter_start",
        "half of a collective that runs beside other work on an accelerator; here both halves are one",
    ),
    (
        "reduced_vary_cast_p",
        "as pvary; types here do not tell along which axes sums are outstanding",
    ),
    (
        "remat_opt",
        "lets JAX drop what custom_vjp computes twice under remat; a custom rule here computes it once",
    ),
    ("run_state", "references are discharged as they are traced, so that no program holds one"),
    ("scaled_dot", "an operation composed of primitives, which bring all rules"),
    (
        "shape_assertion",
        "checks symbolic sizes at run time; shapes here are known when a program is staged",
    ),
    (
        "shard_map",
        "kept until XLA cuts the program for its devices; here the shards are batched as it is traced",
    ),
    ("stage", "a mark that stands in no jaxpr"),
    ("symmetric_product", "an operation composed of primitives, which bring all rules"),
    (
        "to_edtype",
        "the conversion to extended types that allow it; keys are the only ones here, and JAX refuses theirs",
    ),
    ("unpin", "acts on references of Pallas kernels"),
    ("unreachable", "stands for results of code that has raised; here an error ends the trace"),
    ("unreduced_psum", "as psum; types here do not tell along which axes sums are outstanding"),
    (
        "unreduced_psum_start",
        "half of a collective that runs beside other work on an accelerator; here both halves are one",
    ),
    (
        "unreduced_reduce_scatter",
        "as psum_scatter; types here do not tell along which axes sums are outstanding",
    ),
    (
        "unreduced_reduce_scatter_start",
        "half of a collective that runs beside other work on an accelerator; here both halves are one",
    ),
    (
        "vary_unreduced_cast_p",
        "as pvary; types here do not tell along which axes sums are outstanding",
    ),
    ("xla_metadata_call", "text for XLA's scheduler about a call; xla_metadata_value carries text"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Prim;

    #[test]
    fn what_is_said_to_be_absent_is_no_primitive() {
        let samples = Prim::samples();
        for (name, reason) in ABSENT {
            assert!(samples.iter().all(|sample| sample.prim.name() != *name), "{name}");
            assert!(!reason.is_empty(), "{name}");
        }
        assert!(ABSENT.is_sorted());
    }
}
