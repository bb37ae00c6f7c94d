"""What the pump's words mean. Data only.

`PRIRATE` can be written under the same name, so it is what is set; that anything flows is not said by it. The pump's
display knows several units of rate (mL/h, mL/min, units, mg, ug per time), and the answer doesn't say which.
"""

from typing import Final

from drivers.vocabulary import Metric

RATE, STATUS = "PRIRATE", "STATUS"

METRICS: Final = {RATE: Metric.INFUSION_RATE_SET, STATUS: Metric.UNMAPPED}

# Answers of the pump that are no value.
ACCEPTED: Final = "ACK"
SAY_AGAIN: Final = "RESEND"
REFUSED: Final = "REJECT"  # something may follow it
