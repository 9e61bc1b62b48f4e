"""Where measurements come from: sample plant, CSV files. Each calls ``HubApi.submit`` only."""
