"""Pictures that are drawn: what stands where on a sheet, and its pixels."""
