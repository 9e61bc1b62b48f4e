"""Measurement systems analysis: gauge R&R, type 1, bias, linearity, stability, attribute agreement.

Called through ``spc_desktop.spc`` by the MSA screen and by reports. Every study is a pure function of the measurements.
Sources: AIAG MSA, 4th edition (2010); Burdick, Borror and Montgomery, Design and Analysis of Gauge R&R Studies (2005).
"""
