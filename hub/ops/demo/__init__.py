"""``hub demo``: an embedded hub in a folder of its own, a synthetic city, three departments.

    folder       what lies where, and who may remove it
    cast         the departments and people of the story, and their passwords
    processes    the children, the signals, and that nothing is left running
    connector    a department's connector, driven as a process, as a department would
    api          the hub's routes for people, as somebody who has signed in
    wire         a signed request sent by hand: replayed, and changed on its way
    console      the auditor's browser
    telling      what is told in the terminal, and the expectations that are checked
    stage        all of this together
    acts         the story, one idea each
    story        the acts in their order, and what follows

Every step says what is expected and checks it; one that fails ends the demonstration.
"""
