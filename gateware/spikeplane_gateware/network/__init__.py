"""Gateware: network."""
