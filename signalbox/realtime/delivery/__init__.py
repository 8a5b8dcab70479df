"""From a frame to its recipients: inside the event, through the queue, or by a worker."""
