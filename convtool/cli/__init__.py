"""The command line: parse, call one job, render. Heavy imports wait until a command runs."""
