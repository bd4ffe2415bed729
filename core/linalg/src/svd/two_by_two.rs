//! Singular values of upper triangular 2×2 matrices.

use crate::Real;

/// A singular value decomposition `[c_l s_l; -s_l c_l] [f g; 0 h] [c_r -s_r; s_r c_r] = diag(largest, smallest)`.
pub(super) struct Decomposition<R> {
    pub(super) smallest: R,
    pub(super) largest: R,
    /// Cosine and sine.
    pub(super) left: (R, R),
    /// Cosine and sine.
    pub(super) right: (R, R),
}

/// Accurate to a few rounding errors (LAPACK's `lasv2`).
pub(super) fn decompose<R: Real>(f: R, g: R, h: R) -> Decomposition<R> {
    let one = R::ONE;
    let swapped = h.magnitude() > f.magnitude();
    let (ft, ht) = if swapped { (h, f) } else { (f, h) };
    let mut place = if swapped { 3 } else { 1 };
    let (fa, ha, ga) = (ft.magnitude(), ht.magnitude(), g.magnitude());
    let (smallest, largest, cl, sl, cr, sr);
    if ga == R::ZERO {
        (smallest, largest) = (ha, fa);
        (cl, sl, cr, sr) = (one, R::ZERO, one, R::ZERO);
    } else {
        if ga > fa {
            place = 2;
        }
        if ga > fa && fa / ga < R::EPSILON {
            largest = ga;
            smallest = if ha > one { fa / (ga / ha) } else { (fa / ga) * ha };
            (cl, sl, cr, sr) = (one, ht / g, ft / g, one);
        } else {
            (smallest, largest, cl, sl, cr, sr) = ordinary(ft, g, ht);
        }
    }
    let (left, right) = if swapped { ((sr, cr), (sl, cl)) } else { ((cl, sl), (cr, sr)) };
    let sign = |x: R| one.copysign(x);
    let of_largest = match place {
        1 => sign(right.0) * sign(left.0) * sign(f),
        2 => sign(right.1) * sign(left.0) * sign(g),
        _ => sign(right.1) * sign(left.1) * sign(h),
    };
    Decomposition {
        largest: largest.copysign(of_largest),
        smallest: smallest.copysign(of_largest * sign(f) * sign(h)),
        left,
        right,
    }
}

/// Where no element dwarfs the others; `|ft| >= |ht|`.
fn ordinary<R: Real>(ft: R, gt: R, ht: R) -> (R, R, R, R, R, R) {
    let (one, two) = (R::ONE, R::of(2.0));
    let (fa, ha) = (ft.magnitude(), ht.magnitude());
    let d = fa - ha;
    let l = if d == fa { one } else { d / fa };
    let (m, t) = (gt / ft, two - l);
    let (mm, tt) = (m * m, t * t);
    let s = (tt + mm).sqrt();
    let r = if l == R::ZERO { m.magnitude() } else { (l * l + mm).sqrt() };
    let a = R::of(0.5) * (s + r);
    let t = if mm != R::ZERO {
        (m / (s + t) + m / (r + l)) * (one + a)
    } else if l == R::ZERO {
        two.copysign(ft) * one.copysign(gt)
    } else {
        gt / d.copysign(ft) + m / t
    };
    let l = (t * t + R::of(4.0)).sqrt();
    let (cr, sr) = (two / l, t / l);
    let (cl, sl) = ((cr + sr * m) / a, (ht / ft) * sr / a);
    (ha / a, fa * a, cl, sl, cr, sr)
}

/// The smaller singular value (LAPACK's `las2`).
pub(super) fn smallest<R: Real>(f: R, g: R, h: R) -> R {
    let (fa, ga, ha) = (f.magnitude(), g.magnitude(), h.magnitude());
    let (low, high) = if fa < ha { (fa, ha) } else { (ha, fa) };
    if low == R::ZERO {
        return R::ZERO;
    }
    let (one, sum, difference) = (R::ONE, R::ONE + low / high, (high - low) / high);
    if ga < high {
        let au = (ga / high) * (ga / high);
        let c = R::of(2.0) / ((sum * sum + au).sqrt() + (difference * difference + au).sqrt());
        return low * c;
    }
    let au = high / ga;
    if au == R::ZERO {
        return (low * high) / ga;
    }
    let (x, y) = (sum * au, difference * au);
    let c = one / ((one + x * x).sqrt() + (one + y * y).sqrt());
    let half = (low * c) * au;
    half + half
}
