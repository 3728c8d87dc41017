"""The uplink: the journal, told to the centre over MQTT as `gate/v1`."""
