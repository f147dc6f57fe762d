"""The signed data acquisition format, version 1, in JSON: one recording with its sensors, units and
interval.

Source: the public description of the format (protected header, HMAC-SHA256 signature, payload).
With ``hmac_key`` the signature is verified: over the file as it is, or without its white space. The
label is the part of the file's name before the first dot, unless a label file says another.
"""

import json
import re
from pathlib import Path
from typing import Any

from tinsmith.data.dataset import Reading
from tinsmith.data.format import Format, ReadOptions
from tinsmith.data.formats import _signed
from tinsmith.data.text import Source, read_text

_TEXT_OR_SPACE = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')


def read(path: Path, options: ReadOptions) -> Reading:
    """Read one file.

    Raises:
        UserError: ``data.json.<what>``.
    """
    source = Source("json", path.name)
    text = read_text(path, source)
    try:
        body = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise source.error("depth", "it nests too deep.", "Export it again.") from None
    except ValueError as e:
        raise source.error("syntax", f"this is no JSON: {e}.", "Export it again.") from None
    document = _signed.Document(body, _forms(text, body) if options.hmac_key else ())
    return _signed.reading_of(document, path, options, source)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _forms(text: str, body: Any) -> tuple[bytes, ...]:
    """What may have been signed: the text, and the text without white space."""
    signature = body.get("signature") if isinstance(body, dict) else None
    if not isinstance(signature, str) or not signature:
        return ()
    unsigned = text.replace(f'"{signature}"', f'"{_signed.UNSIGNED}"', 1)
    dense = _TEXT_OR_SPACE.sub(lambda m: m[1] or "", unsigned)
    return (unsigned.encode(), dense.encode())


_EXAMPLE = """\
{"protected": {"ver": "v1", "alg": "none", "iat": 1700000000},
 "signature": "0000000000000000000000000000000000000000000000000000000000000000",
 "payload": {"device_name": "wrist-7", "device_type": "WATCH", "interval_ms": 20,
  "sensors": [{"name": "acc_x", "units": "m/s2"}, {"name": "acc_y", "units": "m/s2"}],
  "values": [[0.1, 9.7], [0.2, 9.8], [-0.1, 9.9]]}}
"""

FORMAT = Format("json", (".json",), read, _EXAMPLE, loose=True)
