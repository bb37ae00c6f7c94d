"""What all HL7 v2 families share: MLLP framing, character sets, segments, values, timestamps, acknowledgements."""
