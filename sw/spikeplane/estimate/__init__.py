"""Figures of a program on a board before synthesis."""
