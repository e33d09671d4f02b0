using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dataplane.Cli.Demo;

/// <summary>The document <c>demo --json</c> prints; its names are a contract.</summary>
internal sealed record DemoReport(bool Ok, int Nodes, IReadOnlyList<ModeReport> Modes)
{
    internal static DemoReport Of(int nodes, IReadOnlyList<ModeReport> modes) =>
        new(modes.Count > 0 && modes.All(mode => mode.IsOk), nodes, modes);

    internal string ToJson() => JsonSerializer.Serialize(this, DemoJson.Default.DemoReport);
}

/// <summary>One proxy mode's row. A cell is "ok", "skipped: REASON" or "failed: REASON".</summary>
/// <param name="Mode">Proxy mode.</param>
/// <param name="ClusterIP">A pod on each node reached every replica through the ClusterIP.</param>
/// <param name="NodePort">The outside client reached the Service through the node port of each node.</param>
/// <param name="Dns">The Service's name resolved to its ClusterIP from inside a pod on each node.</param>
/// <param name="Headless">The headless name resolved to the pods' addresses and each of them answered.</param>
/// <param name="Requests">Requests measured, each on a new connection.</param>
/// <param name="Errors">How many of them failed.</param>
/// <param name="P50Us">Median time of connect, request and answer, microseconds.</param>
/// <param name="P99Us">99th percentile of the same, microseconds.</param>
/// <param name="ProgramUs">From the proxy seeing an endpoint change until the kernel had it, median, microseconds.</param>
internal sealed record ModeReport(
    string Mode, string ClusterIP, string NodePort, string Dns, string Headless, long Requests, long Errors, double P50Us, double P99Us, double ProgramUs)
{
    /// <summary>Where it ran, if not on this machine's own kernel; then its figures stand for themselves.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RanIn { get; init; }

    [JsonIgnore]
    internal bool IsOk => Errors == 0 && new[] { ClusterIP, NodePort, Dns, Headless }.All(cell => !cell.StartsWith("failed:", StringComparison.Ordinal));

    /// <summary>A row whose four cells all say the same.</summary>
    internal static ModeReport Uniform(string mode, string cell) => new(mode, cell, cell, cell, cell, 0, 0, 0, 0, 0);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DemoReport))]
internal sealed partial class DemoJson : JsonSerializerContext;
