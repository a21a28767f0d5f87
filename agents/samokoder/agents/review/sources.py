"""Which sources of findings a review asks, none of them a model."""

from collections.abc import Sequence

from samokoder.agents.repair.workshop import Tools
from samokoder.agents.review.analysers.bandit import BanditSource
from samokoder.agents.review.analysers.project import ProjectSource
from samokoder.agents.review.analysers.ruff import RuffSource
from samokoder.agents.review.defects.confirming import ExamplesSource
from samokoder.agents.review.defects.source import DefectSource
from samokoder.agents.review.defects.testing import FailingTestsSource
from samokoder.agents.review.remembering import Remembered
from samokoder.agents.review.request import ReviewRequest
from samokoder.agents.review.review import Sources
from samokoder.agents.review.source import Source
from samokoder.agents.review.taint.source import TaintSource
from samokoder.agents.runs.context import Run


def static_sources(tools: Tools) -> Sources:
    """The sources of this package. Those that run the project's own programs are asked only where
    the user trusts the workspace.
    """

    async def chosen(run: Run, request: ReviewRequest) -> Sequence[Source]:
        alone = (TaintSource(), DefectSource(), RuffSource(), BanditSource(tools.pool))
        found: list[Source] = [Remembered(source) for source in alone]
        if request.commands:
            workshop = await tools.workshop(run.settings)
            found += [
                ProjectSource(workshop, run.settings),
                ExamplesSource(workshop, run.settings),
                FailingTestsSource(workshop, run.settings),
            ]
        return found

    return chosen
