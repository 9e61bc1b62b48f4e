"""Python's cycle collector around the start: off while modules are loaded, and blind for what was loaded afterwards.

Loading makes hundreds of thousands of objects that stay; searching them again and again costs a tenth of the start, and later
every full search would walk through them while a measurement waits.
"""

import gc


def start_loading() -> None:
    """Search for nothing until ``settle``; for the start of a program that runs on."""
    gc.disable()


def settle() -> None:
    """Leave everything made so far out of later searches, and search again."""
    gc.freeze()
    gc.enable()
