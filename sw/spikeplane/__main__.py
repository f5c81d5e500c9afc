"""`python -m spikeplane`: the command, where its script is not on the path."""

from spikeplane.cli import main

if __name__ == "__main__":
    main()
