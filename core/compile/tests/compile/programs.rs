//! Programs without control flow.

use crate::check;

#[test]
fn chains_of_elementwise_operations_become_one_kernel() {
    let program = check(
        "{ lambda ; a:f32[4,5] b:f32[4,5]. let
            c:f32[4,5] = sin a
            d:f32[4,5] = mul c b
            e:f32[4,5] = add d c
          in (e,) }",
    );
    assert_eq!(program.steps.len(), 1);
}

#[test]
fn results_may_be_inputs_constants_and_repeated() {
    check("{ lambda ; a:f32[3]. let b:f32[3] = neg a in (a, b, b, 1.5:f32[]) }");
}

#[test]
fn softmax_is_one_kernel_over_rows() {
    let program = check(
        "{ lambda ; a:f32[40,100]. let
            b:f32[40] = reduce_max[axes=(1,)] a
            c:f32[40,1] = broadcast_in_dim[shape=(40,1) broadcast_dimensions=(0,)] b
            d:f32[40,100] = broadcast_in_dim[shape=(40,100) broadcast_dimensions=(0,1)] c
            e:f32[40,100] = sub a d
            f:f32[40,100] = exp e
            g:f32[40] = reduce_sum[axes=(1,)] f
            h:f32[40,1] = broadcast_in_dim[shape=(40,1) broadcast_dimensions=(0,)] g
            i:f32[40,100] = broadcast_in_dim[shape=(40,100) broadcast_dimensions=(0,1)] h
            j:f32[40,100] = div f i
          in (j,) }",
    );
    assert_eq!(program.steps.len(), 1);
}

#[test]
fn a_layer_norm_and_its_gradients_are_few_kernels() {
    // y = (x - mean) / sqrt(var + eps) * gain, and the gradient of sum(y * w).
    let program = check(
        "{ lambda ; x:f32[40,100] gain:f32[100] w:f32[100]. let
            s:f32[40] = reduce_sum[axes=(1,)] x
            m:f32[40] = div s 100.0:f32[]
            mb:f32[40,100] = broadcast_in_dim[shape=(40,100) broadcast_dimensions=(0,)] m
            d:f32[40,100] = sub x mb
            q:f32[40,100] = mul d d
            qs:f32[40] = reduce_sum[axes=(1,)] q
            v:f32[40] = div qs 100.0:f32[]
            ve:f32[40] = add v 1e-5:f32[]
            r:f32[40] = rsqrt ve
            rb:f32[40,100] = broadcast_in_dim[shape=(40,100) broadcast_dimensions=(0,)] r
            h:f32[40,100] = mul d rb
            gb:f32[40,100] = broadcast_in_dim[shape=(40,100) broadcast_dimensions=(1,)] gain
            y:f32[40,100] = mul h gb
            wb:f32[40,100] = broadcast_in_dim[shape=(40,100) broadcast_dimensions=(1,)] w
            dg:f32[40,100] = mul wb h
            dgain:f32[100] = reduce_sum[axes=(0,)] dg
            dh:f32[40,100] = mul wb gb
            p:f32[40] = reduce_sum[axes=(1,)] dh
            pm:f32[40] = div p 100.0:f32[]
            hd:f32[40,100] = mul h dh
            c:f32[40] = reduce_sum[axes=(1,)] hd
            cm:f32[40] = div c 100.0:f32[]
            cb:f32[40,100] = broadcast_in_dim[shape=(40,100) broadcast_dimensions=(0,)] cm
            pb:f32[40,100] = broadcast_in_dim[shape=(40,100) broadcast_dimensions=(0,)] pm
            hc:f32[40,100] = mul h cb
            e:f32[40,100] = sub dh pb
            f:f32[40,100] = sub e hc
            dx:f32[40,100] = mul f rb
          in (y, dx, dgain) }",
    );
    println!("{program}");
    assert_eq!(program.steps.len(), 2);
}

#[test]
fn large_reductions_have_two_stages() {
    let sum = |shape: &str, axes: &str, out: &str| {
        check(&format!(
            "{{ lambda ; a:f32[{shape}]. let
                b:f32[{shape}] = exp a
                c:f32[{out}] = reduce_sum[axes=({axes})] b
              in (c,) }}"
        ))
        .steps
        .len()
    };
    assert_eq!(sum("70000", "0,", ""), 2);
    assert_eq!(sum("1009,100", "0,", "100"), 2);
    assert_eq!(sum("300,300", "0,1", ""), 2);
    assert_eq!(sum("1000,100", "1,", "1000"), 1);
    assert_eq!(sum("4,30000", "1,", "4"), 2);
    assert_eq!(sum("1000", "0,", ""), 1);
}

#[test]
fn a_donated_input_gives_its_memory_to_an_output() {
    let text = "{ lambda ; p:f32[50] g:f32[50] r:f32[]. let
        a:f32[50] = mul g r
        b:f32[50] = sub p a
        c:f32[50] = rev[dimensions=(0,)] p
      in (b, c, a) }";
    let jaxpr: jaxrs_ir::Jaxpr = text.parse().expect("the text is a jaxpr");
    let options = jaxrs_compile::CompileOptions {
        donated: vec![true, true, true],
        ..jaxrs_compile::CompileOptions::default()
    };
    let program = jaxrs_compile::compile(&jaxpr, &options).expect("it compiles");
    // `p` is read backwards too, so that only `g` may be overwritten.
    assert_eq!(program.shares_input, [Some(1), None, None], "{program}");
}

#[test]
fn transposes_around_dot_products_disappear() {
    let program = check(
        "{ lambda ; a:f32[40,30] b:f32[40,20]. let
            c:f32[30,40] = transpose[permutation=(1,0)] a
            d:f32[30,20] = dot_general[dimension_numbers=((1,),(0,),(),()) preferred_element_type=None] c b
            e:f32[20,30] = transpose[permutation=(1,0)] d
          in (e,) }",
    );
    assert_eq!(program.steps.len(), 1, "{program}");
}

#[test]
fn transpositions_go_tile_by_tile() {
    let program = check(
        "{ lambda ; a:f32[320,256]. let b:f32[256,320] = transpose[permutation=(1, 0)] a in (b,) }",
    );
    let jaxrs_kernel::Step::Kernel(kernel) = &program.steps[0] else { panic!("{program}") };
    assert_eq!(kernel.domain, [16, 320], "{program}");
}
