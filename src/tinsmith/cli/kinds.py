"""Rows of `tinsmith kinds`: catalogues, the entries of one, the parameters of an entry, and the
operators that importers know."""

from tinsmith.core.catalogue import catalogues
from tinsmith.core.errors import MissingTool, UnknownKind
from tinsmith.importers import IMPORTERS

SUPPORT = "ops"
"""In place of a catalogue: what importers know. (`op` is the catalogue of our own operations.)"""


def listing(kind: str, name: str) -> list[dict[str, str]]:
    """What to show: all catalogues, one catalogue's entries, or one entry; for `SUPPORT` the
    operators of all importers or of one.

    Raises:
        UnknownKind: no such catalogue or entry, with the nearest name.
    """
    if kind == SUPPORT:
        return support_table(name)
    found = catalogues()
    if not kind:
        return [
            {"kind": k, "entries": ", ".join(c.names()), "folder": c.package.replace(".", "/")}
            for k, c in found.items()
        ]
    if kind not in found:
        raise UnknownKind("catalogue", kind, (*found, SUPPORT))
    catalogue = found[kind]
    if not name:
        return [{kind: n, "what it is": catalogue.summary(n)} for n in catalogue.names()]
    entry = catalogue.get(name)
    rows = [{"parameter": name, "default": "", "meaning": catalogue.summary(name)}]
    for p in getattr(entry, "params", ()):
        rows.append({"parameter": p.name, "default": repr(p.default), "meaning": p.doc})
    return rows


def support_table(importer: str = "") -> list[dict[str, str]]:
    """Operators, layers and estimators that importers know, of one importer or of all.

    Raises:
        UnknownKind: no such importer.
    """
    names = IMPORTERS.names()
    if importer and importer not in names:
        raise UnknownKind("importer", importer, names)
    return [row for name in ([importer] if importer else names) for row in _support(name)]


def _support(name: str) -> list[dict[str, str]]:
    try:
        rows = IMPORTERS.get(name).support()
    except MissingTool as e:  # said in the table: the others are still worth seeing
        return [{"importer": name, "operator": "-", "types": "-", "note": e.message}]
    return [
        {"importer": name, "operator": r.operator, "types": ", ".join(r.types), "note": r.note}
        for r in rows
    ]
