"""Gathered sums: the tree of the lanes' addends, and the queue of what is whole.

```
    words, carries, ends, whose --> Tree --(not 0)--> Queue --> partial
```
"""

from amaranth.hdl import Cat, Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.units.training.partial import partial_layout
from spikeplane_gateware.units.training.tree import Queue, Tree


class Gathered(wiring.Component):
    """Gathered sums that are not 0 wait here.

    As many as neurons can ask for at a core, so the queue never overflows. Throughput: a visit a cycle.

    Parameters
    ----------
    config : ChipConfig
        A chip that learns: L lanes, exact_bits.

    Attributes
    ----------
    valid, words, carries : In(1), In(L * exact_bits), In(L)
        A visit: word + carry in each lane.
    ends, whose : In(1), In
        The last one of its source, and {tag, place, lane} of that.
    partial : Out(stream.Signature(partial_layout))
        The sums.
    """

    def __init__(self, config: ChipConfig) -> None:
        assert config.training is not None
        self.training, self.lanes, self.layout = config.training, config.lanes, partial_layout(config)
        exact = self.training.exact_bits
        super().__init__(
            {
                "valid": In(1),
                "words": In(self.lanes * exact),
                "carries": In(self.lanes),
                "ends": In(1),
                "whose": In(self.layout.size - exact),
                "partial": Out(stream.Signature(self.layout)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, exact = Module(), self.training.exact_bits
        m.submodules.tree = tree = Tree(lanes=self.lanes, exact_bits=exact, id_bits=len(self.whose))
        m.submodules.queue = queue = Queue(width=self.layout.size, depth=self.training.partial_depth)
        m.d.comb += [
            tree.valid.eq(self.valid),
            tree.words.eq(self.words),
            tree.carries.eq(self.carries),
            tree.ends.eq(self.ends),
            tree.id.eq(self.whose),
            queue.write.eq(tree.out_valid & tree.some),
            queue.word.eq(Cat(tree.out_id, tree.sum)),
            self.partial.valid.eq(queue.o.valid),
            self.partial.payload.as_value().eq(queue.o.payload),
            queue.o.ready.eq(self.partial.ready),
        ]
        return m
