"""The window as its users meet it; offscreen but for ``test_xsession``."""
