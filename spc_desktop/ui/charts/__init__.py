"""Control charts on screen: the points of one characteristic, and the widget that draws any chart's panels.

Called by the pages of the window. Knows charts only by their ``PanelSpec`` data, never by name. Must not import ``models``
or anything that talks to a hub.
"""
