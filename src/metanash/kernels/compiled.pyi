"""The compiled kernels: functions of the same arguments as those in NumPy, which tests hold against ``signatures``."""

from metanash.kernels.twin import *  # noqa: F403 - a list of names would be one more place

isa: str
source_digest: str
signatures: dict[str, tuple[tuple[str, str, str, str], ...]]
"""Arguments of each kernel in order: name, type, ``read`` or ``written``, and the shape of an array."""

def set_threads(count: int, /) -> None: ...
