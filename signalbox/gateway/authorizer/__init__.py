"""The Lambda authorizer in front of `$connect`."""
