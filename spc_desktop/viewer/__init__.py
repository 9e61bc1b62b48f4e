"""A hub that is far away: ``remote_hub.RemoteHub`` implements ``HubApi`` over a WebSocket of the v1 dialect.

Owns the connection and its return (``link``), the frames (``wire``) and the paging of long charts (``points``). Called by
``app``. Imports ``hub`` for the interface, the mailbox and the supervisor; no Qt, no server.
"""
