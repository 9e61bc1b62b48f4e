"""The wall: every characteristic of the scope as a tile, painted on one surface."""
