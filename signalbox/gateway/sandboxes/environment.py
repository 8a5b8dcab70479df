"""The environment of a sandbox: the variables of Lambda, and none of the gateway's own.

So a developer's proxy, PYTHONPATH or AWS profile never reaches the function. Its AWS calls never reach an
account, because the credentials are dummies and every other source of credentials is switched off.
"""

import os
import sys
import time
import zlib
from collections.abc import Mapping

from .sandbox import Function

_ACCOUNT = "000000000000"


def sandbox_environment(function: Function, name: str) -> dict[str, str]:
    """Return the variables of the sandbox `name`. `function.environment` overrides the defaults."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "_HANDLER": function.handler,
        "LAMBDA_TASK_ROOT": str(function.task_root),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": name,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **function.environment,
    }


def invocation_headers(environment: Mapping[str, str], request_id: str, timeout: float) -> dict[str, str]:
    """Return the headers of Lambda's Runtime API for an invocation with `timeout` seconds from now."""
    # The function computes its remaining time from this and from the wall clock.
    now = time.time()
    region, name = environment["AWS_REGION"], environment["AWS_LAMBDA_FUNCTION_NAME"]
    return {
        "Lambda-Runtime-Aws-Request-Id": request_id,
        "Lambda-Runtime-Deadline-Ms": str(int((now + timeout) * 1000)),
        "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:{region}:{_ACCOUNT}:function:{name}",
        "Lambda-Runtime-Trace-Id": f"Root=1-{int(now):08x}-{zlib.crc32(request_id.encode()):024x};Sampled=0",
    }
