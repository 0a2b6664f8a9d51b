"""Another program compacts a Delta table: small files become one; where there is nothing to compact, Z-order rewrites."""
import sys

import deltalake

table = deltalake.DeltaTable(sys.argv[1])
removed = table.optimize.compact()["numFilesRemoved"]
if removed == 0:
    partitions = table.metadata().partition_columns
    column = next(field.name for field in table.schema().fields if field.name not in partitions)
    removed = table.optimize.z_order([column])["numFilesRemoved"]
assert removed > 0, "the table was not rewritten"
print(table.version(), removed)
