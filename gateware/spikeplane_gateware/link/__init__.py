"""Gateware: link."""
