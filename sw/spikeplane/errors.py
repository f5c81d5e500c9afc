"""The one exception that reaches a user: a single line that says what was expected, what came and what to do."""


class SpikeplaneError(Exception):
    """Bad input of any kind. The command line prints the message on one line and exits with status 2."""
