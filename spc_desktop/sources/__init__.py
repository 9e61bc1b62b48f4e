"""Where measurements come from: the sample plant and CSV files.

Called by ``app``. A source hands everything to ``HubApi.submit`` and owns nothing that the hub would miss. Imports the hub's
interface, never its inside; no Qt, no SQL.
"""
