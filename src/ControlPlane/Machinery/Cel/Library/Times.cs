using System.Globalization;
using System.Text.RegularExpressions;
using Dataplane.Api;

namespace Dataplane.ControlPlane.Machinery.Cel.Library;

/// <summary>Timestamps and durations, and the parts of them.</summary>
internal static partial class Times
{
    private static readonly (string Name, Func<DateTimeOffset, int> Read)[] Parts =
    [
        ("getFullYear", time => time.Year), ("getMonth", time => time.Month - 1), ("getDayOfYear", time => time.DayOfYear - 1),
        ("getDayOfMonth", time => time.Day - 1), ("getDate", time => time.Day), ("getDayOfWeek", time => (int)time.DayOfWeek),
        ("getHours", time => time.Hour), ("getMinutes", time => time.Minute), ("getSeconds", time => time.Second),
        ("getMilliseconds", time => time.Millisecond),
    ];

    public static IEnumerable<CelOverload> All { get; } =
    [
        .. Parts.Select(part => new CelOverload($".{part.Name}", "(timestamp) -> int", (values, _) => (long)part.Read((DateTimeOffset)values[0]!))),
        .. Parts.Select(part => new CelOverload(
            $".{part.Name}", "(timestamp, string) -> int", (values, _) => (long)part.Read(InZone((DateTimeOffset)values[0]!, (string)values[1]!)))),
        new(".getHours", "(duration) -> int", (values, _) => (long)((TimeSpan)values[0]!).TotalHours),
        new(".getMinutes", "(duration) -> int", (values, _) => (long)((TimeSpan)values[0]!).TotalMinutes),
        new(".getSeconds", "(duration) -> int", (values, _) => (long)((TimeSpan)values[0]!).TotalSeconds),
        new(".getMilliseconds", "(duration) -> int", (values, _) => (long)((TimeSpan)values[0]!).Milliseconds),
        new("_+_", "(timestamp, duration) -> timestamp", (values, _) => Move((DateTimeOffset)values[0]!, (TimeSpan)values[1]!)),
        new("_+_", "(duration, timestamp) -> timestamp", (values, _) => Move((DateTimeOffset)values[1]!, (TimeSpan)values[0]!)),
        new("_+_", "(duration, duration) -> duration", (values, _) => Sum((TimeSpan)values[0]!, (TimeSpan)values[1]!)),
        new("_-_", "(timestamp, timestamp) -> duration", (values, _) => (DateTimeOffset)values[0]! - (DateTimeOffset)values[1]!),
        new("_-_", "(timestamp, duration) -> timestamp", (values, _) => Move((DateTimeOffset)values[0]!, -(TimeSpan)values[1]!)),
        new("_-_", "(duration, duration) -> duration", (values, _) => Sum((TimeSpan)values[0]!, -(TimeSpan)values[1]!)),
        new("-_", "(duration) -> duration", (values, _) => -(TimeSpan)values[0]!),
    ];

    public static DateTimeOffset Timestamp(string text) =>
        TimestampPattern().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : throw new CelException($"type conversion error from 'string' to 'google.protobuf.Timestamp': \"{text}\"");

    public static DateTimeOffset Timestamp(long seconds) =>
        seconds >= DateTimeOffset.MinValue.ToUnixTimeSeconds() && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : throw new CelException("timestamp overflow");

    public static TimeSpan Duration(string text)
    {
        try
        {
            return text.StartsWith('-') ? -GoDuration.Parse(text[1..]) : GoDuration.Parse(text.StartsWith('+') ? text[1..] : text);
        }
        catch (Exception error) when (error is FormatException or OverflowException)
        {
            throw new CelException($"type conversion error from 'string' to 'google.protobuf.Duration': \"{text}\"");
        }
    }

    public static string Show(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    /// <summary>Seconds, as protobuf shows a duration.</summary>
    public static string Show(TimeSpan duration) => $"{((decimal)duration.Ticks / TimeSpan.TicksPerSecond).ToString("0.#######", CultureInfo.InvariantCulture)}s";

    private static DateTimeOffset Move(DateTimeOffset time, TimeSpan by)
    {
        try
        {
            return time + by;
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new CelException("timestamp overflow");
        }
    }

    private static TimeSpan Sum(TimeSpan left, TimeSpan right)
    {
        try
        {
            return left + right;
        }
        catch (OverflowException)
        {
            throw new CelException("duration overflow");
        }
    }

    /// <summary>A zone by name, or an offset such as +02:00.</summary>
    private static DateTimeOffset InZone(DateTimeOffset time, string zone)
    {
        if (OffsetPattern().Match(zone) is { Success: true } offset)
        {
            var by = new TimeSpan(
                int.Parse(offset.Groups[2].Value, CultureInfo.InvariantCulture), int.Parse(offset.Groups[3].Value, CultureInfo.InvariantCulture), 0);
            return time.ToOffset(offset.Groups[1].Value == "-" ? -by : by);
        }

        try
        {
            return TimeZoneInfo.ConvertTime(time, TimeZoneInfo.FindSystemTimeZoneById(zone));
        }
        catch (Exception error) when (error is TimeZoneNotFoundException or InvalidTimeZoneException or ArgumentException)
        {
            throw new CelException($"unknown time zone {zone}");
        }
    }

    [GeneratedRegex(@"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})\z")]
    private static partial Regex TimestampPattern();

    [GeneratedRegex(@"^([+-]?)([01]\d):([0-5]\d)\z")]
    private static partial Regex OffsetPattern();
}
