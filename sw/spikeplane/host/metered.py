"""A device that counts what passes it: bytes each way, and the seconds that it kept its driver waiting."""

import time

from spikeplane.host.device import Device


class Metered(Device):
    """`device` with a meter.

    sent, received   bytes so far
    waited           seconds spent inside the device: line, chip, or simulator
    """

    def __init__(self, device: Device) -> None:
        self.device, self.where, self.patience = device, device.where, device.patience
        self.sent = self.received = 0
        self.waited, self.began = 0.0, time.perf_counter()

    def exchange(self, data: bytes) -> bytes:
        """See Device."""
        before = time.perf_counter()
        answer = self.device.exchange(data)
        self.waited += time.perf_counter() - before
        self.sent += len(data)
        self.received += len(answer)
        return answer

    def restart(self) -> None:
        """Count from 0 again."""
        self.sent = self.received = 0
        self.waited, self.began = 0.0, time.perf_counter()

    def figures(self) -> dict[str, float]:
        """Since `restart`: bytes sent and received, seconds in all, and those of them inside the device."""
        seconds = time.perf_counter() - self.began
        return {"sent": self.sent, "received": self.received, "seconds": seconds, "waited": self.waited}

    def close(self) -> None:
        """Close the device."""
        self.device.close()
