"""When Python looks for cycles to collect: not while it loads, and never among what stays to the end.

Modules and models are hundreds of thousands of objects. To walk them all holds up every thread, and with it
each ack, for a tenth of a second, again and again; nothing of them is ever freed.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Collect nothing meanwhile; what is there in the end stays for good."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
