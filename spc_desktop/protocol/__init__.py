"""What hub and clients say to each other: messages, codec, sessions; sans-I/O.

Owns the structs of the wire (single definition), both dialects of ``/ws/spc/``, and the size and value checks. Called
by ``hub``, ``server``, ``viewer`` and ``ui``. Imports ``domain``; no sockets, no loop, no clock.
"""
