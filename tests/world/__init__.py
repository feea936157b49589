"""A real small world: a hub with real keys, certificates, records and ledger, and who asks it.

town.py     founds it, copies it for each test, and opens its hub in-process
asking.py   a department's connector: what it signs, and what it checks of an answer
serving.py  the same hub as its own command and processes on loopback
at_terminal.py  ``hub`` as people use it against a serving hub, signed in
forging.py  signed requests as an attacker would have them
time.py     the clock that tests move
"""
