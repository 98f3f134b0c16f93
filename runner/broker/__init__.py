"""The broker: the one process that may talk to the container engine, and it can only make sandboxes.

Whoever holds the engine's socket is root on the host, so no process that handles requests or events holds it. The
broker builds every container's configuration itself; what a worker may say is a runtime, a size, and which of its own
containers to limit or to end.

| module | what it is |
|---|---|
| ``protocol`` | one request and one answer over a Unix socket; both sides use it |
| ``containers`` | pure: the configuration of a container |
| ``engine`` | the container engine's API, each call with a time-out |
| ``slots`` | slot numbers, their users, their folders |
| ``wire`` | a socket in such a folder, which carries what the engine would carry |
| ``service`` | what may be asked, and the books of who holds what |
| ``server`` | the socket and its threads |
"""
