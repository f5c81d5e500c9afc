"""`make mutants`: builds the copy with every mutant, runs the tests on each, prints the table,
names the survivors.

Exit status 0 if at least 95 % of the mutants that are not equivalent are killed, 1 if fewer, 2 for
a list that does not fit the sources or a copy that fails without a mutant.
"""

import argparse
import signal
import sys

from mutants.catalogue import Numbered, UnfitError, chosen, numbered
from mutants.lists import PARTS
from mutants.runner import NotNeutral, Outcome, Runner
from mutants.tree import BUILD, build

AIM = 0.95


def main() -> int:
    """The command."""
    for number in (signal.SIGINT, signal.SIGTERM):  # also in the background, where Ctrl-C is ignored
        signal.signal(number, signal.default_int_handler)
    options = _options()
    entries = numbered(PARTS)
    wanted = chosen(entries, options.only)
    if not wanted:
        print(f"error: no mutant matches {', '.join(options.only)}: see --list", file=sys.stderr)
        return 2
    if options.list:
        for entry in wanted:
            print(f"{entry.number:4} {entry.label}" + (" (equivalent)" if entry.mutant.equivalent else ""))
        return 0
    try:
        tree = build(entries)
        outcomes = Runner(tree, again=options.again, plain=not options.no_plain, most=options.first).all(
            wanted, options.jobs, _tell
        )
    except (UnfitError, NotNeutral) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"interrupted: what was found is kept in {BUILD}, the same command goes on", file=sys.stderr)
        return 130
    print(table(wanted, outcomes))
    return 0 if share(outcomes) >= AIM else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make mutants", description="Deliberate faults, and whether the tests notice them."
    )
    parser.add_argument(
        "--only",
        metavar="GLOB",
        action="append",
        default=[],
        help="mutants whose name begins so, or a number",
    )
    parser.add_argument("--list", action="store_true", help="the names alone")
    parser.add_argument("--jobs", type=int, default=2, help="test runs at a time (2)")
    parser.add_argument(
        "--again",
        action="store_true",
        help="run also what has run before on the same file with the same tests",
    )
    parser.add_argument(
        "--first",
        type=int,
        metavar="N",
        help="only the first N selections of tests of each mutant: a quick look",
    )
    parser.add_argument("--no-plain", action="store_true", help="do not first run the tests without a mutant")
    return parser.parse_args()


def _tell(entry: Numbered, outcome: Outcome) -> None:
    by = f" by {outcome.by}" if outcome.by else ""
    print(f"{outcome.state:10} {outcome.seconds:6.1f} s  {entry.number} {entry.label}{by}", flush=True)


def share(outcomes: dict[int, Outcome]) -> float:
    """Killed, of those that are not equivalent and whose tests have run."""
    states = [outcome.state for outcome in outcomes.values() if outcome.state in ("killed", "survived")]
    return states.count("killed") / len(states) if states else 1.0


def table(entries: list[Numbered], outcomes: dict[int, Outcome]) -> str:
    """By folder, then every survivor with its place, then the equivalent ones with the argument."""
    lines = [
        f"{'folder':12}{'mutants':>9}{'killed':>9}{'survived':>10}{'equivalent':>12}{'open':>7}{'killed of the others':>22}"
    ]
    for name in [*dict.fromkeys(entry.part.name for entry in entries), "all"]:
        part = {e.number: outcomes[e.number] for e in entries if name in ("all", e.part.name)}
        states = [outcome.state for outcome in part.values()]
        counts = [states.count(state) for state in ("killed", "survived", "equivalent", "open")]
        lines.append(
            f"{name:12}{len(states):9}{counts[0]:9}{counts[1]:10}{counts[2]:12}{counts[3]:7}{share(part):22.1%}"
        )
    for state, title in (
        ("survived", "Survivors:"),
        ("open", "Open, not all tests have run:"),
        ("equivalent", "Equivalent:"),
    ):
        which = [e for e in entries if outcomes[e.number].state == state]
        lines += ["", title] if which else []
        for e in which:
            lines.append(
                f"  {e.path}:{e.line()}: {e.mutant.why}"
                + (f"; {e.mutant.equivalent}" if state == "equivalent" else "")
            )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
