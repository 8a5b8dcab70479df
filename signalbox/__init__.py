"""Real-time backends on Amazon API Gateway WebSockets: typed handlers, channels, a local gateway."""
