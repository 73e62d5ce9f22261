"""Generators: a few numbers, each as likely as the next, -> a picture of what the generator has learnt to draw.

`base` says what one is, `coordinates` is the kind that `creativity train cppn` teaches, `lessons` how it does.
"""
