"""The running station: one door in, one single-threaded fold, one ordered event stream out.

Owns the queue, the fold's order, the mailboxes and the supervision of tasks. Called by ``server``, ``viewer``, ``ui``,
``app`` through ``hub.api.HubApi`` only. Runs on any asyncio loop; imports no Qt, no SQL and no sockets.
"""
