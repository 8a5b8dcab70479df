"""The prices of what a stage uses, in US dollars in us-east-1. This is the only table of prices.

Source: the services' price pages in 2025, first tier, no free tier. Prices differ in other regions.
"""

MESSAGE = 1.00e-6
"""API Gateway, WebSocket: a message of up to 32 KB, in either direction, posts to `@connections` included."""

CHEAPER_MESSAGE = 0.80e-6
CHEAPER_BEYOND = 1e9
"""The same, beyond so many in a month."""

CONNECTION_MINUTE = 0.25e-6
"""API Gateway, WebSocket: a minute of one connection."""

INVOCATION = 0.20e-6
"""Lambda: one invocation."""

GIGABYTE_SECOND = 13.3334e-6
"""Lambda on ARM: a gigabyte of memory for a second."""

READ_UNIT = 0.125e-6
WRITE_UNIT = 0.625e-6
"""DynamoDB on demand: a unit of reading, of writing."""

QUEUE_REQUEST = 0.40e-6
"""SQS: one call, or 64 KB of one."""

LOG_GIGABYTE = 0.50
"""CloudWatch Logs: a gigabyte taken in."""

ALARM = 0.10
"""CloudWatch: an alarm for a month, for each metric it looks at."""

METRIC = 0.30
"""CloudWatch: a metric of one's own, or a detailed one of API Gateway's, for a month."""

DASHBOARD = 3.00
"""CloudWatch: a dashboard for a month."""

SECRET = 0.40
"""Secrets Manager: a secret for a month."""
