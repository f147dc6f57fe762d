"""Certificates: right modules have one; wrong modules and changed certificates are rejected, each
by the part that is said to."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from certified import (
    BOARD,
    CACHE,
    FAULTS,
    HELIUM,
    HELIUM_FAULTS,
    VENDORS,
    Fault,
    board_of,
    certificate,
    module,
    rejected,
)

from tinsmith.core.codec import dumps, loads
from tinsmith.prove.certificate.checker.check import check, hashes
from tinsmith.prove.certificate.checker.statement import Certificate, Rejected
from tinsmith.prove.certificate.stimuli import Stimuli


@pytest.mark.parametrize("kind", ["ref", "dsp", f"mve@{HELIUM.id}"])
def test_a_right_module_is_certified_and_checked(
    kind: str, require_tool: Callable[..., str]
) -> None:
    if board_of(kind) == HELIUM:
        require_tool("qemu-system-arm")
    made = certificate(module(kind))
    read = loads(Certificate, dumps(made))
    assert dumps(read) == dumps(made) == dumps(certificate(module(kind)))
    claims = check(read, Stimuli(), CACHE)
    layers = {s.node: s.sums for s in claims.steps if s.sums is not None}
    assert set(layers) == {"first", "deep", "point", "last"}
    assert claims.constant and not any(u.wraps for u in layers.values())
    assert all((u.taps_seen, u.biases_seen) == (u.taps, u.biases) for u in layers.values())
    assert all(u.breakpoints_hit > 100 for u in layers.values())
    bounds = [(s.stack, s.stack_bound) for s in (claims, *claims.steps)]
    around = 64 if board_of(kind) == BOARD else 256  # eight channels at once would take more
    assert all(bound is not None and seen <= bound <= seen + around for seen, bound in bounds)
    assert claims.unbounded == ""
    assert all(0 < executed <= code for code, executed in (s.code for s in claims.steps))


@pytest.mark.parametrize("fault", [*VENDORS, *FAULTS], ids=lambda f: f.name)
def test_a_wrong_module_has_no_certificate(fault: Fault) -> None:
    assert rejected(fault.make()) == fault.part


@pytest.mark.parametrize("fault", HELIUM_FAULTS, ids=lambda f: f.name)
def test_a_wrong_module_for_helium_has_no_certificate(
    fault: Fault, require_tool: Callable[..., str]
) -> None:
    require_tool("qemu-system-arm")
    assert rejected(fault.make()) == fault.part


def test_there_are_thirty_mutations() -> None:
    assert len(VENDORS) == 5
    assert len(FAULTS) >= 30


def test_a_changed_certificate_is_rejected() -> None:
    made = certificate(module("dsp"))
    subject, claims = made.subject, made.claims
    first, *others = claims.steps
    flipped = bytearray(subject.elf)
    flipped[-1] ^= 1
    wrong = {
        "image": replace(made, subject=replace(subject, elf=bytes(flipped))),
        "sources": replace(made, subject=replace(subject, sources={})),
        "version": replace(made, version=99),
        "instructions": replace(
            made,
            claims=replace(claims, steps=(replace(first, instructions=1), *others)),
        ),
        "runs": replace(made, claims=replace(claims, runs=1000)),
        "steps": replace(made, claims=replace(claims, steps=tuple(others))),
        "names": replace(
            made, subject=replace(subject, steps=dict(reversed(list(subject.steps.items()))))
        ),
    }
    parts = {}
    for name, given in wrong.items():
        with pytest.raises(Rejected) as e:
            check(given, Stimuli(), CACHE)
        parts[name] = e.value.part
    assert parts == {
        "image": "hashes", "sources": "hashes", "version": "claims", "instructions": "claims",
        "runs": "claims", "steps": "claims", "names": "image",
    }  # fmt: skip


def test_a_damaged_image_is_rejected_whatever_is_damaged() -> None:
    """With hashes that were made to fit: headers, sections, code and names, a byte each, or all
    from there on."""
    made = certificate(module("dsp"))
    whole = made.subject.elf
    sections = int.from_bytes(whole[0x20:0x24], "little")
    name, weights = whole.index(b"net_run"), 5240
    assert weights < whole.index(b"net_step") < sections
    for at in (0, 4, 5, 0x1C, 0x20, 0x2E, 0x30, 300, weights, name):
        damaged = bytearray(whole)
        damaged[at] ^= 0x41
        for image in (bytes(damaged), whole[:at]):
            subject = replace(made.subject, elf=image)
            given = replace(made, subject=subject, hashes=hashes(subject))
            with pytest.raises(Rejected) as e:
                check(given, Stimuli(), CACHE)
            assert e.value.part != "hashes" and len(e.value.message) < 300


def test_a_constant_that_is_stored_otherwise_is_rejected() -> None:
    """Also where no result shows it."""
    made = certificate(module("ref"))
    constant = made.subject.graph.constants["first_w"].tobytes()
    damaged = bytearray(made.subject.elf)
    damaged[damaged.index(constant) + 7] ^= 1
    subject = replace(made.subject, elf=bytes(damaged))
    with pytest.raises(Rejected, match="'first_w' is stored otherwise") as e:
        check(replace(made, subject=subject, hashes=hashes(subject)), Stimuli(), CACHE)
    assert e.value.part == "image"


def test_code_that_no_stimulus_reaches_is_named() -> None:
    """A part of a function, behind a test that no operand passes, and a function that only such a
    part calls."""
    path, right = "kernels/dense_requantize_int8.c", module("ref")
    never = "__attribute__((noinline)) static void ts_never(int8_t *p) { p[7] = 1; }"
    head, kernel = right.sources[path].split("\nvoid ", 1)
    kernel = kernel.replace("uint8_t *to = y;", "uint8_t *to = y; if (depth == 12345) ts_never(y);")
    given = replace(right, sources={**right.sources, path: f"{head}\n{never}\nvoid {kernel}"})
    made = certificate(given)
    assert "ts_never" in made.claims.unreached
    last = next(s for s in made.claims.steps if s.node == "last")
    assert last.code[1] < last.code[0]
    assert any("dense_requantize_int8+0x" in part for part in made.claims.unreached)
    assert not any("ts_never" in part for part in certificate(right).claims.unreached)


def test_a_false_order_of_reads_and_writes_is_rejected() -> None:
    """Where a kernel's declaration is taken away, what lies over its operand must not."""
    made = certificate(module("dsp"))
    assert made.subject.orders
    with pytest.raises(Rejected) as e:
        check(replace(made, subject=replace(made.subject, orders={})), Stimuli(), CACHE)
    assert e.value.part == "plan"
    late = {
        node: tuple(replace(t, reads=np.full_like(t.reads, t.writes.max() + 1)) for t in timed)
        for node, timed in made.subject.orders.items()
    }
    with pytest.raises(Rejected) as e:
        check(replace(made, subject=replace(made.subject, orders=late)), Stimuli(), CACHE)
    assert e.value.part == "plan"


def test_the_page_says_which_part_rejects_which_fault() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "certificates.md").read_text()
    assert all(f"| {f.name} | {f.part} |" in page for f in (*VENDORS, *FAULTS))
