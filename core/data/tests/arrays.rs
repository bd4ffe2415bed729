//! Shapes, axes, literals and elements.

use jaxrs_data::tolerance::{Class, difference};
use jaxrs_data::{Axes, DType, Literal, Result, Scalar, Shape, Type, normalize_axis};

#[track_caller]
fn check<T: std::fmt::Display>(result: Result<T>, expected: &str) {
    let got = match result {
        Ok(value) => value.to_string(),
        Err(err) => format!("error: {err}"),
    };
    assert_eq!(got, expected);
}

#[test]
fn axes_count_from_either_end() {
    check(Axes::new("rev", &[-1, 0], 3), "[0, 2]");
    check(Axes::new("rev", &[], 0), "[]");
    check(normalize_axis("cumsum", -2, 2), "0");
}

#[test]
fn axes_out_of_range_or_repeated_are_refused() {
    check(Axes::new("rev", &[3], 3), "error: rev got axis 3 of an array with 3 axes");
    check(Axes::new("rev", &[-4], 3), "error: rev got axis -4 of an array with 3 axes");
    check(Axes::new("rev", &[1, -1], 2), "error: rev got axes [1, -1], which repeat an axis");
    check(
        normalize_axis("rev", i64::MIN, 1),
        &format!("error: rev got axis {} of an array with 1 axes", i64::MIN),
    );
}

#[test]
fn shapes_of_callers_are_checked() {
    check(Shape::from_user("zeros", &[2, 0, 3], 4), "[2,0,3]");
    check(
        Shape::from_user("zeros", &[2, -1], 4),
        "error: zeros needs sizes of at least 0, got -1 for axis 1",
    );
    let huge = "error: zeros got shape [4611686018427387904, 2, 0], which has more bytes than memory \
                can address";
    check(Shape::from_user("zeros", &[1 << 62, 2, 0], 4), huge);
}

#[test]
fn positions_and_coordinates_belong_together() {
    let shape = Shape::new(&[2, 3, 4]);
    assert_eq!(shape.strides().as_slice(), [12, 4, 1]);
    for position in 0..shape.numel() {
        assert_eq!(shape.ravel(&shape.unravel(position)), position);
    }
    assert_eq!(shape.without(1), Shape::new(&[2, 4]));
    assert_eq!(shape.with(3, 5), Shape::new(&[2, 3, 4, 5]));
}

#[test]
fn literals_need_the_bytes_of_their_type() {
    let ty = Type::new(DType::F32, [2]);
    check(
        Literal::from_bytes(ty, vec![0; 7]),
        "error: a literal of f32[2] needs 8 bytes, got 7 (this is a bug in jaxrs)",
    );
}

#[test]
fn literals_print_as_short_as_their_type_allows() {
    let scalar = |dtype, value| Ok(Literal::scalar(dtype, Scalar::Float(value)));
    check(scalar(DType::F32, 0.1), "0.1:f32[]");
    check(scalar(DType::F64, 0.1), "0.1:f64[]");
    check(scalar(DType::BF16, f64::NAN), "nan:bf16[]");
    check(scalar(DType::C64, 0.1), "(0.1+0.0j):c64[]");
    check(Ok(Literal::f32([2, 0], &[])), "[[], []]:f32[2,0]");
    check(Ok(Literal::f32([1, 2], &[1.0, -0.0])), "[[1.0, -0.0]]:f32[1,2]");
}

#[test]
fn elements_survive_the_way_through_memory() {
    for dtype in DType::ALL {
        for value in [Scalar::Int(0), Scalar::Int(1), Scalar::Int(100)] {
            let value = value.cast(dtype);
            // As text, in which NaN, which some types have for 0 or 100, equals itself.
            let stored = Literal::full(Type::new(dtype, [3]), value).get(2);
            assert_eq!(stored.to_string(), value.to_string(), "{dtype}");
            if dtype.size_bytes() <= 8 && !dtype.is_complex() {
                let read = Scalar::from_bits(dtype, value.to_bits(dtype));
                assert_eq!(read.to_string(), value.to_string(), "{dtype}");
            }
        }
    }
}

#[test]
fn names_and_numbers_of_element_types_read_back() {
    for dtype in DType::ALL {
        assert_eq!(DType::from_name(dtype.name()), Some(dtype));
        assert_eq!(DType::from_number(dtype as u32), Some(dtype));
    }
    assert_eq!(DType::from_name("f33"), None);
    assert_eq!(DType::from_number(0), None);
}

#[test]
fn arrays_differ_where_they_are_further_apart_than_the_tolerance() {
    let (a, b) = (Literal::f32([2], &[1.0, f32::NAN]), Literal::f32([2], &[1.000_001, f32::NAN]));
    assert_eq!(difference(&a, &b, Class::Elementary), None);
    assert_eq!(
        difference(&a, &b, Class::Exact).as_deref(),
        Some("1 of 2 elements differ, first at [0]: got 1.0, expected 1.0000009536743164")
    );
    let c = Literal::f32([1, 2], &[1.0, f32::NAN]);
    assert_eq!(difference(&a, &c, Class::Exact).as_deref(), Some("got f32[2], expected f32[1,2]"));
}
