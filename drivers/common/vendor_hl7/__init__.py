"""What HL7 v2 dialects with a vendor's own parameter codes share: rows by a table, messages, a listening dialogue."""
