"""Whether a failed job says something of the change: reasons that are added up.

`evidence` collects what is known about one failure, `reasons` is the table of
what each fact weighs, `weigh` adds the weights up to a verdict. docs/judgement.md
tells how the weights were fitted and how well they do.
"""
