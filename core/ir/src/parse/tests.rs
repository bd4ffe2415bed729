use crate::Jaxpr;

/// Reading and printing must give `expected`: the canonical text, or the error.
#[track_caller]
fn check(source: &str, expected: &str) {
    let got = match source.parse::<Jaxpr>() {
        Ok(jaxpr) => jaxpr.to_string(),
        Err(err) => format!("error: {err}"),
    };
    assert_eq!(got, expected);
}

#[track_caller]
fn check_unchanged(source: &str) {
    check(source, source);
    let jaxpr: Jaxpr = source.parse().unwrap();
    assert_eq!(jaxpr.to_string().parse::<Jaxpr>().unwrap(), jaxpr);
}

const LONG: &str = "\
{ lambda a:f32[2]; b:~f32[]. let
    c:f32[2] = mul a b
    d:f32[2] = add c 2.5:f32[]
    e:f32[2] = sin d
    f:f32[2] = sub e -inf:f32[]
  in (f, a, nan:f32[], true:bool[]) }";

#[test]
fn printed_programs_read_back_as_they_are() {
    check_unchanged("{ lambda ; a:f32[3]. let b:f32[3] = sin a in (b,) }");
    check_unchanged("{ lambda ; a:f32[]. let b:f32[] = cos a; c:f32[] = sin b in (c,) }");
    check_unchanged("{ lambda ; . let  in (2:i32[],) }");
    check_unchanged("{ lambda ; a:c64[0]. let  in ((1.0-2.5j):c64[], 0.1:f32[], 1e-40:f64[]) }");
    check_unchanged(LONG);
    check_unchanged("{ lambda ; a:key<fry>[2]. let  in (a,) }");
    check_unchanged(
        "{ lambda ; a:f32[]. let b:f32[] = sin a; dce_sink b; c:f32[] = cos a in (c,) }",
    );
    check(
        "{ lambda ; a:f32[]. let dce_sink a dce_sink a in () }",
        "{ lambda ; a:f32[]. let dce_sink a; dce_sink a in () }",
    );
}

#[test]
fn complex_literals_have_any_parts() {
    check_unchanged("{ lambda ; . let  in ((1e-30+2.5e30j):c64[], (nan-infj):c128[]) }");
    check_unchanged("{ lambda ; . let  in ((-0.0-0.0j):c64[], (inf+nanj):c64[]) }");
    check("{ lambda ; . let in (2.5:c64[],) }", "{ lambda ; . let  in ((2.5+0.0j):c64[],) }");
    check(
        "{ lambda ; . let in ((-1e-3-2.0j):c64[],) }",
        "{ lambda ; . let  in ((-0.001-2.0j):c64[],) }",
    );
}

/// As JAX 0.10.2 lays these programs out, with our names of element types and truth values.
const NESTED: &str = "\
{ lambda ; a:f32[3] b:f32[]. let
    c:f32[] d:f32[3] = scan[
      jaxpr={ lambda ; e:f32[] f:f32[]. let
          g:f32[] = convert_element_type[new_dtype=f32 weak_type=false] e
          h:f32[] = add g f
          i:f32[] = convert_element_type[new_dtype=f32 weak_type=false] e
          j:f32[] = mul i f
        in (h, j) }
      length=3
      num_carry=1
      num_consts=0
      reverse=false
      unroll=1
    ] 0.0:f32[] a
    k:f32[3] = jit[
      name=\"<lambda>\"
      jaxpr={ lambda ; l:f32[3]. let
          m:f32[3] = sin l
          n:f32[3] = mul m l
        in (n,) }
    ] a
    o:bool[] = gt b 0.0:f32[]
    p:i32[] = convert_element_type[new_dtype=i32 weak_type=false] o
    q:f32[] = cond[
      branches=(
        { lambda ; r:f32[]. let s:f32[] = cos r in (s,) }
        { lambda ; t:f32[]. let u:f32[] = sin t in (u,) }
      )
    ] p b
    v:f32[] = while[
      body_jaxpr={ lambda ; w:f32[]. let x:f32[] = add w 1.0:f32[] in (x,) }
      body_nconsts=0
      cond_jaxpr={ lambda ; y:f32[]. let z:bool[] = lt y 3.0:f32[] in (z,) }
      cond_nconsts=0
    ] b
  in (c, d, k, q, v) }";

#[test]
fn nested_programs_are_laid_out_as_jax_does_it() {
    check_unchanged(NESTED);
    crate::check::check(&NESTED.parse().unwrap()).unwrap();
}

#[test]
fn variables_are_named_in_the_order_of_definition() {
    check(
        "{lambda;x:f32[]. let y:f32[]=sin x z:f32[]=sin y in(z)}",
        "{ lambda ; a:f32[]. let b:f32[] = sin a; c:f32[] = sin b in (c,) }",
    );
}

#[test]
fn many_variables_fill_lines_and_skip_words_with_a_meaning() {
    let mut jaxpr = Jaxpr::default();
    for _ in 0..250 {
        jaxpr.add_invar(jaxrs_data::Type::scalar(jaxrs_data::DType::F32));
    }
    let text = jaxpr.to_string();
    assert!(text.contains(" im:f32[]") && text.contains(" io:f32[]") && !text.contains(" in:"));
    assert!(text.lines().all(|line| line.len() <= 90), "{text}");
    assert_eq!(text.parse::<Jaxpr>().unwrap(), jaxpr);
}

