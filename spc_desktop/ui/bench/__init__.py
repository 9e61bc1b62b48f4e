"""What a person does at one chart: tries and freezes limits, looks into points, compares, changes the view, takes it along.

Called by the page of one chart (``pages/chart_page.py``), which knows what is shown; every part here asks it, and brings one
ability. All changes are commands to the hub; the window changes when the event arrives.
"""
