"""From `cdk.json` and the command line to a cloud assembly."""

from collections.abc import Mapping

from aws_cdk import App, Environment, Validations, region_info
from aws_cdk import aws_lambda as lambda_
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from signalbox.constructs.bundling import HERE, LAMBDA, ROOT, bundle
from signalbox.constructs.stage import Stage, read_stage, settle

from .stack import RealtimeStack

ASSETS = ROOT / "build" / "assets"


def synthesize(environ: Mapping[str, str]) -> None:
    """Write the assembly of the stage that the context names. Raises CdkError, and what cdk-nag finds."""
    app = App()
    stage = read_stage(app.node.get_context("stages"), app.node.get_context("stage"))
    regions = frozenset(region.name for region in region_info.RegionInfo.regions)
    env = Environment(**settle(stage, environ, regions))
    emulator = app.node.try_get_context("emulator")
    RealtimeStack(app, stage=stage, code=_assets(stage, emulator), env=env, emulator=emulator)
    check(app)
    app.synth()


def check(app: App) -> None:
    """Have every synth of `app` fail on a finding that nobody acknowledged."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))


def _assets(stage: Stage, emulator: str | None) -> dict[str, lambda_.Code]:
    target = HERE if emulator else LAMBDA
    extras: dict[str, tuple[str, ...]] = {"websocket": (), "authorizer": ("authorizer",)}
    return {
        name: lambda_.Code.from_asset(
            str(bundle(ASSETS / name, *extra, target=target, bytecode=stage.bytecode))
        )
        for name, extra in extras.items()
    }
