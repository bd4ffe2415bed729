//! What JAX computes for primitives, their derivatives and random functions, as tests/recorded/record.py
//! wrote it down, against what we compute: by definition and compiled.

#![allow(clippy::unwrap_used, reason = "a row that cannot be read fails its test")]

mod callbacks;
mod equations;
mod minima;
mod narrow;
mod operations;
mod primitives;
mod programs;
mod random;
mod rows;

use rows::Row;

/// Runs all rows of a file and lists those that disagree.
#[track_caller]
fn check(file: &str, run: impl Fn(&Row) -> Result<(), String>) {
    let rows = rows::read(file);
    assert!(rows.len() > 10, "{file} has {} rows", rows.len());
    let wrong: Vec<String> =
        rows.iter().filter_map(|row| run(row).err().map(|why| format!("{row}: {why}"))).collect();
    assert!(
        wrong.is_empty(),
        "{} of {} rows disagree:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}

macro_rules! files {
    ($($test:ident: $file:literal, $run:path;)*) => {
        $(#[test]
        fn $test() {
            check($file, $run);
        })*
    };
}

files! {
    elementwise_functions_agree_with_jax: "elementwise", primitives::agrees;
    functions_of_two_operands_agree_with_jax: "binary", primitives::agrees;
    selections_and_conversions_agree_with_jax: "choosing", primitives::agrees;
    reductions_agree_with_jax: "reductions", primitives::agrees;
    shape_operations_agree_with_jax: "structural", primitives::agrees;
    products_agree_with_jax: "contractions", primitives::agrees;
    gather_and_scatter_agree_with_jax: "indexing", primitives::agrees;
    functions_of_complex_numbers_agree_with_jax: "complex_functions", primitives::agrees;
    functions_of_two_complex_numbers_agree_with_jax: "complex_operands", primitives::agrees;
    operations_on_complex_arrays_agree_with_jax: "complex_arrays", primitives::agrees;
    operations_agree_with_jax_on_complex_numbers: "complex_operations", operations::agrees;
    convolutions_agree_with_jax: "convolutions", primitives::agrees;
    reductions_of_windows_agree_with_jax: "windows", primitives::agrees;
    selections_from_windows_agree_with_jax: "selections", primitives::agrees;
    running_reductions_agree_with_jax: "running", primitives::agrees;
    reductions_by_programs_agree_with_jax: "reducers", primitives::agrees;
    largest_elements_agree_with_jax: "largest", primitives::agrees;
    products_of_groups_agree_with_jax: "ragged", operations::agrees;
    operations_on_windows_agree_with_jax: "window_operations", operations::agrees;
    pieces_agree_with_jax: "pieces", primitives::agrees;
    sparse_arrays_agree_with_jax: "coordinate_arrays", primitives::agrees;
    products_of_sparse_arrays_agree_with_jax: "coordinate_products", primitives::agrees;
    sparse_arrays_of_dense_ones_agree_with_jax: "from_dense", primitives::agrees;
    compressed_rows_agree_with_jax: "compressed_rows", primitives::agrees;
    sparse_equations_agree_with_jax: "equations", primitives::agrees;
    operations_on_sparse_arrays_agree_with_jax: "sparse_operations", operations::agrees;
    rotations_agree_with_jax: "rotation_operations", operations::agrees;
    ranks_agree_with_jax: "rank_operations", operations::agrees;
    estimated_densities_agree_with_jax: "density_operations", operations::agrees;
    operations_with_remarks_agree_with_jax: "remark_operations", operations::agrees;
    remarks_agree_with_jax: "remarks", primitives::agrees;
    fourier_transforms_agree_with_jax: "fourier", primitives::agrees;
    operations_with_fourier_transforms_agree_with_jax: "fourier_operations", operations::agrees;
    operations_with_special_functions_agree_with_jax: "special_operations", operations::agrees;
    integrals_and_bessel_functions_agree_with_jax: "integral_operations", operations::agrees;
    hypergeometric_functions_agree_with_jax: "hypergeometric_operations", operations::agrees;
    spherical_harmonics_agree_with_jax: "harmonic_operations", operations::agrees;
    special_functions_agree_with_jax: "special_functions", primitives::agrees;
    ciphers_agree_with_jax: "ciphers", primitives::agrees;
    keys_agree_with_jax: "keys", primitives::agrees;
    bit_generators_agree_with_jax: "bit_generators", primitives::agrees;
    keys_are_moved_as_in_jax: "moved_keys", primitives::agrees;
    samples_of_gamma_distributions_agree_with_jax: "gammas", primitives::agrees;
    samplers_with_gamma_distributions_agree_with_jax: "gamma_operations", operations::agrees;
    counts_agree_with_jax: "counts", operations::agrees;
    samplers_agree_with_jax: "sample_operations", operations::agrees;
    draws_in_the_first_way_agree_with_jax: "original_threefry", primitives::agrees;
    samplers_that_draw_in_the_first_way_agree_with_jax: "original_operations", operations::agrees_in_the_first_way;
    programs_agree_with_jax: "programs", programs::agrees;
    calls_of_the_host_agree_with_jax: "callbacks", callbacks::agrees;
    random_functions_agree_with_jax: "random", random::agrees;
    indexing_agrees_with_jax: "numpy_indexing", operations::agrees;
    sums_of_products_agree_with_jax: "numpy_einsum", operations::agrees;
    numbers_agree_with_jax: "numpy_numbers", operations::agrees;
    shapes_agree_with_jax: "numpy_shapes", operations::agrees;
    search_and_sets_agree_with_jax: "numpy_search", operations::agrees;
    reductions_of_picked_elements_agree_with_jax: "masked_operations", operations::agrees;
    statistics_agree_with_jax: "numpy_statistics", operations::agrees;
    factorisations_agree_with_jax: "matrices", primitives::agrees;
    operations_of_linear_algebra_agree_with_jax: "matrix_operations", operations::agrees;
    linear_algebra_of_scipy_agrees_with_jax: "scipy_linalg", operations::agrees;
    matrices_with_patterns_agree_with_jax: "patterns", operations::agrees;
    activations_agree_with_jax: "activations", operations::agrees;
    starting_values_agree_with_jax: "starting_values", operations::agrees;
    images_agree_with_jax: "images", operations::agrees;
    values_between_pixels_agree_with_jax: "map_coordinates", operations::agrees;
    values_between_those_of_grids_agree_with_jax: "grids", operations::agrees;
    cosine_transforms_agree_with_jax: "cosines", operations::agrees;
    polynomials_from_points_agree_with_jax: "fits", operations::agrees;
    dependent_numbers_agree_with_jax: "dependent_numbers", operations::agrees;
    convolutions_of_signals_agree_with_jax: "convolved", operations::agrees;
    spectra_over_time_agree_with_jax: "spectra", operations::agrees;
    segments_agree_with_jax: "segments", operations::agrees;
    distributions_agree_with_jax: "distributions", operations::agrees;
    solutions_of_equations_agree_with_jax: "differential_equations", equations::agrees;
    minima_agree_with_jax: "minima", minima::agrees;
    optimisers_agree_with_their_formulas: "optimisers", equations::optimises;
    operations_agree_with_jax: "operations", operations::agrees;
    shorthands_agree_with_jax: "shorthands", operations::agrees;
    operations_under_the_names_of_the_table_agree_with_jax: "table_operations", operations::agrees;
}
