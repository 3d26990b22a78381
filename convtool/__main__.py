"""``python -m convtool``, and the ``convtool`` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        from convtool.cli.app import main as run

        code = run()
    except KeyboardInterrupt:  # before the command line is ready to answer it
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
