"""``mlledger run | model | release | deployment``: what the ledger knows of them."""

from __future__ import annotations

import typer

from projections.commands import (
    checkout,
    deployments,
    models,
    naming,
    releases,
    reproducing,
    runs,
    tagging,
)


def register(app: typer.Typer) -> None:
    """Add the groups ``run``, ``model``, ``release`` and ``deployment``."""
    run = typer.Typer(help="Training and other runs.")
    run.command("ls")(runs.run_ls)
    run.command("show")(runs.run_show)
    run.command("diff")(runs.run_diff)
    run.command("compare")(runs.run_compare)
    run.command("reproduce")(reproducing.run_reproduce)
    app.add_typer(run, name="run")
    model = typer.Typer(help="Models, their versions, and who can explain them.")
    model.command("ls")(models.model_ls)
    model.command("show")(models.model_show)
    model.command("checkout")(checkout.model_checkout)
    model.add_typer(naming.group(), name="alias")
    model.add_typer(tagging.group(), name="tag")
    app.add_typer(model, name="model")
    app.add_typer(releases.group(), name="release")
    deployment = typer.Typer(help="What ran where, when, and past which gates.")
    deployment.command("ls")(deployments.deployment_ls)
    deployment.command("at")(deployments.deployment_at)
    deployment.command("show")(deployments.deployment_show)
    app.add_typer(deployment, name="deployment")
