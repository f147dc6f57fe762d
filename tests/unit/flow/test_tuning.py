"""Tuning without images: what is tried where a choice does not fit the board, and what is refused
before anything is measured."""

from collections.abc import Callable
from dataclasses import replace
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from firmwares import CACHE

from tinsmith.codegen.choices import NOTHING_CHOSEN, Choices, check_lock
from tinsmith.core.errors import Cancelled, UserError
from tinsmith.core.job import Job
from tinsmith.devices.board import BOARDS
from tinsmith.flow import tuning
from tinsmith.flow.model import MeasureOptions, write_graph
from tinsmith.flow.model_target import DoesNotFit
from tinsmith.flow.tuning import TuneOptions, tune_model
from tinsmith.testing.uses import draw
from tinsmith.tune.choice import Budget
from tinsmith.tune.choice import Market as Chooser
from tinsmith.tune.prices import Price, Prices, Total
from tinsmith.tune.variants import Variant

M4 = "nucleo_l4r5zi"
TUNED = f'[{M4}.tuned."zig 1"]\noptimize = "{{}}"\nmodel = "x"\ntinsmith = "1"\n'


class Market:
    """Offers the largest that keeps to the limit of flash, or the smallest of all."""

    def __init__(self, *sizes: int) -> None:
        self.sizes = sizes
        self.asked: list[Budget] = []

    def best(self, aim: str, limits: Budget) -> dict[str, Variant]:
        self.asked.append(limits)
        fits = [n for n in self.sizes if n <= limits.flash] or [min(self.sizes)]
        return {"layer": Variant(str(max(fits)), "size")}

    def predict(self, found: dict[str, Variant]) -> Total:
        return Total(1.0, int(found["layer"].kernel), 100, 100)


class Bench:
    """A board of which everything above some bytes is too large by what it is above."""

    def __init__(self, most: int) -> None:
        board = replace(BOARDS.get(M4), memories=(BOARDS.get(M4).memories[0],))
        flash = replace(board.memories[0], nbytes=most)
        ram = BOARDS.get(M4).memories[1]
        self.target = SimpleNamespace(board=replace(board, memories=(flash, ram)), compiler="zig 1")
        self.most = most

    def seen(self, own: Choices) -> Any:
        size = int(own.kernels["layer"])
        if size > self.most:
            error = DoesNotFit.__new__(DoesNotFit)
            error.flash_bytes, error.ram_bytes = size, 200
            raise error
        return SimpleNamespace(total=lambda: Total(1.0, size, 100, 100))


def test_a_choice_that_does_not_fit_the_board_is_left_for_a_smaller_one() -> None:
    """The images that were measured fit, what is best of each need not."""
    market, bench = Market(900, 500, 400), Bench(600)
    ((seen, found),) = tuning._verified(bench, market, NOTHING_CHOSEN, Budget())  # type: ignore[arg-type]
    assert found["layer"].kernel == "500" and seen.total().flash == 500
    assert [b.flash for b in market.asked] == [inf, 600]


def test_where_nothing_fits_the_untuned_choice_is_left() -> None:
    market, bench = Market(900), Bench(600)
    assert tuning._verified(bench, market, NOTHING_CHOSEN, Budget()) == []  # type: ignore[arg-type]
    assert len(market.asked) == tuning._TRIES


def test_a_search_can_be_cancelled() -> None:
    """Of a large model it takes minutes."""
    job, fast, small = Job(), Variant("a", "speed"), Variant("a", "size")
    prices = Prices({"x": {fast: Price(1, 0, 0), small: Price(2, 0, 0)}})
    prices.code, prices.stack = {fast: 9, small: 5}, {fast: 8, small: 8}
    market = Chooser(prices, {"x": small}, Total(2.0, 5, 0, 8), job)
    assert market.best("speed", Budget()) == {"x": fast}
    job.cancel()
    with pytest.raises(Cancelled):
        market.best("speed", Budget())


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_graph(draw(5, 3, "dense").graph, tmp_path / "m.tinsmith")


@pytest.fixture
def refused(model: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., UserError]:
    """The error of a tuning that must not get as far as reading the model."""

    def read(*_: Any) -> None:
        raise AssertionError("the model was read")

    def call(**asked: Any) -> UserError:
        latency = asked.pop("max_latency", None)
        how = MeasureOptions(asked.pop("board", M4), cache=CACHE.parent, **asked)
        with pytest.raises(UserError) as e:
            tune_model(model, TuneOptions(how, max_latency=latency), Job())
        return e.value

    monkeypatch.setattr(tuning, "open_model", read)
    return call


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        (b"\xff\xfe", "choices.file", "no UTF-8 text"),
        (TUNED.format("fast").encode(), "toml.value", "optimize is 'fast'; allowed is one of bal"),
        ((TUNED.format("size") + f'[{M4}.tuned."zig 1".kernels]\n[{M4}.tuned."zig 1".levels]\n'
          '"ref/x" = "turbo"').encode(), "toml.value", "'turbo'; allowed is one of size, speed"),
        (f"[{M4}]\ntuned = 3".encode(), "toml.value", "tuned is 3"),
        (b"[rpi_pico]\ntuned = 3", "toml.value", "rpi_pico.tuned is 3"),
        (b"[rpi_pico", "toml.syntax", ""),
    ],
)  # fmt: skip
def test_a_lock_file_that_was_edited_is_told_at_once(
    model: Path, refused: Callable[..., UserError], text: bytes, code: str, told: str
) -> None:
    lock = model.with_name("m.tinsmith.lock")
    lock.write_bytes(text)
    error = refused()
    assert error.code == code and told in error.message and str(lock) in error.message
    assert lock.read_bytes() == text
    with pytest.raises(UserError):
        check_lock(lock)


def test_a_lock_file_that_cannot_be_written_is_told_at_once(
    model: Path, refused: Callable[..., UserError]
) -> None:
    error = refused(choices=model / "sub" / "x.lock")
    assert error.code == "output.place" and "is a file" in error.message
    link = model.with_name("away.lock")
    link.symlink_to("/dev/null")
    assert "is no plain file" in refused(choices=link).message


def test_a_latency_that_nothing_knows_is_refused_at_once(
    refused: Callable[..., UserError],
) -> None:
    error = refused(board="rpi_pico", max_latency=1.0)
    assert error.code == "tune.latency" and "no calibrated cycle model" in error.message
