using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane;

/// <summary>What the control plane says.</summary>
internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "API server listens on {EndPoint}")]
    public static partial void Listening(ILogger logger, System.Net.IPEndPoint endPoint);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    public static partial void RequestFailed(ILogger logger, Exception failure, string method, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Controllers have not ended within {Seconds} s; the server ends without them")]
    public static partial void BackgroundGoesOn(ILogger logger, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The serving certificate stays what it was: {Problem}")]
    public static partial void CertificateNotRead(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Service kubernetes could not be published: {Problem}")]
    public static partial void PublishFailed(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old events could not be removed: {Problem}")]
    public static partial void ExpiryFailed(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "etcd does not answer, another member is tried: {Problem}")]
    public static partial void EtcdLost(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "etcd has compacted revision {Revision}: everything is read again")]
    public static partial void CopyExpired(ILogger logger, long revision);

    [LoggerMessage(Level = LogLevel.Warning, Message = "etcd was not compacted: {Problem}")]
    public static partial void NotCompacted(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Key}: not shown, its value cannot be read: {Problem}")]
    public static partial void Unreadable(ILogger logger, string key, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No metrics of node {Node}, which is left out until it answers: {Problem}")]
    public static partial void NodeNotMeasured(ILogger logger, string node, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Quotas could not be counted: {Problem}")]
    public static partial void RecountFailed(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "CustomResourceDefinition {Name} is not served: {Problem}")]
    public static partial void DefinitionNotServed(ILogger logger, string name, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "CustomResourceDefinition {Name}: its status is written later: {Problem}")]
    public static partial void DefinitionNotWritten(ILogger logger, string name, string problem);
}
