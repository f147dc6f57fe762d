"""Guessing: are answers better than those of one who always names the commonest class, and are
there enough recordings to tell?

The test is a permutation test by recording and group. If answers say nothing of labels, labels may
be exchanged: whole recordings with all their windows. Where a group (a person, a machine) has
recordings of several labels, they are exchanged inside the group; groups of one label each are
exchanged as a whole. So what windows of a recording, or recordings of a group, have in common
changes nothing: the test is exact, however many windows were cut and however much they overlap.

Sources: Good, "Permutation, Parametric and Bootstrap Tests of Hypotheses", 3rd ed., 2005, chapters
3 and 7 (blocks and exchangeability); the share that is reported counts the data itself among the
exchanges: Phipson and Smyth, "Permutation P-values Should Never Be Zero", Statistical Applications
in Genetics and Molecular Biology 9, 2010.
"""

from dataclasses import dataclass

import numpy as np

from tinsmith.learn.units import Units

LEVEL = 0.001
"""One-sided: of models that guess, one in a thousand may be taken for better."""
_DRAWS = 9_999
_SEED = 20_261_130
_MANY = 500
"""Blocks; with fewer, drawing them one by one is as fast as drawing counts of them."""
_CHUNK = 1 << 20
"""Labels drawn at once: 8 MB."""


@dataclass(frozen=True)
class Guessing:
    """Answers against guessing.

    Args:
        baseline: accuracy of always naming the commonest class of these windows.
        p: share of exchanges of labels that make answers as good, one-sided.
        units: recordings or groups (``by``) that were exchanged, or exchanged inside.
        recordings: how many there are in all.
        enough: whether answers that are all right could have been told from guessing.
    """

    baseline: float
    p: float
    units: int
    by: str
    recordings: int
    enough: bool

    @property
    def beaten(self) -> bool:
        """Whether the answers are better than guessing, at the level of 0.1 %."""
        return self.p < LEVEL


def against_guessing(truth: np.ndarray, predicted: np.ndarray, units: Units) -> Guessing:
    """Tests answers ``predicted`` [n] against labels ``truth`` [n], both indices of classes, of one
    window or more.

    The baseline is the commonest class's share, which exchanged labels reach on average only where
    classes are as common as each other: what they lack is added to each draw, so that answers must
    beat the commonest class, not only chance.
    """
    blocks = _blocks(truth, predicted, units)
    sizes = blocks.answers.sum(1)
    ideal = np.zeros_like(blocks.answers)
    ideal[np.arange(len(sizes)), blocks.label] = sizes  # answers that are all right
    commonest = float(ideal.sum(0).max())
    p, best = _shares_as_good(blocks, np.stack([blocks.answers, ideal]), commonest)
    count, recordings = (len(np.unique(u)) for u in (units.unit, units.recording))
    enough = min(p, best) < LEVEL
    return Guessing(commonest / len(truth), p, count, units.by, recordings, enough)


@dataclass(frozen=True)
class _Blocks:
    """What is exchanged: the label [blocks] of windows that stay together, and how many of them got
    which answer [blocks, classes]; ``stratum`` [blocks]: only inside one they are exchanged."""

    label: np.ndarray
    answers: np.ndarray
    stratum: np.ndarray


def _shares_as_good(blocks: _Blocks, answers: np.ndarray, commonest: float) -> tuple[float, ...]:
    """The test for several tables of answers [tables, blocks, classes] by the same draws."""
    tables, each = len(answers), np.arange(len(blocks.label))
    right = answers[:, each, blocks.label].sum(1)
    mean, total = np.zeros(tables), np.zeros((tables, _DRAWS))
    rng = np.random.default_rng(_SEED)
    for stratum in np.unique(blocks.stratum):
        chosen = blocks.stratum == stratum
        label, own = blocks.label[chosen], answers[:, chosen]
        single = len(label) > _MANY and bool((own.sum(2) == 1).all())
        total += _exchanged_singles(label, own, rng) if single else _exchanged(label, own, rng)
        shares = np.bincount(label, minlength=own.shape[2]) / len(label)
        mean += own.sum(1) @ shares
    lacking = np.maximum(0.0, commonest - mean)
    as_good = (total + lacking[:, None] >= right[:, None] - 1e-9).sum(1)
    return tuple(float(n) for n in (1 + as_good) / (1 + _DRAWS))


def _blocks(truth: np.ndarray, predicted: np.ndarray, units: Units) -> _Blocks:
    """A recording's windows of one label are a block; so are all of a group that has one label."""
    several = _labels_per(units.group, truth) > 1
    owner = np.where(several, units.recording, units.group)
    keys = np.stack([several.astype(np.int64), units.group, owner, truth], axis=1)
    rows, at = np.unique(keys, axis=0, return_inverse=True)
    classes = int(max(truth.max(initial=0), predicted.max(initial=0))) + 1
    answers = np.zeros((len(rows), classes), np.int64)
    np.add.at(answers, (at.reshape(-1), predicted), 1)
    stratum = np.where(rows[:, 0] == 1, rows[:, 1], -1)
    return _Blocks(rows[:, 3], answers, stratum)


def _labels_per(group: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """How many labels the group of each window has, [n]."""
    pairs = np.unique(np.stack([group, truth], axis=1), axis=0)
    known, counts = np.unique(pairs[:, 0], return_counts=True)
    found: np.ndarray = counts[np.searchsorted(known, group)]
    return found


def _exchanged(label: np.ndarray, answers: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Right answers after each draw of labels inside one stratum, [tables, draws]."""
    found = np.zeros((len(answers), _DRAWS))
    rows = np.arange(len(label))
    step = max(1, _CHUNK // len(label))
    for at in range(0, _DRAWS, step):
        count = min(step, _DRAWS - at)
        drawn = rng.permuted(np.broadcast_to(label, (count, len(label))), axis=1)
        for table, own in zip(found, answers, strict=True):
            table[at : at + count] = own[rows, drawn].sum(1)
    return found


def _exchanged_singles(
    label: np.ndarray, answers: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The same where each block is one window, of which there may be very many: how many windows of
    each answer get each label is drawn, one number after the other."""
    count = answers.shape[2]
    labels, found = np.bincount(label, minlength=count), np.zeros((len(answers), _DRAWS))
    for table, own in zip(found, answers, strict=True):
        left = np.tile(own.sum(0), (_DRAWS, 1))
        for c in range(count):
            wanted, others = np.full(_DRAWS, labels[c]), left.sum(1)
            for a in range(count):
                others -= left[:, a]
                got = rng.hypergeometric(left[:, a], others, wanted)
                table += got * (a == c)
                wanted -= got
                left[:, a] -= got
    return found


def recordings_needed(classes: int) -> int:
    """How many recordings of equally common classes tell right answers from guessing: labels can be
    exchanged in twice as many ways as one in `LEVEL` asks for."""
    count, ways, sizes = 0, 1.0, [0] * classes
    while ways < 2 / LEVEL:
        sizes[count % classes] += 1
        count += 1
        ways *= count / sizes[(count - 1) % classes]
    return count
