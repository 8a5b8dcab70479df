"""What a Lambda entry point is made of, one module for each function of a stage."""
