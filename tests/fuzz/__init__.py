"""Mutated messages for everything that reads from outside."""
