"""Answers at the terminal: what is printed, and questions one after another."""
