"""Reads letters, one a file, with Python's own parser, and prints what a person
would see.
"""

import json
import sys
from email import message_from_binary_file, policy

def defects(part):
    found = [str(d) for d in part.defects]
    for header in part.values():
        found += [str(d) for d in getattr(header, "defects", ())]
    for inner in part.iter_parts() if part.is_multipart() else ():
        found += defects(inner)
    return found


def seen(file):
    with open(file, "rb") as f:
        letter = message_from_binary_file(f, policy=policy.default)
    return {
        "Headers": [[name, str(value)] for name, value in letter.items()],
        "Type": letter.get_content_type(),
        "Parts": [[p.get_content_type(), p.get_content()] for p in letter.iter_parts()],
        "Defects": defects(letter),
    }


json.dump([seen(file) for file in sys.argv[1:]], sys.stdout)
