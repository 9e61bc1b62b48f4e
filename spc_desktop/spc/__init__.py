"""The statistics: arrays and plain values in, numbers out.

Owns every formula of the program: constants, sigma estimators, control charts, run rules, capability, measurement
systems, run lengths. Called by ``domain`` and by the screens that show a study. Must not import anything of this program
but ``i18n``; no clock, no I/O, no names of products. scipy is imported inside the functions that need it.
"""
