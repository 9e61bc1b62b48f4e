"""What a person may set, as typed values in one TOML file.

Owns the shape, the defaults and the file. Called by ``app`` (reads it once, at the start) and by ``ui`` (language, theme,
subscriptions). Imports no Qt, no hub: a setting is data; what it does is decided where it is used.
"""
