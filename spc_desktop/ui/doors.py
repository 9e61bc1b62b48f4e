"""How an empty program gets something to show: what the first-run doors ask of the program around the window."""

from typing import Protocol


class Doors(Protocol):
    """Everything takes effect without a restart."""

    @property
    def plant_runs(self) -> bool:
        """True while the sample plant delivers into this PC's own hub."""
        ...

    @property
    def filling(self) -> bool:
        """True while the plant's history is delivered: what it raises is old, and no notification."""
        ...

    @property
    def servers(self) -> tuple[str, ...]:
        """Addresses of the hubs elsewhere that the window shows; empty: this PC's own hub."""
        ...

    async def start_plant(self) -> None:
        """Start the sample plant; returns when its history is there."""
        ...

    async def stop_plant(self) -> None:
        """End the sample plant; what it delivered stays."""
        ...

    async def connect(self, address: str, token: str) -> None:
        """Show a hub elsewhere in this window, now and after the next start.

        Raises:
            UserError: the address cannot be one, or the hub refused.
            KnownError: nobody answers there.
        """
        ...

    async def work_here(self) -> None:
        """Show this PC's own hub again."""
        ...
