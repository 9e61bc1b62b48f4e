"""The window: PySide6 and pyqtgraph. Reads ``HubApi``; writes nothing but commands."""
