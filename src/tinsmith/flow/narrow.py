"""A fused step that computes wrongly is computed again in parts: which of its operations is it?"""

from collections.abc import Callable
from dataclasses import replace

from tinsmith.codegen.choices import PARTS, Choices
from tinsmith.codegen.compile import compile_graph
from tinsmith.codegen.module import InferenceModule
from tinsmith.prove.trace import Divergence, Verdict

Judge = Callable[[InferenceModule], Verdict]
"""Builds a module as the diverging one was built, runs it on the same stimulus, and compares."""


def narrowed(verdict: Verdict, module: InferenceModule, judge: Judge) -> Verdict:
    """The verdict on a module, where it diverges in a fused node with what its parts tell.

    The module is compiled anew with that node taken apart, and all others that its kernel
    computes, so that a trace has the values in between. Where the parts diverge too, theirs is the
    first wrong value; where they agree with the reference, the fused kernel is wrong. Faults of
    drivers, scales and parameters are known by themselves and stay as they are.
    """
    found = verdict.divergence
    step = next((n for n in module.graph.nodes if found and found.value in n.outputs), None)
    if found is None or found.kind != "kernel" or step is None or not step.parts:
        return verdict
    kernel = module.kernels[step.name]
    apart = Choices({n: PARTS for n, k in module.kernels.items() if k == kernel})
    told = judge(compile_graph(module.graph, module.board, choices=apart)).divergence
    own = told if told and told.value in {p.value for p in step.parts} else None
    return replace(verdict, divergence=_joined(found, own, kernel, step.words))


def _joined(whole: Divergence, part: Divergence | None, kernel: str, words: str) -> Divergence:
    if part is None:
        told = f"Computed one by one, {words} are right: kernel {kernel} is wrong."
        return replace(whole, evidence=f"{whole.evidence} {told}")
    told = f"Found by computing {words} one by one."
    return replace(part, evidence=f"{part.evidence} {told}")
