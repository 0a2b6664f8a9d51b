"""Prints whether every day of some years works, as the package chinesecalendar knows it: {"2026-01-01": false, …}."""
import datetime
import json
import sys

import chinese_calendar

days = {}
for year in map(int, sys.argv[1:]):
    day = datetime.date(year, 1, 1)
    while day.year == year:
        days[day.isoformat()] = chinese_calendar.is_workday(day)
        day += datetime.timedelta(days=1)
print(json.dumps(days))
