"""The table of the node tests is made from the results of the campaign."""

import json
from pathlib import Path

from tinsmith.importers.onnx.node_tests import RESULTS, node_test_table


def test_the_table_has_a_row_per_operator(tmp_path: Path) -> None:
    path = tmp_path / RESULTS
    path.parent.mkdir(parents=True)
    operators = {"Relu": {"passed": 3, "empty tensor": 1}, "Abs": {"passed": 2}}
    figures = {"package": "1.0", "cases": 6, "passed": 5, "refused": 1, "operators": operators}
    path.write_text(json.dumps({"figures": figures}))
    text = node_test_table(tmp_path)
    assert "| Abs | 2 |  |\n| Relu | 3 | 1 empty tensor |" in text
    assert "6 cases, 5 passed" in text
