"""``python -m convtool``, and the ``convtool`` command."""

from __future__ import annotations

import os


def main() -> None:
    """Run the command line and exit with its code.

    By then all that is written has been flushed and all that is temporary removed, so the process
    leaves at once: taking apart NumPy's threads and every module took as long as a small picture.
    """
    try:
        from convtool.cli.app import main as run

        code = run()
    except KeyboardInterrupt:  # before the command line is ready to answer it
        code = 130
    os._exit(code)


if __name__ == "__main__":
    main()
