"""From `cdk.json` and the command line to a cloud assembly."""

from collections.abc import Callable, Mapping
from pathlib import Path

from aws_cdk import App, Environment, Stack, Validations, region_info
from aws_cdk import aws_lambda as lambda_
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from .backend import RealtimeBackend
from .bundling import AUTHORIZER_LOCK, FUNCTIONS_LOCK, HERE, LAMBDA, bundle
from .deployment import DeploymentSettings
from .stage import Stage, read_stage, settle

MakeStack = Callable[[App, DeploymentSettings], Stack]
"""A stack's class, which takes its scope and the input."""

LOCKS = {"websocket": FUNCTIONS_LOCK, "authorizer": AUTHORIZER_LOCK}


def synthesize(
    make_stack: MakeStack, environ: Mapping[str, str], root: Path | None = None, app: App | None = None
) -> None:
    """Write the assembly of the stage that the context names.

    `root` is the folder of `cdk.json`, where the CDK runs its app: by default the current one. `app` is by
    default a new one, with the context and the output folder that the CDK's command sets. Raises CdkError,
    and what cdk-nag finds.
    """
    app = app or App()
    make_stack(app, _deployment(app, environ, root or Path.cwd()))
    for construct in app.node.find_all():
        if isinstance(construct, RealtimeBackend):
            construct.check()
    check(app)
    app.synth()


def check(app: App) -> None:
    """Have every synth of `app` fail on a finding that nobody acknowledged."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))


def _deployment(app: App, environ: Mapping[str, str], root: Path) -> DeploymentSettings:
    context = app.node
    stage = read_stage(
        context.get_context("stages"), context.get_context("stage"), context.try_get_context("name")
    )
    regions = frozenset(region.name for region in region_info.RegionInfo.regions)
    env = Environment(**settle(stage, environ, regions))
    emulator = context.try_get_context("emulator")
    return DeploymentSettings(stage, _code(stage, root, emulated=emulator is not None), env, emulator)


def _code(stage: Stage, root: Path, *, emulated: bool) -> dict[str, lambda_.Code]:
    target = HERE if emulated else LAMBDA
    code: dict[str, lambda_.Code] = {}
    for name, lock in LOCKS.items():
        folder = root / "build" / "assets" / name
        bundle(folder, application_root=root, lock=lock, target=target, bytecode=stage.bytecode)
        code[name] = lambda_.Code.from_asset(str(folder))
    return code
