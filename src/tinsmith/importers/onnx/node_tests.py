"""The table of ONNX's backend node tests, from the results of their campaign."""

import json
from pathlib import Path

RESULTS = "benchmarks/results/onnx_nodes.json"


def node_test_table(root: Path) -> str:
    """Markdown: operator, cases that passed through compiled C, cases refused and why.

    Args:
        root: the repository, which has the results of the campaign
            (tests/numeric/test_onnx_nodes.py at full size).

    Raises:
        FileNotFoundError: the campaign was never run.
    """
    figures = json.loads((root / RESULTS).read_text(encoding="utf-8"))["figures"]
    lines = [
        f"onnx {figures['package']}: {figures['cases']} cases, {figures['passed']} passed through "
        f"compiled C, {figures['refused']} refused at import, none wrong. A case counts for each "
        "of its operators.\n",
        "| operator | passed | refused, and why |",
        "|---|---|---|",
    ]
    for operator, counts in sorted(figures["operators"].items()):
        why = "; ".join(f"{n} {k}" for k, n in sorted(counts.items()) if k != "passed")
        lines.append(f"| {operator} | {counts.get('passed', 0)} | {why} |")
    return "\n".join(lines) + "\n"
