"""Gateware: core."""
