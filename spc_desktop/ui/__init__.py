"""The window: PySide6 and pyqtgraph, one of several readers of the hub's events.

Called by ``app.run_gui`` and ``app.run_viewer``. Talks to stations through ``hub.api.HubApi`` only; writes nothing but
commands, so what is shown is always what the hub has stored. Must not import storage, server, sources, viewer or app.
Modules that are needed for the first paint (``main_window`` and what it imports) leave numpy and pyqtgraph alone.
"""
