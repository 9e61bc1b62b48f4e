"""The network edge on one port: WebSocket dialects and REST. Calls ``HubApi`` only."""
