//! Attributes by name, for `jaxrs_apply`.

use jaxrs_api::table::Attr;
use jaxrs_data::Result;
use parking_lot::Mutex;

use crate::args::{List, Out, Shared, Text};
use crate::gate::{Status, gate, guard};
use crate::handle::{Body, Handle, Owned};

/// Attributes in C.
pub type AttrsHandle = Handle<AttrsBody>;

/// What an attributes handle holds.
#[derive(Default)]
pub struct AttrsBody(Mutex<Vec<(String, Owner)>>);

enum Owner {
    I64(i64),
    I64s(Vec<i64>),
    F64(f64),
    Str(String),
}

impl Owner {
    fn borrowed(&self) -> Attr<'_> {
        match self {
            Owner::I64(value) => Attr::I64(*value),
            Owner::I64s(values) => Attr::I64s(values),
            Owner::F64(value) => Attr::F64(*value),
            Owner::Str(text) => Attr::Str(text),
        }
    }
}

impl Body for AttrsBody {
    const TAG: u64 = u64::from_le_bytes(*b"jx attrs");
    const NAME: &'static str = "jaxrs_attrs";
}

impl AttrsBody {
    /// The attributes, as long as a call takes.
    pub(crate) fn with<R>(&self, use_attrs: impl FnOnce(&[(&str, Attr<'_>)]) -> R) -> R {
        // Taken out meanwhile, so that no lock is held while an operation runs.
        let attrs = std::mem::take(&mut *self.0.lock());
        let borrowed: Vec<(&str, Attr<'_>)> =
            attrs.iter().map(|(name, value)| (name.as_str(), value.borrowed())).collect();
        let result = use_attrs(&borrowed);
        drop(borrowed);
        self.0.lock().extend(attrs);
        result
    }

    fn set(&self, name: &str, value: Owner) {
        let mut attrs = self.0.lock();
        match attrs.iter_mut().find(|(known, _)| known == name) {
            Some((_, slot)) => *slot = value,
            None => attrs.push((name.to_owned(), value)),
        }
    }
}

/// No attributes yet. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_attrs_new(out: Out<*mut AttrsHandle>) -> Status {
    gate(|| {
        out.null("out")?.set(Owned::new(AttrsBody::default()).into_raw());
        Ok(())
    })
}

fn set(a: &Shared<AttrsBody>, k: (&Text, usize), value: impl FnOnce() -> Result<Owner>) -> Status {
    gate(|| {
        let a = a.get("a")?;
        let name = k.0.required(k.1, "k")?;
        a.set(name, value()?);
        Ok(())
    })
}

/// Sets a list of numbers, which is copied. One thread at a time.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_attrs_i64s(
    a: Shared<AttrsBody>,
    k: Text,
    klen: usize,
    v: List<i64>,
    n: usize,
) -> Status {
    set(&a, (&k, klen), || Ok(Owner::I64s(v.get(n, "v")?.to_vec())))
}

/// Sets a number; also a yes or no (1 or 0), an axis, or an element type. One thread at a time.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_attrs_i64(a: Shared<AttrsBody>, k: Text, klen: usize, v: i64) -> Status {
    set(&a, (&k, klen), || Ok(Owner::I64(v)))
}

/// Sets a floating-point number. One thread at a time.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_attrs_f64(a: Shared<AttrsBody>, k: Text, klen: usize, v: f64) -> Status {
    set(&a, (&k, klen), || Ok(Owner::F64(v)))
}

/// Sets a word, which is copied; also an element type by its name, such as `f32`. One thread at a time.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_attrs_str(
    a: Shared<AttrsBody>,
    k: Text,
    klen: usize,
    v: Text,
    vlen: usize,
) -> Status {
    set(&a, (&k, klen), || Ok(Owner::Str(v.required(vlen, "v")?.to_owned())))
}

/// Gives up attributes. NULL is allowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_attrs_release(a: Shared<AttrsBody>) {
    guard((), || drop(a.take()));
}
