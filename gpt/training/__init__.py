"""How a model learns: batches, loss, optimizer and the course of a run."""
