"""Copies of packages in which Python need not compile what it has compiled already."""

import shutil


def copied_with_bytecode(source, target):
    """Copy a folder of sources with its bytecode, which stays valid since a copy keeps the times of files.

    To compile the library takes a process several seconds, and each copy would do it anew. A file that is edited in the
    copy is newer than its bytecode and so compiled again.

    Left out are installed metadata, and bytecode that another process is about to write under a name of its own: it
    may be gone before it is copied.
    """
    return shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.egg-info", "*.pyc.*"))
