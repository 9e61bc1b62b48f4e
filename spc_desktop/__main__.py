"""``python -m spc_desktop`` and the console script: hands over to the command line."""

import sys


def main() -> None:
    """Run the command line and end with its status."""
    from spc_desktop.app.cli import run  # noqa: PLC0415 - importing this module must do nothing

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
