"""Prints the next fires of cron lines as the package croniter finds them: zone, start, count, then the lines."""
import datetime
import json
import sys
import zoneinfo

from croniter import croniter

zone, start, count, *lines = sys.argv[1:]
start = datetime.datetime.fromisoformat(start).astimezone(zoneinfo.ZoneInfo(zone))
fires = {}
for line in lines:
    times = croniter(line, start)
    fires[line] = [int(times.get_next(datetime.datetime).timestamp()) for _ in range(int(count))]
print(json.dumps(fires))
