"""Runs the WebSocket APIs of a CloudFormation template, as `cdk synth` writes it or people do."""

from .gateway import TemplateGateway

__all__ = ["TemplateGateway"]
