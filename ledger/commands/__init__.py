"""One module per group of commands; each is thin: parse, call, print."""
