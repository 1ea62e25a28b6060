"""The bench's rough world means the same, written as Gerrit writes it, as its facts mean."""

from __future__ import annotations

import random

from bench import rough
from bench.through import replayed
from bench.world import CI, REFERENCE, START, Mood, Traffic, always, tracked, world


def test_the_whole_path_says_of_a_rough_world_what_its_facts_say():
    """Stopped runs, cancelled references, rechecks and stacks included."""

    def breaks(day: float) -> Mood:
        return Mood(0.9, infra=0.9 if day >= 12 else 0.0)

    natures = [always(passes=0.9), breaks]
    made = world(random.Random(1), Traffic(20, 0.1, changes=rough.changes), natures, 16)
    letters = [said.letter for change in made for said in change.said[CI]]
    assert letters.count("A") > 5
    assert any(
        len({said.patch_set for said in change.said[REFERENCE]}) < len(change.uploads)
        for change in made
    )
    judged, _spent = replayed(made, len(natures))
    end = max(judged.until.values()).timestamp()
    for ci in range(CI, CI + len(natures)):
        pure = tracked(made, ci, (end - START) / 86_400)
        said = [(step.transition.name, step.transition.signal) for step in pure.steps]
        assert said == [
            (step.transition.name, step.transition.signal)
            for known_ci, step in judged.steps
            if known_ci.name == f"ci-{ci}"
        ]
        assert ("opened", "infra") in said if ci > CI else "infra" not in dict(said).values()
