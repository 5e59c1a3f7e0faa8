"""`python -m kconsole`, the same as the console script."""

import sys

from kconsole.cli import main

if __name__ == "__main__":
    sys.exit(main())
