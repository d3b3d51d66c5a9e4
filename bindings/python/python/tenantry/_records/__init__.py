"""What operations take and answer, by area: the native half makes records in the order of their fields.

Making a dataclass takes longer than most operations, so a program waits only for the areas that it uses.
"""
