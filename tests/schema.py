"""The documents that describe the interface: ``python -m tests.schema`` writes them into the help as the hub serves them."""

from pathlib import Path

from spc_desktop.protocol.schema import documents

HELP = Path(__file__).parent.parent / "resources" / "help"


def main() -> None:
    """Write both documents."""
    for name, text in documents().items():
        (HELP / name).write_bytes(text)
        print(HELP / name)


if __name__ == "__main__":
    main()
