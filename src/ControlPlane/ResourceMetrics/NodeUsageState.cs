using System.Net;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Http;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.ResourceMetrics;

/// <summary>What one kubelet tells. It is asked when somebody here asks, at most once in a while, by one at a time.</summary>
internal sealed class NodeUsageState(string name, KubeletClient kubelets, TimeProvider time, ILogger logger)
{
    private const string Path = "/metrics/resource";

    /// <summary>How long an answer, or that there was none, is good enough: metrics-server's own interval.</summary>
    private static readonly TimeSpan Resolution = TimeSpan.FromSeconds(15);

    /// <summary>Between the two questions it takes when the last answer is too old to reckon from.</summary>
    private static readonly TimeSpan FirstWindow = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private Task<NodeUsage?> _reading = Task.FromResult<NodeUsage?>(null);
    private DateTimeOffset? _asked;
    private NodeSample? _last;
    private bool _isSilent;

    /// <param name="node">The Node object: where its kubelet is.</param>
    /// <param name="cancellation">Ends waiting, not the question that others wait for too.</param>
    /// <returns>Null when the kubelet has not answered.</returns>
    public Task<NodeUsage?> ReadAsync(JsonObject node, CancellationToken cancellation)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (_reading.IsCompleted && !(now - _asked < Resolution))
            {
                _asked = now;
                _reading = AskAsync(node);
            }

            return _reading.WaitAsync(cancellation);
        }
    }

    private async Task<NodeUsage?> AskAsync(JsonObject node)
    {
        try
        {
            var sample = await FetchAsync(node);
            if (_last is null || sample.Time - _last.Time > Usage.LongestWindow)
            {
                _last = sample;
                await Task.Delay(FirstWindow, time);
                sample = await FetchAsync(node);
            }

            var usage = new NodeUsage(_last, sample);
            (_last, _isSilent) = (sample, false);
            return usage;
        }
        catch (Exception failure) when (failure is StatusException or HttpRequestException or IOException or FormatException or OperationCanceledException)
        {
            if (!_isSilent)
            {
                Log.NodeNotMeasured(logger, name, failure is OperationCanceledException ? $"no answer within {Patience.TotalSeconds:0} s" : failure.Message);
            }

            (_last, _isSilent) = (null, true);
            return null;
        }
    }

    private async Task<NodeSample> FetchAsync(JsonObject node)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var answer = await kubelets.GetAsync(node, Path, limit.Token);
        var text = await answer.Content.ReadAsStringAsync(limit.Token);
        return answer.StatusCode == HttpStatusCode.OK
            ? NodeSample.Parse(text, time.GetUtcNow())
            : throw new HttpRequestException($"{Path}: {(int)answer.StatusCode} {text.Trim()}");
    }
}
