"""The front door in Python: what a notebook calls on a Program, and what it is given back."""
