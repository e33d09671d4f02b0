using System.Globalization;
using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.CronJobs;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.ControlPlane.Tests.Controllers;

public sealed class CronScheduleTests
{
    /// <summary>The schedule, the zone, a time, and the starts that follow it in that zone's clock.</summary>
    public static TheoryData<string, string, string, string> Starts => new()
    {
        { "*/15 * * * *", "UTC", "2026-01-01T00:00:00Z", "01-01 00:15, 01-01 00:30, 01-01 00:45, 01-01 01:00" },
        { "0 0 1 1 *", "UTC", "2026-01-01T00:00:00Z", "01-01 00:00" },
        { "30 8 * * mon-fri", "UTC", "2026-01-02T09:00:00Z", "01-05 08:30, 01-06 08:30" },
        { "5/20 9,17 * * *", "UTC", "2026-01-01T09:30:00Z", "01-01 09:45, 01-01 17:05, 01-01 17:25" },
        // Day and weekday both given: either will do. With a star, or a star with steps, as the library has it.
        { "0 12 13 * fri", "UTC", "2026-02-01T00:00:00Z", "02-06 12:00, 02-13 12:00, 02-20 12:00" },
        { "0 12 */10 * fri", "UTC", "2026-02-01T00:00:00Z", "02-01 12:00, 02-06 12:00, 02-11 12:00" },
        { "0 12 ? * 0", "UTC", "2026-02-01T13:00:00Z", "02-08 12:00" },
        { "0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "02-29 00:00" },
        { "0 0 31 FEB *", "UTC", "2026-01-01T00:00:00Z", "never" },
        { "@hourly", "UTC", "2026-01-01T00:59:59Z", "01-01 01:00" },
        { "@weekly", "UTC", "2026-01-01T00:00:00Z", "01-04 00:00" },
        { "@every 90s", "UTC", "2026-01-01T00:00:00Z", "01-01 00:01, 01-01 00:03" },
        { "30 9 * * *", "America/New_York", "2026-01-01T00:00:00Z", "01-01 09:30" },
        { "30 9 * * *", "Asia/Kolkata", "2026-01-01T04:00:00Z", "01-02 09:30" },
        // The hour from two to three is not there on 8 March, and there twice on 1 November.
        { "30 2 * * *", "America/New_York", "2026-03-08T00:00:00Z", "03-09 02:30" },
        { "30 1 * * *", "America/New_York", "2026-11-01T00:00:00Z", "11-01 01:30, 11-01 01:30, 11-02 01:30" },
        // Where clocks are put forward at midnight the day begins later.
        { "0 * 5 9 *", "America/Santiago", "2026-09-05T00:00:00Z", "09-05 00:00" },
        { "0 0 6 9 *", "America/Santiago", "2026-09-01T00:00:00Z", "09-06 00:00" },
    };

    [Theory]
    [MemberData(nameof(Starts))]
    public void Starts_are_where_upstreams_library_has_them(string text, string zoneName, string after, string expected)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(zoneName);
        var schedule = CronSchedule.Parse(text);
        DateTimeOffset? time = DateTimeOffset.Parse(after, CultureInfo.InvariantCulture);
        foreach (var start in expected.Split(", "))
        {
            time = schedule.Next(time!.Value, zone);
            Assert.Equal(start, time is { } found ? TimeZoneInfo.ConvertTime(found, zone).ToString("MM-dd HH:mm", CultureInfo.InvariantCulture) : "never");
        }
    }

    [Theory]
    [InlineData("", "empty spec string")]
    [InlineData("* * * *", "expected exactly 5 fields, found 4: [* * * *]")]
    [InlineData("60 * * * *", "end of range (60) above maximum (59): 60")]
    [InlineData("* * 0 * *", "beginning of range (0) below minimum (1): 0")]
    [InlineData("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1")]
    [InlineData("*/0 * * * *", "step of range should be a positive number: */0")]
    [InlineData("1-2-3 * * * *", "too many hyphens: 1-2-3")]
    [InlineData("1/2/3 * * * *", "too many slashes: 1/2/3")]
    [InlineData("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax")]
    [InlineData("* * * * 7", "end of range (7) above maximum (6): 7")]
    [InlineData("@often", "unrecognized descriptor: @often")]
    [InlineData("@every x", "failed to parse duration @every x: time: invalid duration \"x\"")]
    public void What_is_wrong_is_said_in_upstreams_words(string text, string expected) =>
        Assert.Equal(expected, Assert.Throws<FormatException>(() => CronSchedule.Parse(text)).Message);

    [Fact]
    public void Any_text_is_read_or_refused_with_a_reason() =>
        Prop.ForAll(Gen.ArrayOf(Gen.Elements("* /-,0159?@ adejmnoruy".ToCharArray())).ToArbitrary(), letters =>
        {
            try
            {
                return CronSchedule.Parse(new string(letters)).Next(DateTimeOffset.UnixEpoch, TimeZoneInfo.Utc) is null or { Ticks: > 0 };
            }
            catch (FormatException refusal)
            {
                return refusal.Message.Length > 0;
            }
        }).QuickCheckThrowOnFailure();

    /// <summary>Seconds since the last start was due (created at zero), the starting deadline, the minute that is due, too many missed.</summary>
    [Theory]
    [InlineData(59, null, null, false)]
    [InlineData(60, null, 1, false)]
    [InlineData(150, null, 2, false)]
    [InlineData(6000, null, 100, false)]
    [InlineData(6060, null, 101, true)]
    [InlineData(60 * 60 * 24 * 365, null, 60 * 24 * 365, true)]
    [InlineData(60 * 60 * 24, 200L, 60 * 24, false)]
    [InlineData(150, 20L, null, false)]
    public void The_latest_missed_start_is_made_up_for(int seconds, long? deadline, int? minute, bool tooMany)
    {
        var created = DateTimeOffset.UnixEpoch;
        var job = new CronJob
        {
            Metadata = new ObjectMeta { CreationTimestamp = created },
            Spec = new CronJobSpec { Schedule = "* * * * *", StartingDeadlineSeconds = deadline },
        };
        var timing = CronTiming.Of(job, CronSchedule.Parse(job.Spec.Schedule), TimeZoneInfo.Utc, created.AddSeconds(seconds));
        Assert.Equal(minute, timing.Due is { } due ? (int)(due - created).TotalMinutes : null);
        Assert.Equal(tooMany, timing.TooMany);
    }
}
