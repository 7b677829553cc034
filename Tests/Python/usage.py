"""How the programs in Tests that look for faults read their options."""

import argparse
import sys


class Parser(argparse.ArgumentParser):
    """argparse ends with 2; here usage is 64."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: error: {message}\n")
