"""Cases 办件: opened and handled at the hub, each answer held against what it rests on."""
