"""Who is connected, and telling those who watch when somebody comes or goes."""

from spc_desktop.protocol import v1
from spc_desktop.protocol.codec import encode
from spc_desktop.server.fanout import Client


class PresenceBoard:
    """The sessions of ``spc.v1`` that have connected."""

    def __init__(self) -> None:
        self._people: dict[Client, v1.Person] = {}
        self._watchers: set[Client] = set()

    def join(self, client: Client, person: v1.Person) -> None:
        """A session has connected."""
        self._people[client] = person
        self._tell("joined", person, client)

    def leave(self, client: Client) -> None:
        """A session has ended; one that never connected makes no difference."""
        self._watchers.discard(client)
        person = self._people.pop(client, None)
        if person is not None:
            self._tell("left", person, client)

    def watch(self, client: Client, *, on: bool) -> v1.Present:
        """Tell a client of changes from now on, or no more; returns who is there."""
        if on:
            self._watchers.add(client)
        else:
            self._watchers.discard(client)
        return v1.Present(present=tuple(self._people.values()))

    def person(self, client: Client) -> v1.Person | None:
        """Return who a session is."""
        return self._people.get(client)

    def _tell(self, change: str, person: v1.Person, about: Client) -> None:
        if self._watchers - {about}:
            message = encode(v1.Presence(change=change, person=person))
            for client in self._watchers:
                if client is not about and client.is_roomy:
                    client.write(message)