#[test]
fn faults_are_named_with_line_and_column() {
    check(
        "{ lambda ; a:f32[3].\nlet b:f32[3] = sine a in (b,) }",
        "error: line 2, column 16: there is no primitive sine",
    );
    check(
        "{ lambda ; a:f33[]. let in (a,) }",
        "error: line 1, column 14: needs an element type, got f33",
    );
    check("{ lambda ; a:f32[]. let in (b,) }", "error: line 1, column 29: b is not defined here");
    check(
        "{ lambda ; a:f32[]. let b:f32[] = sin b in (b,) }",
        "error: line 1, column 39: b is not defined here",
    );
    check(
        "{ lambda ; a:f32[] a:f32[]. let in () }",
        "error: line 1, column 20: a is defined twice",
    );
    check(
        "{ lambda ; . let in (300:i8[],) }",
        "error: line 1, column 22: 300 is not a value of i8",
    );
    check("{ lambda ; a:f32[9", "error: line 1, column 19: needs ], got the end of the text");
    check(
        "{ lambda ; a:f32[99999999999,99999999999]. let in () }",
        "error: line 1, column 41: a type got shape [99999999999, 99999999999], which has more \
         bytes than memory can address",
    );
    check(
        "{ lambda ; . let in () } x",
        "error: line 1, column 26: needs the end of the text, got x",
    );
}

#[test]
fn no_mutilated_text_makes_the_parser_panic() {
    let sources = [LONG, "{ lambda ; a:c64[2]. let b:c64[2] = add a (1.0+infj):c64[] in (b,) }"];
    let inserts = ["", "(", ")", "[", "]", "{", "}", "é", "\"", "\\", ":", "-", "9", "e", ".", "~"];
    let mut outcomes = [0, 0];
    for source in sources {
        for cut in 0..=source.len() {
            outcomes[usize::from(source[..cut].parse::<Jaxpr>().is_ok())] += 1;
            for insert in inserts {
                let rest = source.get(cut + 1..).unwrap_or("");
                let mutilated = format!("{}{insert}{rest}", &source[..cut]);
                outcomes[usize::from(mutilated.parse::<Jaxpr>().is_ok())] += 1;
            }
        }
    }
    assert!(outcomes[0] > 1000 && outcomes[1] > 10, "{outcomes:?}");
}

#[test]
fn programs_nest_a_hundred_deep_and_no_deeper() {
    let nested = |depth: usize| {
        let open = "{ lambda ; . let jit[name=f jaxpr=".repeat(depth - 1);
        let close = "] in () }".repeat(depth - 1);
        format!("{open}{{ lambda ; . let in () }}{close}").parse::<Jaxpr>()
    };
    assert!(nested(100).is_ok());
    let err = nested(100_000).unwrap_err();
    assert_eq!(err.to_string(), "line 1, column 3401: programs nest more than 100 deep");
}

/// A program that applies the primitive of each sample, but one for each name and number of operands.
fn programs_of_all_primitives() -> Vec<String> {
    let mut programs = std::collections::BTreeMap::new();
    for sample in crate::Prim::samples() {
        let mut jaxpr = Jaxpr::default();
        let inputs: Vec<_> =
            sample.inputs.iter().map(|input| jaxpr.add_invar(input.ty().clone())).collect();
        let types: Vec<_> = jaxpr.in_types().cloned().collect();
        let results = sample.prim.output_types(&types).unwrap();
        let outputs: Vec<_> = results.into_iter().map(|ty| jaxpr.fresh_var(ty)).collect();
        jaxpr.outputs = outputs.iter().map(|&var| crate::Atom::Var(var)).collect();
        let name = (sample.prim.name(), inputs.len());
        jaxpr.eqns.push(crate::Eqn {
            prim: sample.prim,
            inputs: inputs.into_iter().map(crate::Atom::Var).collect(),
            outputs: outputs.into(),
            name_stack: None,
        });
        programs.entry(name).or_insert_with(|| jaxpr.to_string());
    }
    programs.into_values().collect()
}

#[test]
fn programs_of_all_primitives_read_back_and_keep_their_invariants() {
    for program in programs_of_all_primitives() {
        check_unchanged(&program);
        crate::check::check(&program.parse().unwrap()).unwrap();
    }
}

#[test]
fn no_numbers_make_the_checker_panic() {
    let mut outcomes = [0, 0];
    for program in programs_of_all_primitives() {
        for (position, _) in program.match_indices(|c: char| c.is_ascii_digit()) {
            for number in ["0", "9", "-1", "4611686018427387904", "9223372036854775807"] {
                let (before, after) = (&program[..position], &program[position + 1..]);
                let Ok(jaxpr) = format!("{before}{number}{after}").parse::<Jaxpr>() else {
                    continue;
                };
                outcomes[usize::from(crate::check::check(&jaxpr).is_ok())] += 1;
            }
        }
    }
    assert!(outcomes[0] > 1000 && outcomes[1] > 10, "{outcomes:?}");
}

#[test]
fn names_of_scopes_are_printed_on_request_and_read_as_remarks() {
    let source = "{ lambda ; a:f32[2]. let b:f32[2] = sin a; c:f32[2] = cos b in (c,) }";
    let mut jaxpr: Jaxpr = source.parse().unwrap();
    jaxpr.eqns[1].name_stack = Some("layer/act".into());
    let text = jaxpr.with_name_stacks();
    expect_test::expect![[r#"
        { lambda ; a:f32[2]. let
            b:f32[2] = sin a
            c:f32[2] = cos b  # layer/act
          in (c,) }"#]]
    .assert_eq(&text);
    assert_eq!(text.parse::<Jaxpr>().unwrap().to_string(), source);
}
