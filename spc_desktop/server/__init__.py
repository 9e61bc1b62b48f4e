"""The network edge on one port: WebSocket dialects and REST for every client that is not this process.

Owns the listener, the sessions of the clients, the fan-out and the routes. Called by ``app`` (``listener.HubServer``) only.
Calls the station through ``hub.api.HubApi``; imports no Qt, no SQL, no ``hub`` module but ``api`` and ``ports``. The path of
an event: ``listener`` takes it from its one mailbox, ``fanout`` writes it to the clients. The path of a request:
``front_door`` -> ``handshake`` -> ``ws`` for WebSocket, ``front_door`` -> ``rest``, ``alerts``, ``http`` for HTTP.
"""
