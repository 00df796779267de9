"""Run `python -m benchmarks.experiment`: false positives, power and sample ratio of simulated experiments (20 s)."""

import sys
import time
from dataclasses import asdict, replace

from benchmarks.experiment import looking, simulation
from benchmarks.experiment.real_days import DEMO_PAIR, load
from processing.experiment.plan import Plan, SampleRatioPlan
from processing.experiment.sample_ratio import requests_needed

_EXPERIMENTS = 2000
_EFFECTS = ((DEMO_PAIR, 0.05), (DEMO_PAIR, 0.03), (0, 0.02))
_SAMPLE_RATIO_POWER = 0.95


def main() -> int:
    """Print the figures and draw the picture; exit code 1 where a promise is broken."""
    started, days, plan = time.process_time(), load(), Plan("simulated")
    wrong = simulation.false_positives(days, plan, _EXPERIMENTS)
    print(
        f"A/A, {wrong.experiments} experiments of {plan.maximum_days} days, {wrong.looks} looks each; wrong verdicts:"
    )
    for name, share in asdict(wrong).items():
        if isinstance(share, float):
            print(f"  {name:<16}{100 * share:6.2f} %")
    kept = [wrong.any <= plan.alpha]
    for pair, effect in _EFFECTS:
        agreed = simulation.planned(days, replace(plan, minimum_effect=effect), pair)
        power = simulation.power(days, agreed, _EXPERIMENTS, pair=pair)
        kept.append(power.found >= plan.power)
        print(
            f"effect {effect:g}, planned {power.planned_days} days: found in {100 * power.found:.1f} %, "
            f"half of them after {power.median_days:.0f} days, wrong way {100 * power.wrong_way:.2f} %"
        )
    kept.append(_sample_ratio(plan))
    skewed = simulation.false_positives(days, plan, _EXPERIMENTS, pair=DEMO_PAIR)
    print(f"stress, days of a very different pair made equal on average: {100 * skewed.quality:.1f} % (docs: limits)")
    looking.PICTURE.write_text(looking.picture(days, plan, _EXPERIMENTS), encoding="utf-8")
    print(f"{time.process_time() - started:.1f} s of CPU; drew {looking.PICTURE.name}")
    return 0 if all(kept) else 1


def _sample_ratio(plan: Plan) -> bool:
    kept = True
    for share in (0.5, 0.25, 0.05):
        requests = requests_needed(share, mismatch=0.01, alpha=plan.sample_ratio_alpha, power=_SAMPLE_RATIO_POWER)
        agreed = replace(plan, sample_ratio=SampleRatioPlan(0.01, requests))
        found = [simulation.mismatch_found(agreed, share, shift, _EXPERIMENTS) for shift in (0.01, -0.01, 0.0)]
        kept = kept and min(found[:2]) >= _SAMPLE_RATIO_POWER and found[2] <= plan.sample_ratio_alpha * 3
        shown = ", ".join(f"{100 * value:.2f} %" for value in found)
        print(f"share {share:g}, {requests:,} requests: mismatch of +1, -1, 0 points found in {shown}")
    return kept


if __name__ == "__main__":
    sys.exit(main())
