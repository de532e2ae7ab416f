"""One call, decided: what can happen to it, what follows, how it ends."""
