"""`jax.sharding`."""
from ._vmap import AxisType, Mesh, P as PartitionSpec
