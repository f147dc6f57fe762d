"""What aten computes from weights and constants alone: done at import, by torch itself."""

from typing import Any

import numpy as np

from tinsmith.importers._frame import Unsupported
from tinsmith.importers.torch.translation import Translation, Value


def is_known(t: Translation, node: Any) -> bool:
    """Whether a call depends on no input and always gives the same.

    Random numbers do not, nor does memory that is not filled.
    """
    import torch

    tags = getattr(node.target, "tags", ())
    unfilled = str(node.target).startswith(("aten.empty", "aten.new_empty"))
    if unfilled or torch.Tag.nondeterministic_seeded in tags:
        return False
    return all(_array(t.known[n]) for n in node.all_input_nodes)


def _array(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_array(v) for v in value)
    return isinstance(value, np.ndarray)


def computed(t: Translation, node: Any) -> Value:
    """The result of such a call: an array, or several.

    Raises:
        Unsupported: it is no tensor of numbers that numpy knows.
    """
    from torch.fx.node import map_arg

    def given(n: Any) -> Any:
        return _tensors(t.known[n])

    args, kwargs = map_arg(node.args, given), map_arg(node.kwargs, given)
    made: Any = _arrays(node.target(*args, **kwargs))
    return made  # type: ignore[no-any-return]


def _tensors(value: Any) -> Any:
    import torch

    if isinstance(value, list | tuple):
        return [_tensors(v) for v in value]
    return torch.from_numpy(np.array(value))


def _arrays(made: Any) -> Any:
    if isinstance(made, list | tuple):
        return [_arrays(m) for m in made]
    try:
        return np.array(made.detach().cpu().numpy())
    except (AttributeError, TypeError) as e:
        raise Unsupported(f"a constant is {made!r}") from e
