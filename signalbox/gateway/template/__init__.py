"""Runs the WebSocket APIs of a CloudFormation template, written by `cdk synth` or by hand."""

from .gateway import TemplateGateway

__all__ = ["TemplateGateway"]
