"""Planning for a small model: which functions the brief asks for, and nothing more."""

from samokoder.agents.generate import tech_lead
from samokoder.agents.generate.plan import Plan
from samokoder.agents.generate.project import Project
from samokoder.agents.runs.context import Run


async def plan(run: Run, project: Project) -> Plan:
    """One task of few small files."""
    return await tech_lead.cut(run, project, project.brief[:60], "", "")
