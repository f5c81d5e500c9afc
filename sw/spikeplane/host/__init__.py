"""The host: an abstract device behind a byte link, and the driver that loads programs and streams planes."""
