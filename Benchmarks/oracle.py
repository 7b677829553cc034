"""Makes the modules of the tests' oracle importable: import this before them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Tests" / "Oracle"))
