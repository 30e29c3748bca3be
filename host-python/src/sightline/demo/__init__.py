"""A small live server to look at: `python -m sightline.demo`.

It is also the shortest complete example of serving tables: `server.py` fills two tables, keeps one of them
moving and answers websockets with `sightline.handlers.tornado`. It needs Tornado, which the package itself
does not.
"""

__all__: list[str] = []
