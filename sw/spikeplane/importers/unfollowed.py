"""What torch.fx does not show of a forward."""

from spikeplane.errors import SpikeplaneError


class Unfollowed(SpikeplaneError):
    """A forward of which more must be traced than layers and additions, to import or to refuse it.

    stands: this message is the one that counts if the whole forward is refused too.
    """

    def __init__(self, message: str, *, stands: bool = False) -> None:
        super().__init__(message)
        self.stands = stands
