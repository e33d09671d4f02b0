using System.Net;
using Microsoft.Extensions.Logging;

namespace Dataplane.Dns;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Serving {Zone} on {Address}, UDP with {Threads} threads and TCP")]
    internal static partial void Listening(ILogger logger, string zone, IPEndPoint address, int threads);

    [LoggerMessage(Level = LogLevel.Information, Message = "All lists are in: {Services} services in {Namespaces} namespaces")]
    internal static partial void Synced(ILogger logger, int services, int namespaces);

    [LoggerMessage(Level = LogLevel.Information, Message = "Other zones are asked of {Upstreams}")]
    internal static partial void Forwarding(ILogger logger, string upstreams);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No upstream: names outside {Zone} are refused")]
    internal static partial void NotForwarding(ILogger logger, string zone);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Upstream {Upstream} is this server itself and is left out")]
    internal static partial void UpstreamIsSelf(ILogger logger, IPEndPoint upstream);

    [LoggerMessage(Level = LogLevel.Error, Message = "Upstream {Upstream} forwards to this server: it is not asked any more")]
    internal static partial void UpstreamLoops(ILogger logger, IPEndPoint upstream);

    [LoggerMessage(Level = LogLevel.Error, Message = "Listener on {Address}: {Reason}; trying again")]
    internal static partial void ListenerFailed(ILogger logger, IPEndPoint address, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A query could not be answered")]
    internal static partial void QueryFailed(ILogger logger, Exception failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "A change was left out of the zone")]
    internal static partial void ChangeFailed(ILogger logger, Exception failure);
}
