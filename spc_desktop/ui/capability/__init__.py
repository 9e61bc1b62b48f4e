"""The capability screen: ranked list, six panels, verdict, what-if, and the pack for the customer."""
