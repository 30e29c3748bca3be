"""How an event loop fares: a Tornado server whose table is updated all the time, with many websocket clients."""
