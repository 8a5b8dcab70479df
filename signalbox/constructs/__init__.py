"""The infrastructure as CDK constructs, one for each capability."""
