"""What students get wrong: a function for each kind looks at a case, and at the place of its error where that is known.

It gives what to say, or None when the case is not the one it knows.
"""
