"""The deck's command line: the verbs of the shell, run over the deck's own session."""
