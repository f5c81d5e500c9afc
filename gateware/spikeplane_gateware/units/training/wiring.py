"""How the parts of a soma that learns are wired: the director begins one at a time, and engine and Row have two users, the
sweep and the update."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, Value

DOES = ("sweeps", "updates", "sends")  #: levels of a soma, what it does


def share_engine(m: Module, change: Value, port: Any, users: tuple[Any, Any]) -> None:
    """The orders of the second of `users` while weights `change`, else those of the first."""
    first, second = users
    streamed = ("streamed", "column", "history") if hasattr(port, "streamed") else ()
    for name in ("valid", "order", "pulse", "bank", "address"):
        mine, other = getattr(first.port, name), getattr(second.port, name)
        m.d.comb += getattr(port, name).eq(Mux(change, other, mine))
    for name in streamed:
        m.d.comb += getattr(port, name).eq(
            getattr(second.port, name) & change.replicate(len(getattr(port, name)))
        )
    if streamed:
        m.d.comb += port.copy.eq(first.port.copy)
        m.d.comb += [user.port.index.eq(port.index) for user in users]
    for lane, word in enumerate(port.word):
        m.d.comb += word.eq(first.port.word[lane])  # the second adds none
        m.d.comb += port.numbers[lane].eq(first.port.numbers[lane])  # both give what Row has
    for user in users:
        m.d.comb += user.port.done.eq(port.done)
        for lane in range(len(port.found)):
            m.d.comb += [
                user.port.found[lane].eq(port.found[lane]),
                user.port.weights[lane].eq(port.weights[lane]),
            ]


def share_row(m: Module, change: Value, row: Any, sweep: Any, update: Any) -> None:
    """Row works for the update while weights `change`, else for the sweep; both see what it finds."""
    for name in ("start", "rule"):
        mine, other = getattr(sweep, f"row_{name}"), getattr(update, f"row_{name}")
        m.d.comb += getattr(row, name).eq(Mux(change, other, mine))
    for lane in range(len(row.word)):
        m.d.comb += [
            row.word[lane].eq(
                Mux(change, update.row_word[lane].as_signed(), sweep.row_word[lane].as_signed())
            ),
            row.weights[lane].eq(update.row_weights[lane]),
            *[getattr(row, n)[lane].eq(getattr(sweep, f"row_{n}")[lane]) for n in ("theta", "low", "high")],
            *[part.row_numbers[lane].eq(row.numbers[lane]) for part in (sweep, update)],
            *[part.row_addends[lane].eq(row.addends[lane]) for part in (sweep, update)],
        ]
    if row.momentum:
        m.d.comb += row.decays.eq(update.row_decays)
    m.d.comb += [
        row.spikes.eq(sweep.row_spikes),
        row.readout.eq(sweep.row_readout),
        sweep.row_fired.eq(row.fired),
        sweep.row_windows.eq(row.windows),
        *[part.row_done.eq(row.done) for part in (sweep, update)],
    ]


def direct(m: Module, soma: Any) -> None:
    """The director begins the others' work, and hears when it is done."""
    director, sweep, replay, serve, update = (
        soma.director,
        soma.sweep,
        soma.replay,
        soma.serve,
        soma.update,
    )
    idle, sweeps = Signal(), Signal()
    m.d.sync += sweeps.eq(director.sweep | (sweeps & ~sweep.done))
    m.d.comb += [
        director.running.eq(soma.running & ~soma.initialising),
        director.seen.eq(soma.counters.seen),
        director.word.eq(soma.counters.word),
        soma.counters.at.eq(Mux(serve.looks, 2 * soma.config.populations + serve.tag, director.at)),
        soma.counters.take.eq(director.take),
        director.change.eq(soma.change),
        sweep.start.eq(director.sweep),
        sweep.job.eq(director.sweep_job),
        director.sweep_done.eq(sweep.done),
        replay.start.eq(director.replay),
        replay.tape.eq(director.tape),
        director.replay_done.eq(replay.done),
        serve.start.eq(director.serve),
        serve.seen.eq(soma.counters.seen),
        serve.word.eq(soma.counters.word),
        director.serve_done.eq(serve.done),
        update.start.eq(director.update),
        update.discard.eq(soma.discard),
        director.update_done.eq(update.done),
        soma.changed.eq(update.done),
        soma.swept.eq(director.swept),
        idle.eq(director.idle & ~director.job.valid),
        soma.schedule.idle.eq(idle),
        soma.sweeps.eq(sweeps),
        soma.updates.eq(soma.change),
        soma.sends.eq(~director.idle),
        soma.resting.eq(idle & ~soma.egress.busy & ~soma.change & ~soma.initialising),
    ]
