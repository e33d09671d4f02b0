using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Dataplane.Kubelet.Server;

/// <summary>The query of a request for a container's log.</summary>
internal sealed record LogOptions
{
    public bool Follow { get; init; }
    public bool Previous { get; init; }
    public bool Timestamps { get; init; }

    /// <summary>Only the last so many lines; null for all.</summary>
    public long? TailLines { get; init; }

    /// <summary>Only lines from this time on.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>At most so many bytes; null for all.</summary>
    public long? LimitBytes { get; init; }

    /// <exception cref="FormatException">A value that is none; the message names the parameter.</exception>
    internal static LogOptions Parse(IQueryCollection query, DateTimeOffset now)
    {
        var since = Number("sinceSeconds") is { } seconds ? now.AddSeconds(-seconds) : (DateTimeOffset?)null;
        if (query["sinceTime"].ToString() is { Length: > 0 } text)
        {
            since = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
                ? time
                : throw new FormatException($"sinceTime: invalid time \"{text}\"");
        }

        return new LogOptions
        {
            Follow = Flag("follow"),
            Previous = Flag("previous"),
            Timestamps = Flag("timestamps"),
            TailLines = Number("tailLines"),
            LimitBytes = Number("limitBytes"),
            Since = since,
        };

        bool Flag(string name) => query[name].ToString() is "true" or "1" or "t" or "True";

        long? Number(string name)
        {
            var value = query[name].ToString();
            return value.Length == 0 ? null
                : long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
                : throw new FormatException($"{name}: must be a number of 0 or more, not \"{value}\"");
        }
    }
}
