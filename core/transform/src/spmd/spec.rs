//! Devices in a grid, and how arrays lie on it.

use std::fmt;
use std::sync::Arc;

use jaxrs_data::{Result, bail};

/// A grid of devices whose axes have names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mesh(Vec<(Arc<str>, usize)>);

impl Mesh {
    /// A grid of these axes, the first of which counts slowest. Names are distinct and have no comma; sizes
    /// are at least 1.
    pub fn new(axes: &[(&str, usize)]) -> Result<Mesh> {
        for (k, &(name, size)) in axes.iter().enumerate() {
            if name.is_empty() || name.contains(|c: char| ",+*".contains(c) || c.is_whitespace()) {
                bail!(InvalidArgument, "a mesh needs plain names for its axes, got {name:?}");
            }
            if axes[..k].iter().any(|&(other, _)| other == name) {
                bail!(InvalidArgument, "a mesh needs distinct axes, got '{name}' twice");
            }
            if size == 0 {
                bail!(InvalidArgument, "a mesh needs at least one device along axis '{name}'");
            }
        }
        Ok(Mesh(axes.iter().map(|&(name, size)| (name.into(), size)).collect()))
    }

    /// Names and sizes.
    pub fn axes(&self) -> &[(Arc<str>, usize)] {
        &self.0
    }

    /// How many devices it takes.
    pub fn n_devices(&self) -> usize {
        self.0.iter().fold(1, |n: usize, (_, size)| n.saturating_mul(*size))
    }

    /// The position of an axis.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|(other, _)| **other == *name)
    }
}

/// For each axis of an array, from the first, along which axes of a mesh it is cut: JAX's `PartitionSpec`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionSpec(Vec<Vec<Arc<str>>>);

impl PartitionSpec {
    /// Cut along one axis of the mesh, or whole on all devices.
    pub fn along(name: &str, axis: Option<usize>) -> PartitionSpec {
        let mut spec = vec![Vec::new(); axis.map_or(0, |axis| axis + 1)];
        if let Some(last) = spec.last_mut() {
            last.push(name.into());
        }
        PartitionSpec(spec)
    }

    /// Reads one entry for each axis, with commas between: a name, several names with `+` between, or `*`
    /// for an axis that is not cut. No text is an array that is whole on all devices.
    pub fn parse(text: &str) -> Result<PartitionSpec> {
        if text.trim().is_empty() {
            return Ok(PartitionSpec::default());
        }
        let mut spec: Vec<Vec<Arc<str>>> = Vec::new();
        for entry in text.split(',').map(str::trim) {
            let names: Vec<&str> = match entry {
                "*" => Vec::new(),
                _ => entry.split('+').map(str::trim).collect(),
            };
            for &name in &names {
                let is_known = |other: &Arc<str>| **other == *name;
                if name.is_empty() {
                    bail!(InvalidArgument, "a spec needs a name or * for each axis, got {text:?}");
                }
                if spec.iter().flatten().any(is_known)
                    || names.iter().filter(|&&n| n == name).count() > 1
                {
                    bail!(InvalidArgument, "a spec names each axis once, got {text:?}");
                }
            }
            spec.push(names.into_iter().map(Arc::from).collect());
        }
        Ok(PartitionSpec(spec))
    }

    /// The positions in a mesh of the names of each axis, for an array of this rank.
    pub(super) fn positions(
        &self,
        mesh: &Mesh,
        what: &str,
        rank: usize,
    ) -> Result<Vec<Vec<usize>>> {
        if self.0.len() > rank {
            bail!(
                InvalidArgument,
                "shard_map has the spec ({self}) for {what}, which has fewer axes"
            );
        }
        let mut positions = vec![Vec::new(); rank];
        for (at, names) in positions.iter_mut().zip(&self.0) {
            for name in names {
                let Some(position) = mesh.position(name) else {
                    bail!(
                        InvalidArgument,
                        "shard_map has the spec ({self}) for {what}, but its mesh has no axis '{name}'"
                    );
                };
                at.push(position);
            }
        }
        Ok(positions)
    }
}

/// As [`PartitionSpec::parse`] reads it.
impl fmt::Display for PartitionSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = |names: &Vec<Arc<str>>| match names.is_empty() {
            true => "*".to_owned(),
            false => names.join("+"),
        };
        f.write_str(&self.0.iter().map(entry).collect::<Vec<_>>().join(","))
    }
}

/// One entry for each of `n` values.
pub(super) fn spread<'a>(
    option: &str,
    what: &str,
    specs: &'a [PartitionSpec],
    n: usize,
) -> Result<Vec<&'a PartitionSpec>> {
    match specs {
        [spec] => Ok(vec![spec; n]),
        _ if specs.len() == n => Ok(specs.iter().collect()),
        _ => bail!(
            InvalidArgument,
            "shard_map needs one entry of {option} for each of {n} {what}, got {}",
            specs.len()
        ),
    }
}
