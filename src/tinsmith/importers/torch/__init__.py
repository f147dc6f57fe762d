"""PyTorch, by two ways in: live modules (`torch.py`) and exported programs as files (`pt2.py`).

Both read the program that torch.export makes of a module, and translate its operations one by one
by the same table. What is read first: `torch.py`, which is the whole way in a page, then `table.py`
and one of the files of `operators/`, where each operation has its function.

    shared  translation.py     the graph that grows, and how a rule reads a node
            table.py           operation -> rules; stages; the support table
            operators/         the rules; those of plain.py are tried first
            decomposed.py      operations that torch writes in terms of others before
            refusal.py         what is said to whom is turned away
    live    torch.py           a module -> graph; needs PyTorch
            exporting.py       a module -> exported program, without what has no rule
            constants_live.py  what depends on no input, computed by torch
    file    pt2.py             a file -> graph; without PyTorch, in the sandbox
            convert.py         what runs there, by archive.py (zip, weights), program.py (JSON to
                               nodes.py), signatures.py (defaults), writes.py (operations in place)
            constants_file.py  what depends on no input, computed by our references
"""
