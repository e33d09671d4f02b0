using System.Globalization;
using System.Text.Json;

namespace Dataplane.Cli.Bench;

/// <summary>Prints figures as they come: JSON lines for programs, aligned text for people.</summary>
internal sealed class BenchReport(string suite, bool json, TextWriter output)
{
    private const double Confidence95 = 1.96;

    /// <summary>How large a cluster the figures are about, where that is part of the case.</summary>
    internal (int Services, int Endpoints)? Size { get; init; }

    /// <summary>A figure over samples: a time for each request, for example.</summary>
    internal void Samples(string @case, string subject, string metric, string unit, double[] samples)
    {
        Array.Sort(samples);
        var mean = samples.Length == 0 ? 0 : samples.Average();
        var spread = samples.Length < 2 ? 0 : Math.Sqrt(samples.Sum(sample => (sample - mean) * (sample - mean)) / (samples.Length - 1));
        var margin = Confidence95 * spread / Math.Sqrt(Math.Max(1, samples.Length));
        Write(new BenchFigure(suite, @case, subject, metric, unit, samples.Length)
        {
            P50 = Round(Quantile(samples, 0.50)),
            P99 = Round(Quantile(samples, 0.99)),
            Mean = Round(mean),
            Ci95 = samples.Length < 2 ? null : [Round(mean - margin), Round(mean + margin)],
        });
    }

    /// <summary>A figure that is one number over a whole run: a rate, a size.</summary>
    internal void Total(string @case, string subject, string metric, string unit, long count, double value) =>
        Write(new BenchFigure(suite, @case, subject, metric, unit, count) { Mean = Round(value) });

    /// <summary>The line that says the figures are complete, and of which machine.</summary>
    internal void Done()
    {
        var end = new BenchEnd(suite, BenchMachine.Read(), Done: true);
        output.WriteLine(json ? JsonSerializer.Serialize(end, BenchJson.Default.BenchEnd) : $"{end.Machine}");
    }

    private void Write(BenchFigure figure)
    {
        figure = figure with { Services = Size?.Services, Endpoints = Size?.Endpoints };
        output.WriteLine(json ? JsonSerializer.Serialize(figure, BenchJson.Default.BenchFigure) : Text(figure));
        output.Flush();
    }

    private static string Text(BenchFigure figure)
    {
        var value = figure.P50 is null
            ? string.Create(CultureInfo.InvariantCulture, $"{figure.Mean,10:0.###} {figure.Unit}")
            : string.Create(CultureInfo.InvariantCulture, $"{figure.P50,10:0.###} {figure.Unit} p50, {figure.P99:0.###} p99, {figure.Mean:0.###} mean");
        return $"{figure.Case,-12} {figure.Subject,-8} {figure.Metric,-34} {value} (n={figure.N})";
    }

    /// <summary>Nearest rank.</summary>
    private static double Quantile(double[] sorted, double quantile) =>
        sorted.Length == 0 ? 0 : sorted[Math.Clamp((int)Math.Ceiling(quantile * sorted.Length) - 1, 0, sorted.Length - 1)];

    private static double Round(double value) => Math.Round(value, 4);
}
