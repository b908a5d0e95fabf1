"""Speed: statistics on made-up latencies, a generator on a clock that tests turn."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InvalidEventError, UnavailableError
from ledger.evaluation.benchmark import Load, run_benchmark
from ledger.evaluation.latency import PER_ARM, ratios
from ledger.evaluation.load import arrivals, closed_loop, open_loop
from ledger.evaluation.ramp import Step, climb, find_knee, step_of
from ledger.evaluation.slowness import judge
from ledger.evaluation.tables import read_rows
from ledger.evaluation.targets import target_of
from ledger.evaluation.timing import PER_ROUND, Ticking, interleaved
from tests.support import ports

SIGMA = 0.5
ROUNDS = PER_ARM // PER_ROUND


class VirtualClock:
    """A clock that goes on when somebody waits or works, and not otherwise."""

    def __init__(self) -> None:
        self.time = 0.0

    @property
    def ticking(self) -> Ticking:
        return Ticking(now=lambda: self.time, pause=self.spend)

    def spend(self, seconds: float) -> None:
        self.time += seconds


@cache
def drawn(seed: int, rounds: int = ROUNDS, rho: float = 0.0) -> Any:
    """Latencies of about a millisecond; ``rho`` ties each to the one before."""
    source = np.random.default_rng(seed)
    noise = source.normal(size=rounds * PER_ROUND)
    if rho:
        for i in range(1, len(noise)):
            noise[i] = rho * noise[i - 1] + np.sqrt(1 - rho * rho) * noise[i]
    return 1e-3 * np.exp(SIGMA * noise.reshape(rounds, PER_ROUND))


def test_a_slowdown_of_a_tenth_is_found_and_an_aa_run_is_not():
    found = [
        judge(drawn(3 * n) * 1.1, drawn(3 * n + 1), drawn(3 * n + 2), resamples=200)[2]
        for n in range(4)
    ]
    assert all(found)
    same = [
        judge(drawn(3 * n), drawn(3 * n + 1), drawn(3 * n + 2), resamples=200)[2]
        for n in range(100, 108)
    ]
    assert not any(same)  # each is false with a chance of about one in a hundred


def test_what_disturbs_both_alike_is_no_slowdown():
    # Half way the machine becomes three times as slow, and calms down again.
    burden = np.where((np.arange(ROUNDS) // 40) % 2 == 0, 1.0, 3.0)[:, None]
    arms = [drawn(seed) * burden for seed in (1, 2, 3)]
    assert judge(*arms, resamples=200)[2] is False
    arms[0] = arms[0] * 1.1
    assert judge(*arms, resamples=200)[2] is True


def test_autocorrelated_noise_widens_the_interval_and_is_not_found():
    false = 0
    widths: dict[float, list[float]] = {0.0: [], 0.9: []}
    for rho, kept in widths.items():
        for n in range(6):
            (one,) = ratios(
                drawn(10 * n, 200, rho),
                drawn(10 * n + 5, 200, rho),
                quantiles=(0.95,),
                resamples=200,
            )
            kept.append(one.high - one.low)
            false += one.low > 1
    assert false <= 2  # of 12
    assert np.mean(widths[0.9]) > 1.5 * np.mean(widths[0.0])


def test_the_interval_of_a_ratio_holds_it_about_as_often_as_it_says():
    held = 0
    for n in range(40):
        (one,) = ratios(
            drawn(2 * n, 50),
            1.2 * drawn(2 * n + 1, 50),
            quantiles=(0.5,),
            resamples=100,
        )
        held += one.low <= 1.2 <= one.high
    assert held >= 33  # 95 % of 40 is 38


@given(st.floats(0.1, 10))
def test_a_ratio_follows_the_scale_exactly(scale: float):
    base = drawn(1, 30)
    for one in ratios(base, base * scale, resamples=20):
        assert one.low == pytest.approx(scale)
        assert one.high == pytest.approx(scale)
        assert one.value == pytest.approx(scale)


def test_versions_answer_in_turn_and_neither_is_always_first():
    clock = VirtualClock()
    order: list[str] = []

    def arm(name: str, seconds: float) -> Any:
        def send(_number: int) -> None:
            order.append(name)
            clock.spend(seconds)

        return send

    timed = interleaved(
        [arm("a", 0.001), arm("b", 0.002)],
        rounds=4,
        per_round=2,
        ticking=clock.ticking,
    )
    assert "".join(order[20:]) == "aabbbbaaaabbbbaa"
    assert timed.latencies[0] == pytest.approx(np.full((4, 2), 0.001))
    assert timed.latencies[1] == pytest.approx(np.full((4, 2), 0.002))


def stalling(clock: VirtualClock, service: float, at: int, stall: float) -> Any:
    def send(number: int) -> None:
        clock.spend(service + (stall if number == at else 0.0))

    return send


def test_a_stall_counts_for_everyone_who_had_to_wait():
    clock = VirtualClock()
    due = np.arange(1_000) / 100  # one every 10 ms
    send = stalling(clock, 0.001, at=100, stall=1.0)
    found = open_loop(send, due, rate=100, workers=1, ticking=clock.ticking)
    assert np.quantile(found.service, 0.99) == pytest.approx(0.001)  # sees nothing
    assert np.quantile(found.latencies, 0.99) > 0.8
    assert (found.latencies > 0.5).sum() > 40
    assert found.errors == 0


@given(
    st.lists(st.floats(0, 2), min_size=1, max_size=40),
    st.lists(st.floats(0.001, 2), min_size=40, max_size=40),
)
def test_latencies_are_those_of_a_queue(gaps: list[float], services: list[float]):
    due = np.cumsum(gaps) - gaps[0]
    clock = VirtualClock()
    found = open_loop(
        lambda number: clock.spend(services[number]),
        due,
        rate=1,
        workers=1,
        ticking=clock.ticking,
    )
    free, expected = 0.0, list[float]()  # Lindley's recursion: begin when due and free
    for moment, service in zip(due, services, strict=False):
        free = max(free, moment) + service
        expected.append(free - moment)
    assert found.latencies == pytest.approx(expected, abs=1e-9)


def test_the_ramp_finds_the_knee_and_the_first_error():
    clock = VirtualClock()

    def measure(rate: float) -> Step:
        due = arrivals(rate, 20.0, seed=4)
        began = clock.time

        def send(number: int) -> None:
            if clock.time - began - float(due[number]) > 2.0:
                raise UnavailableError("too late")
            clock.spend(0.01)  # it can answer 100 a second

        return step_of(
            open_loop(send, due, rate=rate, workers=1, ticking=clock.ticking)
        )

    knee = find_knee(climb(measure, start=10.0))
    assert knee.reached
    assert knee.per_s is not None
    assert 30 < knee.per_s < 100
    assert knee.first_error_per_s is not None
    assert knee.first_error_per_s > 100


def test_a_service_that_keeps_up_has_no_knee():
    steps = [Step(rate, rate, 100, 0, 0.001, 0.002, 0.003) for rate in (1.0, 2.0, 4.0)]
    knee = find_knee(steps)
    assert (knee.per_s, knee.first_error_per_s, knee.reached) == (4.0, None, False)
    behind = Step(8.0, 5.0, 100, 1, 0.001, 0.002, 0.003, behind=0.3)
    assert find_knee([*steps, behind]).first_error_per_s == 8.0
    assert find_knee([behind]).per_s is None


def test_as_many_as_it_can():
    clock = VirtualClock()
    found = closed_loop(lambda _: clock.spend(0.02), requests=50, ticking=clock.ticking)
    assert found.achieved == pytest.approx(50.0)


@pytest.mark.parametrize(("rate", "seconds"), [(0, 1), (-1, 1), (1, 0), (1e9, 1e9)])
def test_a_load_without_end_or_beginning_is_refused(rate: float, seconds: float):
    with pytest.raises(InvalidEventError):
        arrivals(rate, seconds)


def test_arrivals_keep_their_rate():
    due = arrivals(50.0, 200.0)
    assert due[0] == 0.0
    assert (np.diff(due) >= 0).all()
    assert len(due) / due[-1] == pytest.approx(50.0, rel=0.05)


def worked(steps: int) -> Any:
    """A function that works for a while, as long for each row."""

    def answer(rows: Any) -> list[float]:
        total = 0
        for n in range(steps):
            total += n * n
        return [float(total % 7)] * len(rows)

    return answer


def test_a_function_that_works_thrice_as_long_is_found():
    rows = read_rows(ports.table(3), ignore=["group"])
    # Seconds of this thread's own work: what else the machine does is not counted.
    own = Ticking(now=time.thread_time)
    found = run_benchmark(
        target_of(worked(6_000), name="slow", version=None),
        rows,
        load=Load(requests=200, resamples=100),
        baseline=target_of(worked(2_000), name="quick", version=None),
        ticking=own,
    )
    assert found.slower is True
    assert found.ratios[0].value > 1.3
    assert (found.requests, found.errors) == (600, 0)
    assert {"latency_us.p95", "baseline.latency_us.p95", "ratio.latency_us.p95"} <= {
        one.name for one in found.measured
    }
