//! Roots of secular equations (Li, Solving Secular Equations Stably and Efficiently, LAPACK Working Note 89, 1993).
//!
//! The eigenvalues of `diag(d) + ρ z zᵀ` are the roots of `f(λ) = 1/ρ + Σ zᵢ²/(dᵢ − λ)`, one between any two poles
//! and one above the last. A root is computed as its distance from the nearer pole, so that its distances from all
//! poles, which eigenvectors are made of, are accurate to their last digits.

/// Steps after which the bracket is halved now and then.
const PATIENCE: usize = 10;
/// More steps than these halvings take from the widest bracket.
const MAX_STEPS: usize = 300;
/// Terms that are summed up at once.
const LANES: usize = 16;

/// An equation: poles ascend, `squares` are the `z²`, and ρ is positive.
pub(super) struct Secular<'a> {
    pub(super) poles: &'a [f64],
    pub(super) squares: &'a [f64],
    pub(super) rho: f64,
    /// The relative error that sums may have.
    pub(super) precision: f64,
}

/// A root, as its distance from a pole.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Root {
    pub(super) pole: f64,
    pub(super) distance: f64,
}

/// What is known of a root beforehand: it lies between two poles, or above the last one.
struct Place {
    /// The lower one of the two poles that steps look at.
    left: usize,
    is_last: bool,
    /// From which distances are measured.
    origin: f64,
}

/// Sums of terms and of their slopes, of the poles up to the left one and of the others.
#[derive(Clone, Copy)]
struct Sums {
    left: (f64, f64),
    right: (f64, f64),
}

impl Secular<'_> {
    /// The root above pole `j`.
    #[inline(always)]
    pub(super) fn root(&self, j: usize) -> Root {
        let (poles, is_last) = (self.poles, j + 1 == self.poles.len());
        if poles.len() == 1 {
            return Root { pole: poles[0], distance: self.rho * self.squares[0] };
        }
        let left = if is_last { j - 1 } else { j };
        // The last root lies no further than ρ Σ z² above the last pole.
        let width = if is_last { self.reach() } else { poles[j + 1] - poles[j] };
        let middle = 0.5 * width;
        let value = self.value(self.sums(poles[j], middle, left));
        let (origin, bracket, middle) = match (is_last, value < 0.0) {
            (_, false) => (poles[j], (0.0, middle), middle),
            (true, true) => (poles[j], (middle, width), middle),
            (false, true) => (poles[j + 1], (-middle, 0.0), -middle),
        };
        let place = Place { left, is_last, origin };
        let guess = self.guess(&place, middle, value);
        Root { pole: origin, distance: self.improve(&place, bracket, guess) }
    }

    #[inline(always)]
    fn reach(&self) -> f64 {
        self.rho * self.squares.iter().sum::<f64>() * (1.0 + 1e-14)
    }

    /// The root that there would be if all terms but two were what they are at some point.
    #[inline(always)]
    fn guess(&self, place: &Place, at: f64, value: f64) -> f64 {
        let (p, q) = self.near(place);
        let (s, t) = (self.squares[place.left], self.squares[place.left + 1]);
        let rest = value - s / (p - at) - t / (q - at);
        let constant = rest * p * q + s * q + t * p;
        quadratic(constant, rest * (p + q) + s + t, rest, place.is_last)
    }

    /// The two poles that steps look at.
    #[inline(always)]
    fn near(&self, place: &Place) -> (f64, f64) {
        let (p, q) = (self.poles[place.left], self.poles[place.left + 1]);
        (p - place.origin, q - place.origin)
    }

    /// Steps, within a bracket, to roots of functions with the two poles alone that agree with both sums in value
    /// and slope: Li's middle way.
    #[inline(always)]
    fn improve(&self, place: &Place, (mut low, mut high): (f64, f64), guess: f64) -> f64 {
        let (p, q) = self.near(place);
        let mut x = if guess > low && guess < high { guess } else { halve(low, high) };
        for step in 0..MAX_STEPS {
            let sums = self.sums(place.origin, x, place.left);
            let (value, slope) = (self.value(sums), sums.left.1 + sums.right.1);
            let size = sums.left.0.abs() + sums.right.0.abs() + 1.0 / self.rho;
            if value.abs() <= self.precision * (size + x.abs() * slope) {
                break;
            }
            (low, high) = if value < 0.0 { (x, high) } else { (low, x) };
            let (p, q) = (p - x, q - x);
            let rest = value - p * sums.left.1 - q * sums.right.1;
            let linear = (p + q) * value - p * q * slope;
            let mut change = quadratic(p * q * value, linear, rest, place.is_last);
            if change.is_nan() || change * value >= 0.0 {
                change = -value / slope;
            }
            let mut next = x + change;
            let is_slow = step > PATIENCE && step % 3 == 0;
            if is_slow || next <= low || next >= high {
                next = halve(low, high);
            }
            if next == x || next <= low || next >= high {
                break;
            }
            x = next;
        }
        x
    }

    #[inline(always)]
    fn value(&self, sums: Sums) -> f64 {
        1.0 / self.rho + sums.left.0 + sums.right.0
    }

    #[inline(always)]
    fn sums(&self, origin: f64, x: f64, left: usize) -> Sums {
        let (poles, squares) = (self.poles.split_at(left + 1), self.squares.split_at(left + 1));
        Sums {
            left: sums(poles.0, squares.0, origin, x),
            right: sums(poles.1, squares.1, origin, x),
        }
    }
}

/// `Σ s/(d − λ)` and its slope `Σ s/(d − λ)²`, for λ at a distance from an origin.
#[inline(always)]
fn sums(poles: &[f64], squares: &[f64], origin: f64, x: f64) -> (f64, f64) {
    let term = |d: f64, s: f64| {
        let inverse = 1.0 / ((d - origin) - x);
        (s * inverse, s * inverse * inverse)
    };
    let (mut values, mut slopes) = ([0.0; LANES], [0.0; LANES]);
    let (poles, squares) = (poles.chunks_exact(LANES), squares.chunks_exact(LANES));
    let rest = poles.remainder().iter().zip(squares.remainder());
    for (lane, (&d, &s)) in rest.enumerate() {
        (values[lane], slopes[lane]) = term(d, s);
    }
    for (d, s) in poles.zip(squares) {
        for lane in 0..LANES {
            let (value, slope) = term(d[lane], s[lane]);
            values[lane] += value;
            slopes[lane] += slope;
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            values[lane] += values[lane + width];
            slopes[lane] += slopes[lane + width];
        }
        width /= 2;
    }
    (values[0], slopes[0])
}

/// The smaller or the larger root of `c x² − b x + a`, in the form that loses no digits.
#[inline(always)]
fn quadratic(a: f64, b: f64, c: f64, larger: bool) -> f64 {
    let root = (b * b - 4.0 * a * c).abs().sqrt();
    match (larger, b > 0.0) {
        (false, true) => 2.0 * a / (b + root),
        (false, false) => (b - root) / (2.0 * c),
        (true, true) => (b + root) / (2.0 * c),
        (true, false) => 2.0 * a / (b - root),
    }
}

/// Between two numbers of one sign, one of which may be zero: by their magnitudes if these lie far apart.
#[inline(always)]
fn halve(low: f64, high: f64) -> f64 {
    let (small, large) = (low.abs().min(high.abs()), low.abs().max(high.abs()));
    let between = if small == 0.0 {
        large * 2f64.powi(-10)
    } else if small < 0.25 * large {
        small.sqrt() * large.sqrt()
    } else {
        0.5 * (small + large)
    };
    between.copysign(low + high)
}
