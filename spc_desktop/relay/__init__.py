"""What several hubs on one database say to each other. The database is the truth; all here is only quicker.

    streams.py  committed events over Redis Streams          memory.py  the same contract within one process
    peers.py    what only the hub that leads can answer, over a connection to it

Implements ``hub.ports.Relay`` and ``hub.ports.Peers``. Must not import server, storage, ui.
"""
