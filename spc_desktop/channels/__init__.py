"""Ways to tell people and programs outside of the hub: one file each, all ``hub.ports.Channel``.

Made and started by ``app.channels``; they know what a ``Parcel`` is and nothing of hub, store or window.
"""
