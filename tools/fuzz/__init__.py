"""Damaged and hostile content of every kind that is read, thrown at whatever reads it: `python -m wordspot.tools.fuzz`.

Each kind is a module with `cases(rng)`, which yields (name, content) without end, and `run(content)`, which reads it: it
returns where the content is accepted and raises `WordspotError` where it is refused. Anything else is a fault: another
exception, something printed on standard output, a process that dies, or one that takes too long. `KINDS` lists the modules.
"""
