"""Every case of the compiled kernels on arrays that end where a page ends, the page behind it being forbidden.

Run as a script: ``python guarded.py`` names each case before it is called, so that the last name is that of the case
that reads or writes behind an array, which ends the process.
"""

import ctypes
import mmap

import joint_cases
import kernel_cases
import numpy as np
import regret_cases

from metanash.kernels import compiled

C = ctypes.CDLL(None, use_errno=True)


def guarded(array):
    """A copy whose last byte is the last of its pages."""
    whole = -(-array.nbytes // mmap.PAGESIZE) * mmap.PAGESIZE
    memory = mmap.mmap(-1, whole + mmap.PAGESIZE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    if C.mprotect(ctypes.c_void_p(start + whole), ctypes.c_size_t(mmap.PAGESIZE), 0):
        raise OSError(ctypes.get_errno(), "mprotect")
    copy = np.frombuffer(memory, array.dtype, array.size, whole - array.nbytes).reshape(array.shape)
    copy[...] = array
    return copy


def placed(argument):
    """Arguments with guarded arrays; an array without entries is left as it is."""
    if isinstance(argument, tuple):
        return tuple(placed(part) for part in argument)
    return guarded(argument) if isinstance(argument, np.ndarray) and argument.size else argument


def main():
    """Make all calls."""
    calls = [(label, kernel, arguments) for label, kernel, arguments, _ in kernel_cases.cases()]
    calls += [(label, "joint_mirror", arguments) for label, arguments, _ in joint_cases.cases()]
    calls += [(label, "regret_matching", arguments) for label, arguments, _ in regret_cases.cases()]
    for label, kernel, arguments in calls:
        print(kernel, label, flush=True)
        getattr(compiled, kernel)(**{name: placed(value) for name, value in arguments.items()})
    print("done")


if __name__ == "__main__":
    main()
