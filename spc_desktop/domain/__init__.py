"""What the words mean and what is decided: products, plans, the monitor fold, the alert machine.

Owns the plain values that travel through the whole program and the pure functions that judge them. Called by ``protocol``,
``hub`` and everything above. Imports ``spc`` and ``i18n`` only; no clock (``now`` is an argument), no I/O, no loop.
"""
