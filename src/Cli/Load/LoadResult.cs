namespace Dataplane.Cli.Load;

/// <summary>What a run of the load generator saw.</summary>
/// <param name="Requests">Requests answered in full.</param>
/// <param name="Errors">Requests that failed: refused, reset, timed out, or answered with anything but 200.</param>
/// <param name="P50Us">Median from connect (or, on a kept connection, from sending) to the last byte of the reply, microseconds.</param>
/// <param name="P99Us">99th percentile of the same.</param>
/// <param name="RepliesByHost">How many replies each replica gave, by the host name in the reply.</param>
/// <param name="FirstError">The first failure in words, when there was one.</param>
internal sealed record LoadResult(
    int Requests, int Errors, double P50Us, double P99Us, IReadOnlyDictionary<string, int> RepliesByHost, string? FirstError);
