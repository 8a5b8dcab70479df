"""What tests of an application are written with."""
