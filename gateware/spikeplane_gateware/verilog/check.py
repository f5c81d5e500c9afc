"""Refuses Verilog whose processes would sleep for ever: an `always @*` that reads nothing.

It waits for a change of what it reads. Simulators of two states and synthesis work it out all the
same; in every simulator of four states (Icarus, Questa, VCS, XSIM) what it assigns stays x.
"""

import re

from spikeplane.errors import SpikeplaneError

_MODULE = re.compile(r"^\s*module\s+(\\\S+|\w+).*?^\s*endmodule", re.MULTILINE | re.DOTALL)
_PROCESS = re.compile(
    r"^([ \t]*)always @(?:\*|\(\s*\*\s*\))(.*?)(?=^\1\S|^\s*endmodule|\Z)", re.MULTILINE | re.DOTALL
)
_TARGET = re.compile(r"(?:^|[\n;:])\s*(?:begin\s+)?(\\\S+|[A-Za-z_][\w$]*)\s*(?:\[[^\]]*\]\s*)?=(?!=)")
_WORD = re.compile(r"\d+'s?[bohdBOHD][\w?]+|\\\S+|[A-Za-z_$][\w$]*")
_SYNTAX = frozenset(["begin", "end", "if", "else", "case", "casez", "casex", "endcase", "default"])


def refuse_sleepers(text: str) -> None:
    """Raises SpikeplaneError that names module and signal of the first process of `text` that reads
    nothing."""
    for module in _MODULE.finditer(text):
        for process in _PROCESS.finditer(module[0]):
            body = process[2]
            targets = _TARGET.findall(body)
            read = [
                word
                for word in _WORD.findall(_TARGET.sub("", body))
                if word not in _SYNTAX and not word[0].isdigit()
            ]
            if not read:
                name = targets[0].removeprefix("\\") if targets else "nothing"
                raise SpikeplaneError(
                    f"the Verilog of {module[1].removeprefix(chr(92))} has a process for {name} "
                    "that reads nothing and would never "
                    "run in a simulator of four states; assign it outside processes"
                )
