"""The other end of the wire: patients and pumps as functions of time, spoken in each family's bytes."""
