"""Rows of `tinsmith kinds`: catalogues, the entries of one, the parameters of an entry."""

from tinsmith.core.catalogue import catalogues
from tinsmith.core.errors import UnknownKind


def listing(kind: str, name: str) -> list[dict[str, str]]:
    """What to show: all catalogues, one catalogue's entries, or one entry.

    Raises:
        UnknownKind: no such catalogue or entry, with the nearest name.
    """
    found = catalogues()
    if not kind:
        return [
            {"kind": k, "entries": ", ".join(c.names()), "folder": c.package.replace(".", "/")}
            for k, c in found.items()
        ]
    if kind not in found:
        raise UnknownKind("catalogue", kind, found)
    catalogue = found[kind]
    if not name:
        return [{kind: n, "what it is": catalogue.summary(n)} for n in catalogue.names()]
    entry = catalogue.get(name)
    rows = [{"parameter": name, "default": "", "meaning": catalogue.summary(name)}]
    for p in getattr(entry, "params", ()):
        rows.append({"parameter": p.name, "default": repr(p.default), "meaning": p.doc})
    return rows
