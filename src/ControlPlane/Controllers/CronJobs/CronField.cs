using System.Globalization;

namespace Dataplane.ControlPlane.Controllers.CronJobs;

/// <summary>One of the five fields of a schedule: the values it names. Grammar and texts of upstream's library (robfig/cron v3).</summary>
/// <param name="Bits">Bit n is set when n matches.</param>
/// <param name="IsStar">Written as <c>*</c> or <c>?</c>: no restriction. Of day and weekday, only written ones count.</param>
internal readonly record struct CronField(ulong Bits, bool IsStar)
{
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    public static CronField Minute(string text) => Parse(text, 0, 59, [], 0);

    public static CronField Hour(string text) => Parse(text, 0, 23, [], 0);

    public static CronField Day(string text) => Parse(text, 1, 31, [], 0);

    public static CronField Month(string text) => Parse(text, 1, 12, Months, 1);

    public static CronField Weekday(string text) => Parse(text, 0, 6, Weekdays, 0);

    public bool Matches(int value) => (Bits & (1UL << value)) != 0;

    /// <exception cref="FormatException">Says what is wrong.</exception>
    private static CronField Parse(string text, int min, int max, string[] names, int firstName)
    {
        var (bits, star) = (0UL, false);
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var (partBits, partStar) = Range(part, min, max, names, firstName);
            bits |= partBits;
            star |= partStar;
        }

        return new CronField(bits, star);
    }

    private static (ulong Bits, bool Star) Range(string text, int min, int max, string[] names, int firstName)
    {
        var steps = text.Split('/');
        var ends = steps[0].Split('-');
        var single = ends.Length == 1;
        var (low, high, star) = (min, max, ends[0] is "*" or "?");
        if (!star)
        {
            low = Value(ends[0], names, firstName);
            high = ends.Length switch
            {
                1 => low,
                2 => Value(ends[1], names, firstName),
                _ => throw new FormatException($"too many hyphens: {text}"),
            };
        }

        var step = 1;
        if (steps.Length > 2)
        {
            throw new FormatException($"too many slashes: {text}");
        }

        if (steps.Length == 2)
        {
            step = Number(steps[1]);
            // "5/15" means from 5 on, every 15.
            high = single && !star ? max : high;
            star &= step <= 1;
        }

        Check(text, min, max, low, high, step);
        var bits = 0UL;
        for (var value = low; value <= high; value += step)
        {
            bits |= 1UL << value;
        }

        return (bits, star);
    }

    private static void Check(string text, int min, int max, int low, int high, int step)
    {
        if (low < min)
        {
            throw new FormatException($"beginning of range ({low}) below minimum ({min}): {text}");
        }

        if (high > max)
        {
            throw new FormatException($"end of range ({high}) above maximum ({max}): {text}");
        }

        if (low > high)
        {
            throw new FormatException($"beginning of range ({low}) beyond end of range ({high}): {text}");
        }

        if (step == 0)
        {
            throw new FormatException($"step of range should be a positive number: {text}");
        }
    }

    private static int Value(string text, string[] names, int firstName)
    {
        var name = Array.FindIndex(names, candidate => candidate.Equals(text, StringComparison.OrdinalIgnoreCase));
        return name >= 0 ? name + firstName : Number(text);
    }

    private static int Number(string text)
    {
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            throw new FormatException($"failed to parse int from {text}: strconv.Atoi: parsing \"{text}\": invalid syntax");
        }

        return number >= 0 ? number : throw new FormatException($"negative number ({number}) not allowed: {text}");
    }
}
