"""Process capability: normal, non-normal and attribute data.

Called through ``spc_desktop.spc`` by the capability screen and by reports. Must not import charts: whether the process is
stable is judged by the caller, who has the chart.
"""
