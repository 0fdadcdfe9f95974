"""``python -m metanash``: the command ``metanash``, where its script is not on the path."""

import sys

from metanash.cli import main

if __name__ == "__main__":
    sys.exit(main())
