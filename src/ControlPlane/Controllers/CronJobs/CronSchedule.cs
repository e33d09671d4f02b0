using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.CronJobs;

/// <summary>
/// When a cron job runs: minute, hour, day, month, weekday, or a word. When day and weekday are both restricted, either will do.
/// Semantics and texts of upstream's library (robfig/cron v3, standard parser).
/// </summary>
internal sealed class CronSchedule
{
    /// <summary>A day that never comes (30 February) is looked for no further.</summary>
    private const int MaxYears = 5;

    private readonly CronField _minute;
    private readonly CronField _hour;
    private readonly CronField _day;
    private readonly CronField _month;
    private readonly CronField _weekday;
    private readonly TimeSpan? _every;

    private CronSchedule(CronField minute, CronField hour, CronField day, CronField month, CronField weekday) =>
        (_minute, _hour, _day, _month, _weekday) = (minute, hour, day, month, weekday);

    private CronSchedule(TimeSpan every) => _every = every;

    /// <summary>Reads a schedule.</summary>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static CronSchedule Parse(string text)
    {
        if (text.Length == 0)
        {
            throw new FormatException("empty spec string");
        }

        if (text[0] == '@')
        {
            return Word(text);
        }

        var fields = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return fields.Length == 5
            ? new CronSchedule(
                CronField.Minute(fields[0]), CronField.Hour(fields[1]), CronField.Day(fields[2]), CronField.Month(fields[3]), CronField.Weekday(fields[4]))
            : throw new FormatException($"expected exactly 5 fields, found {fields.Length}: [{string.Join(' ', fields)}]");
    }

    /// <summary>The first time after another; null when there is none within five years.</summary>
    /// <param name="after">Any time.</param>
    /// <param name="zone">Where the clock hangs that the schedule is read from.</param>
    public DateTimeOffset? Next(DateTimeOffset after, TimeZoneInfo zone)
    {
        var time = new DateTimeOffset(after.UtcTicks - (after.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
        if (_every is { } every)
        {
            return time + every;
        }

        time = FullMinute(time + TimeSpan.FromSeconds(1));
        var limit = Local(time, zone).Year + MaxYears;
        while (true)
        {
            var local = Local(time, zone);
            if (local.Year > limit)
            {
                return null;
            }

            if (!_month.Matches(local.Month))
            {
                time = Start(new DateTime(local.Year, local.Month, 1).AddMonths(1), zone);
            }
            else if (!DayMatches(local))
            {
                time = Start(local.Date.AddDays(1), zone);
            }
            else if (!_hour.Matches(local.Hour))
            {
                // In absolute time: an hour the clock skips is not there, one it repeats comes twice.
                time += TimeSpan.FromMinutes(60 - local.Minute);
            }
            else if (!_minute.Matches(local.Minute))
            {
                time += TimeSpan.FromMinutes(1);
            }
            else
            {
                return time;
            }
        }
    }

    private static CronSchedule Word(string text) => text switch
    {
        "@yearly" or "@annually" => Parse("0 0 1 1 *"),
        "@monthly" => Parse("0 0 1 * *"),
        "@weekly" => Parse("0 0 * * 0"),
        "@daily" or "@midnight" => Parse("0 0 * * *"),
        "@hourly" => Parse("0 * * * *"),
        _ when text.StartsWith("@every ", StringComparison.Ordinal) => new CronSchedule(Every(text["@every ".Length..], text)),
        _ => throw new FormatException($"unrecognized descriptor: {text}"),
    };

    /// <summary>Whole seconds, one at least.</summary>
    private static TimeSpan Every(string duration, string text)
    {
        try
        {
            return TimeSpan.FromSeconds(Math.Max(1, Math.Floor(GoDuration.Parse(duration).TotalSeconds)));
        }
        catch (FormatException)
        {
            throw new FormatException($"failed to parse duration {text}: time: invalid duration \"{duration}\"");
        }
    }

    private static DateTimeOffset FullMinute(DateTimeOffset time)
    {
        var rest = time.UtcTicks % TimeSpan.TicksPerMinute;
        return rest == 0 ? time : time.AddTicks(TimeSpan.TicksPerMinute - rest);
    }

    private static DateTime Local(DateTimeOffset time, TimeZoneInfo zone) => TimeZoneInfo.ConvertTime(time, zone).DateTime;

    /// <summary>The moment a day begins; where clocks are put forward at midnight, that is later.</summary>
    private static DateTimeOffset Start(DateTime day, TimeZoneInfo zone)
    {
        while (zone.IsInvalidTime(day))
        {
            day = day.AddMinutes(30);
        }

        // Of a midnight that comes twice, the first.
        var offset = zone.IsAmbiguousTime(day) ? zone.GetAmbiguousTimeOffsets(day).Max() : zone.GetUtcOffset(day);
        return new DateTimeOffset(day, offset).ToUniversalTime();
    }

    private bool DayMatches(DateTime local)
    {
        var (day, weekday) = (_day.Matches(local.Day), _weekday.Matches((int)local.DayOfWeek));
        return _day.IsStar || _weekday.IsStar ? day && weekday : day || weekday;
    }
}
