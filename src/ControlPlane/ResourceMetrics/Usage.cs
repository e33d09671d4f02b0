using System.Globalization;
using System.Text.Json.Nodes;
using Dataplane.Api;

namespace Dataplane.ControlPlane.ResourceMetrics;

/// <summary>What something uses, as metrics-server reckons it: processor time between two points, and the memory of the later one.</summary>
/// <param name="Time">The end of the window.</param>
/// <param name="Window">How long was looked at.</param>
/// <param name="Cores">Processors kept busy.</param>
/// <param name="MemoryBytes">Working set.</param>
internal sealed record Usage(DateTimeOffset Time, TimeSpan Window, double Cores, double MemoryBytes)
{
    /// <summary>A mean over more than this says nothing about now.</summary>
    public static readonly TimeSpan LongestWindow = TimeSpan.FromSeconds(60);

    /// <summary>A container is busy with itself at first. metrics-server waits as long.</summary>
    private static readonly TimeSpan LeastAge = TimeSpan.FromSeconds(10);

    /// <summary>Null while nothing can be said: there is one point only, and the start was too short or too long ago.</summary>
    public static Usage? Between(UsagePoint? before, UsagePoint last)
    {
        // A point from before a restart counts another life of the container.
        var start = before is not null && before.Time < last.Time && !(last.Started >= before.Time) ? before
            : last.Started is { } started && last.Time - started >= LeastAge && last.Time - started <= LongestWindow ? new UsagePoint(started, started, 0, 0)
            : null;
        if (start is null || last.CpuSeconds < start.CpuSeconds)
        {
            return null;
        }

        var window = last.Time - start.Time;
        return new Usage(last.Time, window, (last.CpuSeconds - start.CpuSeconds) / window.TotalSeconds, last.MemoryBytes);
    }

    /// <summary>A list of quantities: billionths of a core, and the binary suffix that leaves nothing over.</summary>
    public JsonObject Quantities() => new() { ["cpu"] = Canonical(Cores * 1e9, "n"), ["memory"] = Canonical(MemoryBytes / 1024, "Ki") };

    // No machine has as much as the upper bound; a kubelet may say so all the same.
    private static string Canonical(double amount, string suffix) =>
        Quantity.Parse(Math.Clamp(Math.Floor(amount), 0, 1e15).ToString("0", CultureInfo.InvariantCulture) + suffix).Canonical();
}
