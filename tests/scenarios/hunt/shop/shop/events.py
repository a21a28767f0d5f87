"""Who wants to know of what."""


class Bus:
    """Tells every subscriber of a topic, in the order in which they came."""

    def __init__(self):
        self._listeners = {}

    def subscribe(self, topic, listener):
        """Returns a function that ends the subscription."""
        self._listeners.setdefault(topic, []).append(listener)

        def leave():
            self._listeners[topic].remove(listener)

        return leave

    def publish(self, topic, **facts):
        """Listeners may leave while they are told."""
        for listener in list(self._listeners.get(topic, ())):
            listener(**facts)
