using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "node {Node} registered at {Server}")]
    internal static partial void Registered(ILogger logger, string node, Uri server);

    [LoggerMessage(2, LogLevel.Warning, "node {Node}: {Operation} failed, will be retried: {Problem}")]
    internal static partial void Retrying(ILogger logger, string node, string operation, string problem);

    [LoggerMessage(3, LogLevel.Debug, "event {Reason} about {Name} was not written: {Problem}")]
    internal static partial void EventNotWritten(ILogger logger, string reason, string name, string problem);

    [LoggerMessage(4, LogLevel.Warning, "pod {Pod}: {Problem}")]
    internal static partial void PodProblem(ILogger logger, string pod, string problem);

    [LoggerMessage(5, LogLevel.Error, "pod {Pod}: unexpected failure, will be retried")]
    internal static partial void PodFailure(ILogger logger, Exception failure, string pod);

    [LoggerMessage(6, LogLevel.Debug, "pod {Pod} started in {Milliseconds} ms")]
    internal static partial void PodStarted(ILogger logger, string pod, long milliseconds);

    [LoggerMessage(7, LogLevel.Debug, "pod {Pod} gone")]
    internal static partial void PodGone(ILogger logger, string pod);

    [LoggerMessage(8, LogLevel.Warning, "removed what an earlier run left of {Count} pods")]
    internal static partial void CleanedUp(ILogger logger, int count);

    [LoggerMessage(30, LogLevel.Information, "pod {Pod}: {Count} containers of an earlier run go on")]
    internal static partial void PodAdopted(ILogger logger, string pod, int count);

    [LoggerMessage(9, LogLevel.Warning, "route to pods of node {Node}: {Problem}")]
    internal static partial void RouteProblem(ILogger logger, string node, string problem);

    [LoggerMessage(11, LogLevel.Error, "static pod of {File}: {Problem}")]
    internal static partial void StaticPodProblem(ILogger logger, string file, string problem);

    [LoggerMessage(10, LogLevel.Debug, "streams of pod {Pod}, container {Container}: the client has gone: {Problem}")]
    internal static partial void ClientGone(ILogger logger, string pod, string container, string problem);

    [LoggerMessage(11, LogLevel.Warning, "request for {Path}: the API server could not be asked who it is or what they may do: {Problem}")]
    internal static partial void NotReviewed(ILogger logger, string path, string problem);

    [LoggerMessage(12, LogLevel.Warning, "network plugin: {Problem}")]
    internal static partial void PluginProblem(ILogger logger, string problem);
}
