"""One contract for all files of an import, where they are of formats that write numbers as text."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tinsmith.data.dataset import FLOAT, TYPES, Contract
from tinsmith.data.format import FORMATS
from tinsmith.data.receiving import Entry
from tinsmith.data.samples import Incoming, SampleFolder, sample_path


def widen(entries: Sequence[Entry], samples: SampleFolder) -> None:
    """Bring files of whole numbers to what the others have: where a format writes numbers as text,
    only what happens to be in a file says that it holds integers. Files of other formats mean their
    types and stay as they are."""
    reads = [e.read for e in entries if e.read is not None]
    dtypes = {r.contract.dtype for r in reads}
    loose = all(FORMATS.get(e.file.format).loose for e in entries)
    if len(dtypes) < 2 or not loose or any(s != 1 for r in reads for s in r.contract.scale):
        return
    dtype = FLOAT if FLOAT in dtypes else max(dtypes, key=TYPES.index)
    for e in entries:
        if e.read is None or e.read.contract.dtype == dtype:
            continue
        scale = () if dtype == FLOAT else e.read.contract.scale
        e.digests = [_converted(d, dtype, samples) for d in e.digests]
        e.read = replace(e.read, contract=Contract(dtype, scale))


def _converted(digest: str, dtype: str, samples: SampleFolder) -> str:
    """The same samples as another type; their digest."""
    path = sample_path(samples.folder, digest)
    values: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    incoming = Incoming(samples.folder, dtype, (len(values), values.shape[1]))
    step = max(1, (1 << 20) // max(1, values.shape[1]))
    target = np.dtype(dtype).newbyteorder("<")
    for first in range(0, len(values), step):
        piece = np.ascontiguousarray(values[first : first + step], target)
        incoming.add(memoryview(piece.tobytes()))
    return samples.put(incoming)
