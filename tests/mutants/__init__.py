"""Deliberate faults of the gateware, compiler, golden model and driver, and whether the tests
notice them: `make mutants`.

```
    lists (file, expression, replacement) -> rewrite -> one copy of the packages that holds every fault
                                                            | a number in the environment chooses one
                                             runner: pytest on the relevant part of the fast suite -> killed, survived
```
"""
