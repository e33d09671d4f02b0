using System.Text.Json.Serialization;

namespace Dataplane.Cli.Bench;

/// <summary>One measured figure; its names in JSON are a contract. What has no meaning for a figure is absent.</summary>
/// <param name="Suite">Which bench.</param>
/// <param name="Case">What was done.</param>
/// <param name="Subject">Who did it: a mode, a store, a peer.</param>
/// <param name="Metric">What was measured.</param>
/// <param name="Unit">ms, MB (10^6 bytes), 1/s, us.</param>
/// <param name="N">How many samples.</param>
internal sealed record BenchFigure(string Suite, string Case, string Subject, string Metric, string Unit, long N)
{
    public int? Services { get; init; }

    public int? Endpoints { get; init; }

    public double? P50 { get; init; }

    public double? P99 { get; init; }

    public double? Mean { get; init; }

    /// <summary>The interval the true mean lies in with 95 % confidence.</summary>
    public double[]? Ci95 { get; init; }
}

/// <summary>The last line of a bench.</summary>
internal sealed record BenchEnd(string Suite, BenchMachine Machine, bool Done);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BenchFigure))]
[JsonSerializable(typeof(BenchEnd))]
internal sealed partial class BenchJson : JsonSerializerContext;
