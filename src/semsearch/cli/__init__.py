"""The command line: one file a noun; a command parses, calls a job and hands the result to `output`."""
