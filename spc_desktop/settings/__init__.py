"""Typed settings with default, range and description; loaded, validated and saved atomically. No Qt."""
