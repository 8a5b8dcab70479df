"""The Lambda functions of a stage, one module for each."""
