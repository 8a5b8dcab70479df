"""What runs a function: processes like Lambda's, or this process under a debugger."""
