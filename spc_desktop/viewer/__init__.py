"""A hub that is far away: ``RemoteHub`` implements ``HubApi`` over a WebSocket."""
