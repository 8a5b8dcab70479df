"""The authorizer in front of `$connect`: when it is asked, and what its answer allows."""
