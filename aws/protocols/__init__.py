"""The wire protocols, driven by the service models: how an operation's input is read and its output written."""
