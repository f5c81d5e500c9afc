"""Beside the copied packages: a bench on cocotb that has found the fault ends there, because its
other tests take most of a run."""

import os
from typing import Any

if os.environ.get("COCOTB_TEST_MODULES") and os.environ.get("SPIKEPLANE_MUTANT", "0") != "0":
    from cocotb.regression import RegressionManager

    def _ends(*arguments: Any, **named: Any) -> None:
        os._exit(1)  # no results: the bench has failed

    RegressionManager._record_test_failed = _ends  # type: ignore[method-assign]
